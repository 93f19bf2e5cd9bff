//! What was set, by whom and where: defaults, then the file, then `--set`, then flags.
//!
//! Values stay as they were written until [`Config`](super::Config) asks for them with a type and a limit, so
//! that a message can show the text that the user typed, and where. `toml`'s `DeTable` keeps both.
//! `toml_edit` has spans only while a number prints as its f64, and refuses one that overflows.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::choices::Named;
use super::keys::{self, Decides, KEYS, Key, RETIRED, Takes, Unset};
use crate::error::{Error, Result, Status};

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    /// A number, by its decimal text.
    Number(String),
    Boolean(bool),
    List(Vec<Value>),
    /// Something that no key takes; how it was written.
    Other(String),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// A line and column of the config file.
    File {
        /// The file's name as it was given.
        name: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// `--set`, with its text.
    Set(String),
    /// A flag of its own, by its name.
    Flag(&'static str),
}

/// All settings of one run, still unchecked.
#[derive(Debug, Clone)]
pub struct Settings {
    file_name: String,
    values: BTreeMap<String, (Value, Source)>,
}

impl Settings {
    /// Reads a config's text. `name` is what messages call it, and its stem names the default output.
    ///
    /// # Errors
    ///
    /// When the text is not TOML, or empty.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|error| {
            let place = error.span().map_or_else(String::new, |span| place_in(name, text, &span));
            usage(format!("the config is not TOML: {}{place}", error.message()))
        })?;
        let mut settings = Self { file_name: name.to_owned(), values: defaults(name) };
        if table.get_ref().is_empty() {
            return Err(usage(format!("{name} is empty: a config needs at least {}", keys::required())));
        }
        settings.insert_table(text, "", table.get_ref());
        Ok(settings)
    }

    /// Takes a `key=value` of the command line. A value that is no TOML is a string: quotes can be left out.
    ///
    /// # Errors
    ///
    /// When there is no `=`.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let (key, value) = assignment.split_once('=').ok_or_else(|| {
            usage(format!("--set {assignment}: must be key=value, for example grid.width=1000"))
        })?;
        let (key, value) = (key.trim(), value.trim());
        let source = Source::Set(format!("{key}={value}"));
        self.values.insert(key.to_owned(), (parse_value(value), source));
        Ok(())
    }

    /// Takes the value of a flag that stands for `key`.
    pub fn set_flag(&mut self, key: &str, flag: &'static str, value: &str) {
        let value = match parse_value(value) {
            plain @ (Value::Number(_) | Value::Boolean(_)) => plain,
            // What a flag takes is a text even if TOML would read more into it, as in 02:00:00.
            _ => Value::Text(value.to_owned()),
        };
        self.values.insert(key.to_owned(), (value, Source::Flag(flag)));
    }

    /// The effective settings, defaults included, as a config file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        self.to_toml_of(|_| true)
    }

    /// The same, but only of what decides the bytes of the finished file.
    #[must_use]
    pub fn to_toml_of_file(&self) -> String {
        self.to_toml_of(|key| key.decides != Decides::Nothing)
    }

    fn to_toml_of(&self, is_wanted: impl Fn(&Key) -> bool) -> String {
        let mut text = String::new();
        let mut table = "";
        for key in KEYS.iter().filter(|key| is_wanted(key)) {
            let Some((value, _)) = self.values.get(key.name) else { continue };
            let (prefix, name) = key.split();
            if prefix != table {
                table = prefix;
                text.push_str(if text.is_empty() { "" } else { "\n" });
                writeln!(text, "[{table}]").expect("a String takes all");
            }
            writeln!(text, "{name} = {value}").expect("a String takes all");
        }
        text
    }

    /// # Errors
    ///
    /// When a key is set that does not exist.
    pub(super) fn refuse_unknown_keys(&self) -> Result<()> {
        let mut unknown = self.values.iter().filter(|(key, _)| keys::find(key).is_none());
        unknown.try_for_each(|(key, (value, _))| match RETIRED.iter().find(|retired| retired.name == key) {
            Some(retired) if retired.accepted.is_some_and(|text| text == value.to_string()) => Ok(()),
            Some(retired) => Err(self.refuse(key, retired.advice)),
            None => Err(self.unknown_key(key)),
        })
    }

    fn unknown_key(&self, key: &str) -> Error {
        let table = key.split('.').next().unwrap_or_default();
        let names = |is_near: &dyn Fn(&Key) -> bool| -> Vec<&str> {
            KEYS.iter().filter(|key| is_near(key)).map(|key| key.name).collect()
        };
        let in_table = names(&|known| known.split().0 == table);
        let known = if in_table.is_empty() { names(&|_| true) } else { in_table };
        usage(format!("{key}: unknown key: known are {}{}", known.join(", "), self.place(key)))
    }

    /// A whole number within the key's limits.
    pub(super) fn whole(&self, key: &str) -> Result<u64> {
        let Takes::Whole(limits) = &of_table(key).takes else { unreachable!("{key} takes a number") };
        let number = match self.value(key)? {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        };
        number.filter(|number| limits.contains(number)).ok_or_else(|| self.refuse_kind(key))
    }

    /// The decimal texts of two numbers.
    pub(super) fn pair(&self, key: &str) -> Result<[String; 2]> {
        let Value::List(items) = self.value(key)? else { return Err(self.refuse_kind(key)) };
        match items.as_slice() {
            [Value::Number(lower), Value::Number(upper)] => Ok([lower.clone(), upper.clone()]),
            _ => Err(self.refuse_kind(key)),
        }
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<&str> {
        match self.value(key)? {
            Value::Text(text) if !text.is_empty() => Ok(text),
            _ => Err(self.refuse_kind(key)),
        }
    }

    /// A text, with or without quotes, when it is set.
    pub(super) fn optional_text(&self, key: &str) -> Result<Option<&str>> {
        match self.values.get(key).map(|(value, _)| value) {
            None => Ok(None),
            Some(Value::Text(text) | Value::Number(text) | Value::Other(text)) => Ok(Some(text)),
            Some(_) => Err(self.refuse_kind(key)),
        }
    }

    /// True or false.
    pub(super) fn boolean(&self, key: &str) -> Result<bool> {
        match self.value(key)? {
            Value::Boolean(value) => Ok(*value),
            _ => Err(self.refuse_kind(key)),
        }
    }

    /// One of several names.
    pub(super) fn choice<T: Named>(&self, key: &str) -> Result<T> {
        let chosen = match self.value(key)? {
            Value::Text(text) => T::named().into_iter().find(|(name, _)| name == text),
            _ => None,
        };
        chosen.map(|(_, choice)| choice).ok_or_else(|| self.refuse_kind(key))
    }

    /// The error that says which values the key takes.
    pub(super) fn refuse_kind(&self, key: &str) -> Error {
        self.refuse(key, &format!("must be {}", of_table(key).takes))
    }

    /// The error that says what is wrong with the value of `key`, showing the value and its place.
    pub(super) fn refuse(&self, key: &str, limit: &str) -> Error {
        let value = self.values.get(key).map_or_else(String::new, |(value, _)| format!(" = {value}"));
        usage(format!("{key}{value}: {limit}{}", self.place(key)))
    }

    fn value(&self, key: &str) -> Result<&Value> {
        let value = self.values.get(key).map(|(value, _)| value);
        value.ok_or_else(|| usage(format!("{key} is missing: {} needs {}", self.file_name, keys::required())))
    }

    fn place(&self, key: &str) -> String {
        match self.values.get(key) {
            Some((_, Source::File { name, line, column })) => format!("\n  --> {name}:{line}:{column}"),
            Some((_, Source::Set(text))) => format!("\n  --> --set {text}"),
            Some((_, Source::Flag(flag))) => format!("\n  --> {flag}"),
            Some((_, Source::Default)) | None => String::new(),
        }
    }

    fn insert_table(&mut self, text: &str, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            if let DeValue::Table(inner) = value.get_ref() {
                self.insert_table(text, &format!("{key}."), inner);
            } else {
                let (line, column) = line_and_column(text, value.span().start);
                let source = Source::File { name: self.file_name.clone(), line, column };
                self.values.insert(key, (Value::from(value.get_ref()), source));
            }
        }
    }
}

