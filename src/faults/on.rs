//! `--fail-at RANK:PHASE:panic` or `RANK:PHASE:error`.

use crate::cli::JobArgs;
use crate::error::{Error, Result, Status};

/// The fault of this rank, if it has one.
#[derive(Debug, Clone)]
pub struct Faults {
    fault: Option<(String, bool)>,
}

impl Faults {
    /// Reads what was typed.
    ///
    /// # Errors
    ///
    /// When it is no fault.
    pub fn new(args: &JobArgs, rank: usize) -> Result<Self> {
        let Some(text) = &args.fail_at else { return Ok(Self { fault: None }) };
        let fields: Vec<&str> = text.split(':').collect();
        let &[at_rank, phase, how @ ("panic" | "error")] = fields.as_slice() else {
            return Err(Error::new(
                Status::Usage,
                format!("--fail-at {text}: must be RANK:PHASE:panic or :error"),
            ));
        };
        let mine = at_rank == rank.to_string();
        Ok(Self { fault: mine.then(|| (phase.to_owned(), how == "panic")) })
    }

    /// Fails if this is the place.
    ///
    /// # Errors
    ///
    /// When an error was asked for here.
    ///
    /// # Panics
    ///
    /// When a panic was.
    pub fn pass(&self, phase: &str) -> Result<()> {
        match &self.fault {
            Some((at, panic)) if at == phase => {
                assert!(!panic, "a panic on purpose in {phase}");
                Err(Error::new(Status::Failure, format!("an error on purpose in {phase}")))
            }
            _ => Ok(()),
        }
    }
}
