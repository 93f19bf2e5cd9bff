//! The flags that set keys of the config, made from the table of keys.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueHint};

use crate::config::keys::{Flag, KEYS, Key, Takes};

/// What was given to flags that set keys.
#[derive(Debug, Clone, Default)]
pub struct KeyFlags {
    /// Key, flag and value.
    pub(super) given: Vec<(&'static str, &'static str, String)>,
}

impl Args for KeyFlags {
    fn augment_args(command: Command) -> Command {
        command.args(KEYS.iter().filter_map(|key| Some(arg(key, key.flag?))))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for KeyFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = KEYS.iter().filter_map(|key| {
            let flag = key.flag?;
            let value: &String = matches.get_one(key.name)?;
            Some((key.name, flag.name, value.clone()))
        });
        Ok(Self { given: given.collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn arg(key: &'static Key, flag: Flag) -> Arg {
    let arg = Arg::new(key.name)
        .long(flag.name.trim_start_matches('-'))
        .value_name(flag.value_name)
        .help(format!("{} (sets {})", key.help, key.name));
    match key.takes {
        Takes::OneOf(names) => arg.value_parser(Suggested(names)),
        // `--threads -1` is a mistake that the config explains.
        Takes::Whole(_) => arg.allow_negative_numbers(true),
        Takes::Path => arg.value_hint(ValueHint::FilePath),
        Takes::Bounds | Takes::Boolean | Takes::Time => arg,
    }
}

/// Values that help and completions show. Any other is taken, too: the config refuses it with its own words.
#[derive(Clone)]
struct Suggested(fn() -> Vec<&'static str>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0().into_iter().map(PossibleValue::new)))
    }
}
