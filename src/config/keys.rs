//! Every key of a config in one table: what it takes, its default, what it decides, its flag and its meaning.
//!
//! Everything else about keys comes from here: the checks with their limits, the flags that set keys,
//! `--print-config`, the text that the finished file keeps, the man page and the table in
//! `docs/configuration.md`. A new key is a row here and a field in [`Config`](super::Config); the tests of
//! [`config`](super) fail where only one of both is there.

use std::fmt;
use std::ops::RangeInclusive;

use super::choices::{LogFormat, LogLevel, Partition, names};
use crate::grid::Sampling;
use crate::kernel::Choice;

/// Widest grid: one row of u32 counts is then 128 MiB, half of the longest message.
const MAX_WIDTH: u64 = 1 << 25;

/// Tallest grid.
const MAX_HEIGHT: u64 = 1 << 32;

/// Every key, in the order in which they are shown.
pub static KEYS: &[Key] = &[
    Key::new("region.re", Takes::Bounds, Unset::Refused, Decides::Counts, "Bounds of the real part"),
    Key::new("region.im", Takes::Bounds, Unset::Refused, Decides::Counts, "Bounds of the imaginary part"),
    Key::new("grid.width", Takes::Whole(1..=MAX_WIDTH), Unset::Refused, Decides::Counts, "Samples of a row"),
    Key::new("grid.height", Takes::Whole(1..=MAX_HEIGHT), Unset::Refused, Decides::Counts, "Rows"),
    Key::new(
        "grid.sampling",
        Takes::OneOf(names::<Sampling>),
        Unset::Is("\"endpoints\""),
        Decides::Counts,
        "Samples on both bounds (numpy's linspace), on the lower one only, or in the centres of cells",
    ),
    Key::new(
        "iteration.max_iter",
        Takes::Whole(1..=u32::MAX as u64),
        Unset::Refused,
        Decides::Counts,
        "Iteration limit; also the count of a point that does not escape",
    ),
    Key::new(
        "iteration.kernel",
        Takes::OneOf(names::<Choice>),
        Unset::Is("\"auto\""),
        Decides::Nothing,
        "Kernel; auto is the fastest of this CPU",
    )
    .with_flag("--kernel", "KERNEL"),
    Key::new(
        "iteration.shortcuts",
        Takes::Boolean,
        Unset::Is("true"),
        Decides::Nothing,
        "End orbits early that are proven never to escape, and find counts of neighbours together",
    ),
    Key::new("output.path", Takes::Path, Unset::NamedAfterConfig, Decides::Nothing, "The file to write")
        .with_flag("--output", "FILE.h5"),
    Key::new(
        "output.deflate",
        Takes::Whole(0..=9),
        Unset::Is("1"),
        Decides::Bytes,
        "Compression; 0 stores the counts as they are",
    ),
    Key::new(
        "output.reproducible",
        Takes::Boolean,
        Unset::Is("false"),
        Decides::Nothing,
        "Leave out /provenance/run, so that the file is the same bytes in every run",
    ),
    Key::new(
        "run.threads",
        Takes::Whole(0..=4096),
        Unset::Is("0"),
        Decides::Nothing,
        "Threads per rank; 0 = by the environment",
    )
    .with_flag("--threads", "N"),
    Key::new(
        "run.partition",
        Takes::OneOf(names::<Partition>),
        Unset::Is("\"cost\""),
        Decides::Nothing,
        "Row blocks of equal cost, or of equal height",
    )
    .with_flag("--partition", "WHAT"),
    Key::new(
        "run.round_seconds",
        Takes::Whole(1..=86_400),
        Unset::Is("30"),
        Decides::Nothing,
        "Longest time between two writes of the journal, in seconds",
    ),
    Key::new(
        "run.root_memory_mib",
        Takes::Whole(1..=1 << 24),
        Unset::Is("256"),
        Decides::Nothing,
        "Most encoded data at root, in MiB",
    ),
    Key::new(
        "run.max_time",
        Takes::Time,
        Unset::Nothing,
        Decides::Nothing,
        "Stop after this time, the journal written",
    )
    .with_flag("--max-time", "TIME"),
    Key::new(
        "log.level",
        Takes::OneOf(names::<LogLevel>),
        Unset::Is("\"info\""),
        Decides::Nothing,
        "Log events from this severity on",
    )
    .with_flag("--log-level", "LEVEL"),
    Key::new(
        "log.format",
        Takes::OneOf(names::<LogFormat>),
        Unset::Is("\"text\""),
        Decides::Nothing,
        "Log lines for people, or one JSON object a line",
    )
    .with_flag("--log-format", "FORMAT"),
];

