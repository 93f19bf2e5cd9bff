//! `--fail-at RANK:PHASE:panic`, `:error` or `:slow`.

use std::time::Duration;

use super::{Fault, How, Point};
use crate::comm::Comm;
use crate::error::{Error, Result, Status};

/// How long a slow rank takes.
const SLOW: Duration = Duration::from_millis(300);

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
        let phase = point.name();
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
