//! Places where a test can make a rank fail on purpose. Without the feature `fault-points` nothing happens
//! there, and ranks do not even meet.

#[cfg_attr(feature = "fault-points", path = "faults/on.rs")]
#[cfg_attr(not(feature = "fault-points"), path = "faults/off.rs")]
mod switch;

pub use switch::{Fault, Faults, checked};

/// A place where a rank can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The config has been read.
    Config,
    /// A round begins.
    Compute,
    /// A round's records are gathered.
    Gather,
    /// Root's writer has records to append.
    Write,
    /// The journal is complete.
    Assemble,
}
