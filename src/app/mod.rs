//! One run of one job: the story, generic over its edges.
//!
//! Every rank runs this. What root alone does (config, journal, file) the others learn from it; an error of
//! one is agreed to be everybody's before anyone leaves.

pub mod dry_run;
mod finish;
mod observer;
mod plan;
mod rounds;
mod run;
mod start;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::block::TeamWork;
use crate::cli::JobArgs;
use crate::comm::{Comm, SerialComm};
use crate::error::Result;
use crate::faults::{Faults, Point};
use crate::launcher::Launch;
use crate::round::Ending;
use crate::stop::{End, StopRequest};
use crate::store::FileFormat;
use crate::timeline::Timeline;
use crate::{report, telemetry};

use run::Run;
use start::Start;

/// What a run meets besides its ranks.
pub struct Edges {
    /// The form of the finished file.
    pub format: Box<dyn FileFormat>,
    /// Listens for requests to stop. Called once MPI is started, which may set signal handlers of its own.
    pub listen: Box<dyn FnOnce() -> Result<StopRequest>>,
}

/// Runs the job that was asked for, to its end, and reports it. *Collective.*
///
/// # Errors
///
/// The same one on all ranks.
pub fn run<C: Comm>(args: &JobArgs, comm: &C, edges: Edges) -> Result<()> {
    let began = Instant::now();
    let stop = comm.agree((edges.listen)())?;
    let (config, texts) = start::read_config(args, comm)?;
    telemetry::init(&config.log, comm.rank());
    let faults = Faults::new(args.fail_at, comm.rank());
    faults.pass_together(comm, Point::Config)?;
    let Some(start) = start::open(args, comm, &config, &texts, edges.format.as_ref())? else {
        return Ok(());
    };
    let run = Run {
        args,
        comm,
        config: &config,
        texts,
        faults,
        stop,
        timeline: Timeline::new(began),
        end: End::new(began, config.run.max_time, Launch::here().end_unix_s),
        threads: start::agree_on_threads(comm, &config)?,
        kernel: comm.agree(start::prepare_kernel(&config))?,
        began,
        started_unix_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
    };
    run.compute_and_finish(start, edges.format)
}

impl<C: Comm> Run<'_, C> {
    /// Round after round, until nothing is left or a stop is asked; then the file. *Collective.*
    fn compute_and_finish(&self, start: Start, format: Box<dyn FileFormat>) -> Result<()> {
        let work = TeamWork::new(&self.config.job, start.encoding, self.kernel.as_ref());
        let mut state = self.begin(start)?;
        while !state.plan.is_done() {
            let outcome = self.compute_round(&work, &mut state)?;
            if outcome.ending == Ending::Stop {
                return self.stop_with_journal(outcome, state);
            }
            self.finish_round(outcome, &mut state)?;
        }
        state.progress.finish();
        state.totals.predicted_costs = state.plan.into_predicted_costs();
        self.finish(state.writer, format, state.totals)
    }
}

/// Prints the effective config. Never starts MPI: under a launcher the first copy speaks.
///
/// # Errors
///
/// When the config cannot be read or makes no sense.
pub fn print_config(args: &JobArgs) -> Result<()> {
    if !Launch::here().is_first_copy() {
        return Ok(());
    }
    let (_, texts) = start::read_config(args, &SerialComm)?;
    report::print(&texts.effective.trim_end());
    Ok(())
}

#[cfg(test)]
mod tests;
