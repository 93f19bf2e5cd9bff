//! What was set, by whom and where: defaults, then the file, then `--set`, then flags.
//!
//! Values stay as they were written until [`Config`](super::Config) asks for them with a type and a limit, so
//! that a message can show the text that the user typed, and where. `toml`'s `DeTable` keeps both.
//! `toml_edit` keeps the place of a number or its text, not both, and refuses a number that overflows.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
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
    /// The text of something that no key takes.
    Other(String),
}

/// All settings of one run, still unchecked.
#[derive(Debug, Clone)]
pub struct Settings {
    file_name: String,
    values: BTreeMap<String, Setting>,
}

/// A value, and the end of a message about it: who set it and where.
type Setting = (Value, String);

impl Settings {
    /// Reads a config's text. `name` is what messages call it, and its stem names the default output.
    ///
    /// # Errors
    ///
    /// When the text is not TOML, or empty.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|error| {
            let place = error.span().map_or_else(String::new, |span| place(name, text, span.start));
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
        let place = format!("\n  --> --set {key}={value}");
        self.values.insert(key.to_owned(), (parse_value(value), place));
        Ok(())
    }

    /// Takes the value of a flag that stands for `key`.
    pub fn set_flag(&mut self, key: &str, flag: &str, value: &str) {
        let value = match parse_value(value) {
            plain @ (Value::Number(_) | Value::Boolean(_)) => plain,
            // What a flag takes is a text even if TOML would read more into it, as in 02:00:00.
            _ => Value::Text(value.to_owned()),
        };
        self.values.insert(key.to_owned(), (value, format!("\n  --> {flag}")));
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
        unknown.try_for_each(|(key, (value, place))| match RETIRED.iter().find(|(name, _)| name == key) {
            Some((_, always)) if *always == value.to_string() => Ok(()),
            Some((_, always)) => {
                Err(self.refuse(key, &format!("is retired and always {always}: take the line out")))
            }
            None => Err(unknown_key(key, place)),
        })
    }

    /// A whole number within the key's limits.
    pub(super) fn whole(&self, key: &str) -> Result<u64> {
        let Takes::Whole(limits) = &of_table(key).takes else { unreachable!("{key} takes a number") };
        self.read(key, |value| match value {
            Value::Number(text) => text.parse().ok().filter(|number| limits.contains(number)),
            _ => None,
        })
    }

    /// The decimal texts of two numbers.
    pub(super) fn pair(&self, key: &str) -> Result<[&str; 2]> {
        self.read(key, |value| match value {
            Value::List(items) => match items.as_slice() {
                [Value::Number(lower), Value::Number(upper)] => Some([lower.as_str(), upper]),
                _ => None,
            },
            _ => None,
        })
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<&str> {
        self.read(key, |value| match value {
            Value::Text(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            _ => None,
        })
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
        self.read(key, |value| match value {
            Value::Boolean(value) => Some(*value),
            _ => None,
        })
    }

    /// One of several names.
    pub(super) fn choice<T: Named>(&self, key: &str) -> Result<T> {
        self.read(key, |value| match value {
            Value::Text(text) => T::named().into_iter().find(|(name, _)| name == text),
            _ => None,
        })
        .map(|(_, choice)| choice)
    }

    /// What `read` makes of the value of `key`.
    fn read<'a, T>(&'a self, key: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<T> {
        let value = self.values.get(key).map(|(value, _)| value).ok_or_else(|| {
            usage(format!("{key} is missing: {} needs {}", self.file_name, keys::required()))
        })?;
        read(value).ok_or_else(|| self.refuse_kind(key))
    }

    /// The error that says which values the key takes.
    pub(super) fn refuse_kind(&self, key: &str) -> Error {
        self.refuse(key, &format!("must be {}", of_table(key).takes))
    }

    /// The error that says what is wrong with the value of `key`, showing the value and its place.
    pub(super) fn refuse(&self, key: &str, limit: &str) -> Error {
        let setting = self.values.get(key);
        let (value, place) =
            setting.map_or_else(Default::default, |(value, place)| (format!(" = {value}"), place.as_str()));
        usage(format!("{key}{value}: {limit}{place}"))
    }

    fn insert_table(&mut self, text: &str, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            if let DeValue::Table(inner) = value.get_ref() {
                self.insert_table(text, &format!("{key}."), inner);
            } else {
                let place = place(&self.file_name, text, value.span().start);
                self.values.insert(key, (Value::from(value.get_ref()), place));
            }
        }
    }
}

fn parse_value(text: &str) -> Value {
    DeValue::parse(text).map_or_else(|_| Value::Text(text.to_owned()), |value| Value::from(value.get_ref()))
}

/// What holds when nobody sets anything, for a config of this name.
fn defaults(file_name: &str) -> BTreeMap<String, Setting> {
    let stem = Path::new(file_name).file_stem().unwrap_or_default().to_string_lossy();
    let default = |key: &Key| match key.unset {
        Unset::Refused | Unset::Optional => None,
        Unset::Is(text) => Some(parse_value(text)),
        Unset::NamedAfterConfig => Some(Value::Text(format!("{stem}.h5"))),
    };
    KEYS.iter().filter_map(|key| Some((key.name.to_owned(), (default(key)?, String::new())))).collect()
}

/// The row of a key that the program asks for.
fn of_table(key: &str) -> &'static Key {
    keys::find(key).expect("the program asks for keys of the table only")
}

fn unknown_key(key: &str, place: &str) -> Error {
    let table = key.split('.').next().unwrap_or_default();
    let in_table: Vec<_> =
        KEYS.iter().filter(|known| known.split().0 == table).map(|known| known.name).collect();
    let all = || KEYS.iter().map(|known| known.name).collect();
    let known: Vec<_> = if in_table.is_empty() { all() } else { in_table };
    usage(format!("{key}: unknown key: known are {}{place}", known.join(", ")))
}

/// A bad usage or config.
fn usage(message: impl Into<String>) -> Error {
    Error::new(Status::Usage, message)
}

/// The line and column, from 1, of a byte of a file.
fn place(name: &str, text: &str, offset: usize) -> String {
    let before = &text[..offset.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
    format!("\n  --> {name}:{line}:{column}")
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