fn parse_value(text: &str) -> Value {
    DeValue::parse(text).map_or_else(|_| Value::Text(text.to_owned()), |value| Value::from(value.get_ref()))
}

/// What holds when nobody sets anything, for a config of this name.
fn defaults(file_name: &str) -> BTreeMap<String, (Value, Source)> {
    let stem = Path::new(file_name).file_stem().unwrap_or_default().to_string_lossy();
    let default = |key: &Key| match key.unset {
        Unset::Refused | Unset::Nothing => None,
        Unset::Is(text) => Some(parse_value(text)),
        Unset::NamedAfterConfig => Some(Value::Text(format!("{stem}.h5"))),
    };
    KEYS.iter().filter_map(|key| Some((key.name.to_owned(), (default(key)?, Source::Default)))).collect()
}

/// The row of a key that the program asks for.
fn of_table(key: &str) -> &'static Key {
    keys::find(key).expect("the program asks for keys of the table only")
}

/// A bad usage or config.
fn usage(message: impl Into<String>) -> Error {
    Error::new(Status::Usage, message)
}

fn place_in(name: &str, text: &str, span: &Range<usize>) -> String {
    let (line, column) = line_and_column(text, span.start);
    format!("\n  --> {name}:{line}:{column}")
}

/// Line and column, from 1, of a byte offset.
fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

impl From<&DeValue<'_>> for Value {
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Self::Number(number.as_str().to_owned()),
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Self::Other(number.to_string()), |number| Self::Number(number.to_string())),
            DeValue::Float(number) => Self::Number(number.as_str().to_owned()),
            DeValue::Boolean(value) => Self::Boolean(*value),
            DeValue::Array(items) => {
                Self::List(items.iter().map(|item| Self::from(item.get_ref())).collect())
            }
            DeValue::Datetime(time) => Self::Other(time.to_string()),
            DeValue::Table(_) => Self::Other("{ ... }".to_owned()),
        }
    }
}

impl fmt::Display for Value {
    /// As TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // JSON's escapes are TOML's.
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Number(text) | Self::Other(text) => f.write_str(text),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}
