//! `--fail-at RANK:PHASE:panic`, `:error` or `:slow`.

use std::fmt::Debug;
use std::str::FromStr;
use std::time::Duration;

use super::Point;
use crate::comm::Comm;
use crate::comm::checked::Checked;
use crate::error::{Error, Result, Status};

/// How long a slow rank takes.
const SLOW: Duration = Duration::from_millis(300);

const POINTS: [Point; 5] = [Point::Config, Point::Compute, Point::Gather, Point::Write, Point::Assemble];

/// What happens at a fault point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Panic,
    Error,
    /// Nothing, slowly.
    Slow,
}

const HOWS: [How; 3] = [How::Panic, How::Error, How::Slow];

/// One fault: which rank fails where, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    rank: usize,
    point: Point,
    how: How,
}

impl FromStr for Fault {
    type Err = String;

    /// Reads `RANK:PHASE:HOW`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let read = || {
            let (rank, rest) = text.split_once(':')?;
            let (point, how) = rest.split_once(':')?;
            Some(Self {
                rank: rank.parse().ok()?,
                point: POINTS.into_iter().find(|known| name(known) == point)?,
                how: HOWS.into_iter().find(|known| name(known) == how)?,
            })
        };
        read().ok_or_else(|| {
            let (points, hows) = (POINTS.map(name).join(", "), HOWS.map(name).join(", "));
            format!("must be RANK:PHASE:HOW; phases: {points}; how: {hows}")
        })
    }
}

/// What a point, or what happens there, is called on the command line.
fn name(variant: impl Debug) -> String {
    format!("{variant:?}").to_lowercase()
}

/// The fault of this rank, if it has one.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    fault: Option<Fault>,
}

impl Faults {
    /// The fault that was asked for, if it is that of `rank`.
    #[must_use]
    pub fn new(fault: Option<Fault>, rank: usize) -> Self {
        Self { fault: fault.filter(|fault| fault.rank == rank) }
    }

    /// Fails, or takes its time, if this is the place.
    ///
    /// # Errors
    ///
    /// When an error was asked for here.
    ///
    /// # Panics
    ///
    /// When a panic was.
    pub fn pass(self, point: Point) -> Result<()> {
        let phase = name(point);
        match self.fault.filter(|fault| fault.point == point).map(|fault| fault.how) {
            None => Ok(()),
            Some(How::Panic) => panic!("a panic on purpose in {phase}"),
            Some(How::Error) => Err(Error::new(Status::Failure, format!("an error on purpose in {phase}"))),
            Some(How::Slow) => {
                std::thread::sleep(SLOW);
                Ok(())
            }
        }
    }

    /// [`Self::pass`] on all ranks: an error of one is everybody's. *Collective.*
    ///
    /// # Errors
    ///
    /// When an error was asked for here.
    #[track_caller]
    pub fn pass_together<C: Comm>(self, comm: &C, point: Point) -> Result<()> {
        comm.agree(self.pass(point))
    }
}

/// The same ranks, whose collectives are compared.
pub fn checked<C: Comm>(comm: C) -> Checked<C> {
    Checked(comm)
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
