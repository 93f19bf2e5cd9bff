//! No faults but the real ones.

use super::Point;
use crate::comm::Comm;
use crate::error::Result;

/// There is none to ask for.
#[derive(Debug, Clone, Copy)]
pub enum Fault {}

/// Nothing.
#[derive(Debug, Clone, Copy)]
pub struct Faults;

impl Faults {
    /// No faults.
    #[must_use]
    pub fn new(_fault: Option<Fault>, _rank: usize) -> Self {
        Self
    }

    /// Goes on.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn pass(self, _point: Point) -> Result<()> {
        Ok(())
    }

    /// Goes on. With the feature `fault-points` this is *Collective.*
    ///
    /// # Errors
    ///
    /// Never.
    pub fn pass_together<C: Comm>(self, _comm: &C, _point: Point) -> Result<()> {
        Ok(())
    }
}

/// The ranks as they are. With the feature `fault-points` their collectives are compared.
pub fn checked<C: Comm>(comm: C) -> C {
    comm
}