/// Keys that an earlier version had.
pub(super) static RETIRED: [Retired; 1] = [Retired {
    name: "iteration.unproven_shortcuts",
    accepted: Some("false"),
    advice: "is retired and always false: take the line out",
}];

/// A key of the config.
#[derive(Debug)]
pub struct Key {
    /// Its name with that of its table: `grid.width`.
    pub name: &'static str,
    /// Which values it takes.
    pub takes: Takes,
    /// What holds when nobody sets it.
    pub unset: Unset,
    /// What depends on it.
    pub decides: Decides,
    /// The flag that sets it, too.
    pub flag: Option<Flag>,
    /// What it means, in one line without a full stop.
    pub help: &'static str,
}

/// Which values a key takes.
#[derive(Debug)]
pub enum Takes {
    /// `[lower, upper]`, two numbers of any number of digits.
    Bounds,
    /// A whole number within limits.
    Whole(RangeInclusive<u64>),
    /// One of these names.
    OneOf(fn() -> Vec<&'static str>),
    /// True or false.
    Boolean,
    /// A path that ends in `.h5`.
    Path,
    /// A time in a form of Slurm's `--time`.
    Time,
}

/// What holds when nobody sets a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// Nothing: there is no job without it.
    Refused,
    /// This value, as TOML.
    Is(&'static str),
    /// The config's name with `.h5` for its ending.
    NamedAfterConfig,
    /// Nothing, and that is fine.
    Nothing,
}

/// What depends on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decides {
    /// The counts: it is part of the job's identity, and in the finished file wherever that is made.
    Counts,
    /// Other bytes of the finished file: it is in the file, too.
    Bytes,
    /// No byte of a reproducible file.
    Nothing,
}

/// A flag that sets a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// With its dashes: `--output`.
    pub name: &'static str,
    /// What help calls its value.
    pub value_name: &'static str,
}

/// A key that an earlier version had, and that its configs and journals may name.
pub(super) struct Retired {
    pub(super) name: &'static str,
    /// The value that changes nothing and so is taken.
    pub(super) accepted: Option<&'static str>,
    /// What is said to any other.
    pub(super) advice: &'static str,
}

/// The key of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The names of the keys without which there is no job.
pub(super) fn required() -> String {
    let required = KEYS.iter().filter(|key| key.unset == Unset::Refused);
    required.map(|key| key.name).collect::<Vec<_>>().join(", ")
}

impl Key {
    const fn new(
        name: &'static str,
        takes: Takes,
        unset: Unset,
        decides: Decides,
        help: &'static str,
    ) -> Self {
        Self { name, takes, unset, decides, flag: None, help }
    }

    const fn with_flag(self, name: &'static str, value_name: &'static str) -> Self {
        Self { flag: Some(Flag { name, value_name }), ..self }
    }

    /// Its table and its name there.
    #[must_use]
    pub fn split(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').expect("every key is in a table")
    }
}

impl fmt::Display for Takes {
    /// What must be there, as messages and docs say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bounds => f.write_str("two numbers, [lower, upper]"),
            Self::Whole(limits) => write!(f, "a whole number from {} to {}", limits.start(), limits.end()),
            Self::OneOf(names) => {
                let quoted: Vec<String> = names().iter().map(|name| format!("{name:?}")).collect();
                let (last, others) = quoted.split_last().expect("a choice has names");
                write!(f, "{} or {last}", others.join(", "))
            }
            Self::Boolean => f.write_str("true or false"),
            Self::Path => f.write_str("a string that ends in .h5"),
            Self::Time => f.write_str(
                "a time as Slurm's --time takes it: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS",
            ),
        }
    }
}

impl fmt::Display for Unset {
    /// What holds, in words or as TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "required",
            Self::Is(value) => value,
            Self::NamedAfterConfig => "the config's name with .h5",
            Self::Nothing => "none",
        })
    }
}
