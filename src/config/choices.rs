//! Values that a config gives by their names.

use tracing::level_filters::LevelFilter;

use crate::grid::Sampling;
use crate::kernel::Choice;

/// The quantity that row blocks have equal shares of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// Predicted cost.
    Cost,
    /// Height, as in the talk. It is there to show what that costs.
    Equal,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A type whose values a config gives by their names.
pub(super) trait Named: Copy + 'static {
    /// Each with its name, in the order in which they are shown.
    fn named() -> Vec<(&'static str, Self)>;
}

/// The names alone.
pub(super) fn names<T: Named>() -> Vec<&'static str> {
    T::named().into_iter().map(|(name, _)| name).collect()
}

impl Named for Sampling {
    fn named() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|sampling| (sampling.name(), sampling)).to_vec()
    }
}

impl Named for Choice {
    fn named() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|choice| (choice.name(), choice)).to_vec()
    }
}

impl Named for Partition {
    fn named() -> Vec<(&'static str, Self)> {
        vec![("cost", Self::Cost), ("equal", Self::Equal)]
    }
}

impl Named for LevelFilter {
    fn named() -> Vec<(&'static str, Self)> {
        let levels = [Self::ERROR, Self::WARN, Self::INFO, Self::DEBUG, Self::TRACE];
        ["error", "warn", "info", "debug", "trace"].into_iter().zip(levels).collect()
    }
}

impl Named for LogFormat {
    fn named() -> Vec<(&'static str, Self)> {
        vec![("text", Self::Text), ("json", Self::Json)]
    }
}
