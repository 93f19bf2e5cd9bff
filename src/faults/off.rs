//! No faults but the real ones.

use crate::cli::JobArgs;
use crate::error::Result;

/// Nothing.
#[derive(Debug, Clone)]
pub struct Faults;

impl Faults {
    /// No faults, whatever was typed.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn new(_args: &JobArgs, _rank: usize) -> Result<Self> {
        Ok(Self)
    }

    /// Goes on.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn pass(&self, _phase: &str) -> Result<()> {
        Ok(())
    }
}
