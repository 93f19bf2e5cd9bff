//! Places where a test can make a rank fail on purpose. Without the feature `fault-points` nothing happens
//! there, and ranks do not even meet.

#[cfg_attr(feature = "fault-points", path = "faults/on.rs")]
#[cfg_attr(not(feature = "fault-points"), path = "faults/off.rs")]
mod switch;

use std::str::FromStr;

pub use switch::Faults;

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

impl Point {
    const ALL: [Self; 5] = [Self::Config, Self::Compute, Self::Gather, Self::Write, Self::Assemble];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Compute => "compute",
            Self::Gather => "gather",
            Self::Write => "write",
            Self::Assemble => "assemble",
        }
    }
}

/// What happens at a fault point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A panic.
    Panic,
    /// An error.
    Error,
    /// Nothing, slowly.
    Slow,
}

impl How {
    const ALL: [Self; 3] = [Self::Panic, Self::Error, Self::Slow];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Error => "error",
            Self::Slow => "slow",
        }
    }
}

/// One fault: which rank fails where, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The rank that fails.
    pub rank: usize,
    /// Where.
    pub point: Point,
    /// How.
    pub how: How,
}

impl FromStr for Fault {
    type Err = String;

    /// Reads `RANK:PHASE:HOW`.
    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (rank, rest) = text.split_once(':')?;
            let (point, how) = rest.split_once(':')?;
            Some(Self {
                rank: rank.parse().ok()?,
                point: Point::ALL.into_iter().find(|known| known.name() == point)?,
                how: How::ALL.into_iter().find(|known| known.name() == how)?,
            })
        };
        read().ok_or_else(|| {
            let (points, hows) = (Point::ALL.map(Point::name).join(", "), How::ALL.map(How::name).join(", "));
            format!("must be RANK:PHASE:HOW; phases: {points}; how: {hows}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_and_a_misspelt_one_is_refused() {
        let fault = Fault { rank: 12, point: Point::Write, how: How::Slow };
        assert_eq!("12:write:slow".parse(), Ok(fault));
        for text in ["", "0:write", "0:writing:slow", "0:write:slowly", "-1:write:slow", "0:write:slow:"] {
            let message = text.parse::<Fault>().expect_err(text);
            assert!(
                message
                    .ends_with("phases: config, compute, gather, write, assemble; how: panic, error, slow")
            );
        }
    }
}
