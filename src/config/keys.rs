//! Every key of a config in one table: what it takes, its default, what it decides, its flag and its meaning.
//!
//! Everything else about keys comes from here: the checks with their limits, the flags that set keys,
//! `--print-config`, the text that the finished file keeps, the man page and the table in
//! `docs/configuration.md`. A new key is a row here and a field in [`Config`](super::Config). The tests of
//! [`config`](super) fail where one of the two is missing.

use std::fmt;
use std::ops::RangeInclusive;

use tracing::level_filters::LevelFilter;

use Decides::{Bytes, Counts};
use Takes::{Boolean, Bounds, OneOf, Path, Time, Whole};
use Unset::{Is, NamedAfterConfig, Optional, Refused};

use super::choices::{LogFormat, Partition, names};
use crate::grid::Sampling;
use crate::kernel::Choice;

/// Widest grid: one row of u32 counts is then 128 MiB, half of the longest message.
const MAX_WIDTH: u64 = 1 << 25;

/// Tallest grid.
const MAX_HEIGHT: u64 = 1 << 32;

/// Every key, in the order in which they are shown.
pub static KEYS: &[Key] = &[
    Key::new("region.re", Bounds, Refused).decides(Counts).help("Bounds of the real part"),
    Key::new("region.im", Bounds, Refused).decides(Counts).help("Bounds of the imaginary part"),
    Key::new("grid.width", Whole(1..=MAX_WIDTH), Refused).decides(Counts).help("Samples of a row"),
    Key::new("grid.height", Whole(1..=MAX_HEIGHT), Refused).decides(Counts).help("Rows"),
    Key::new("grid.sampling", OneOf(names::<Sampling>), Is("\"endpoints\""))
        .decides(Counts)
        .help("Samples on both bounds (numpy's linspace), on the lower one only, or in the centres of cells"),
    Key::new("iteration.max_iter", Whole(1..=u32::MAX as u64), Refused)
        .decides(Counts)
        .help("Iteration limit; also the count of a point that does not escape"),
    Key::new("iteration.kernel", OneOf(names::<Choice>), Is("\"auto\""))
        .flag("--kernel", "KERNEL")
        .help("Kernel; auto is the fastest of this CPU"),
    Key::new("iteration.shortcuts", Boolean, Is("true"))
        .help("End orbits early that are proven never to escape, and find counts of neighbours together"),
    Key::new("output.path", Path, NamedAfterConfig).flag("--output", "FILE.h5").help("The file to write"),
    Key::new("output.deflate", Whole(0..=9), Is("1"))
        .decides(Bytes)
        .help("Compression; 0 stores the counts as they are"),
    Key::new("output.reproducible", Boolean, Is("false"))
        .help("Leave out /provenance/run, so that the file is the same bytes in every run"),
    Key::new("run.threads", Whole(0..=4096), Is("0"))
        .flag("--threads", "N")
        .help("Threads per rank; 0 = by the environment"),
    Key::new("run.partition", OneOf(names::<Partition>), Is("\"cost\""))
        .flag("--partition", "WHAT")
        .help("Row blocks of equal cost, or of equal height"),
    Key::new("run.round_seconds", Whole(1..=86_400), Is("30"))
        .help("Longest time between two writes of the journal, in seconds"),
    Key::new("run.root_memory_mib", Whole(1..=1 << 24), Is("256")).help("Most encoded data at root, in MiB"),
    Key::new("run.max_time", Time, Optional)
        .flag("--max-time", "TIME")
        .help("Stop after this time, the journal written"),
    Key::new("log.level", OneOf(names::<LevelFilter>), Is("\"info\""))
        .flag("--log-level", "LEVEL")
        .help("Log events from this severity on"),
    Key::new("log.format", OneOf(names::<LogFormat>), Is("\"text\""))
        .flag("--log-format", "FORMAT")
        .help("Log lines for people, or one JSON object a line"),
];

/// Keys that an earlier version had, and that its configs and journals may name. Each is taken with the value
/// that now always holds.
pub(super) static RETIRED: [(&str, &str); 1] = [("iteration.unproven_shortcuts", "false")];

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
    Optional,
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

/// The key of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The names of the keys without which there is no job.
pub(super) fn required() -> String {
    let required = KEYS.iter().filter(|key| key.unset == Refused);
    required.map(|key| key.name).collect::<Vec<_>>().join(", ")
}

impl Key {
    const fn new(name: &'static str, takes: Takes, unset: Unset) -> Self {
        Self { name, takes, unset, decides: Decides::Nothing, flag: None, help: "" }
    }

    const fn decides(self, decides: Decides) -> Self {
        Self { decides, ..self }
    }

    const fn flag(self, name: &'static str, value_name: &'static str) -> Self {
        Self { flag: Some(Flag { name, value_name }), ..self }
    }

    const fn help(self, help: &'static str) -> Self {
        Self { help, ..self }
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
            Self::Optional => "none",
        })
    }
}

impl fmt::Display for Decides {
    /// What depends on it, in words; nothing when it decides nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counts => "the counts",
            Self::Bytes => "bytes of the file",
            Self::Nothing => "",
        })
    }
}
