//! `--fail-at RANK:PHASE:panic`, `:error` or `:slow`.

use std::time::Duration;

use crate::cli::JobArgs;
use crate::error::{Error, Result, Status};

/// The fault of this rank, if it has one.
#[derive(Debug, Clone)]
pub struct Faults {
    fault: Option<(String, How)>,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Panic,
    Error,
    Slow,
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
        let (at_rank, phase, how) = match fields.as_slice() {
            [at_rank, phase, "panic"] => (at_rank, phase, How::Panic),
            [at_rank, phase, "error"] => (at_rank, phase, How::Error),
            [at_rank, phase, "slow"] => (at_rank, phase, How::Slow),
            _ => {
                let message = format!("--fail-at {text}: must be RANK:PHASE:panic, :error or :slow");
                return Err(Error::new(Status::Usage, message));
            }
        };
        let mine = *at_rank == rank.to_string();
        Ok(Self { fault: mine.then(|| ((*phase).to_owned(), how)) })
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
    pub fn pass(&self, phase: &str) -> Result<()> {
        match self.fault.as_ref().filter(|(at, _)| at == phase) {
            None => Ok(()),
            Some((_, How::Panic)) => panic!("a panic on purpose in {phase}"),
            Some((_, How::Error)) => {
                Err(Error::new(Status::Failure, format!("an error on purpose in {phase}")))
            }
            Some((_, How::Slow)) => {
                std::thread::sleep(Duration::from_millis(300));
                Ok(())
            }
        }
    }
}
