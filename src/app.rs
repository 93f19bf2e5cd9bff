//! One run of one job: the story, generic over its edges.
//!
//! Every rank runs this. What root alone does (config, journal, file) the others learn from it; an error of one is
//! agreed to be everybody's before anyone leaves.

pub mod dry_run;
mod finish;
mod start;
mod watched;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::band::{Geometry, Record};
use crate::block::TeamWork;
use crate::checksum::Checksum;
use crate::cli::JobArgs;
use crate::comm::{Comm, SerialComm};
use crate::config::{Config, Partition};
use crate::error::{Error, Result, Status};
use crate::estimate;
use crate::faults::{Faults, Point};
use crate::gather::{self, Root};
use crate::kernel::{FieldKernel, Kernel, Shortcuts};
use crate::launcher::Launch;
use crate::metrics::Phases;
use crate::partition::row_blocks;
use crate::round::{self, Limits, Outcome, Share};
use crate::stop::{End, StopRequest};
use crate::store::FileFormat;
use crate::store::journal::{Journal, Texts};
use crate::store::writer::Writer;
use crate::telemetry::{self, Progress};
use crate::threads::{self, CpuPlacement, ThreadRequest};
use crate::timeline::Timeline;
use crate::{machine, report};

use start::{Begin, Start};
use watched::Watched;

/// Ranks' speeds are compared in this many steps of the fastest one's.
const SPEED_STEPS: u64 = 1 << 16;

/// What is not in the journal so long after the last round of a stopped job is given up.
const TIME_TO_LEAVE: Duration = Duration::from_secs(3);

/// Between these is how long ranks sleep while root works: a fraction of the time that it has taken so far.
const SHORTEST_NAP: Duration = Duration::from_millis(1);
const LONGEST_NAP: Duration = Duration::from_millis(100);

/// Runs the job that was asked for, to its end, and reports it. *Collective.*
///
/// # Errors
///
/// The same one on all ranks.
pub fn run<C: Comm>(args: &JobArgs, comm: &C, format: Box<dyn FileFormat>) -> Result<()> {
    let began = Instant::now();
    let stop = comm.agree(StopRequest::listen())?;
    let faults = Faults::new(args.fail_at, comm.rank());
    let (config, texts) = start::read_config(args, comm)?;
    telemetry::init(&config.log, comm.rank());
    faults.pass_together(comm, Point::Config)?;
    let start = match start::open(args, comm, &config, &texts, format.as_ref())? {
        Begin::Complete => return Ok(()),
        Begin::Compute(start) => start,
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
        threads: threads(comm, &config)?,
        kernel: comm.agree(prepare_kernel(&config))?,
        began,
        started_unix_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
    };
    run.compute_and_finish(start, format)
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

/// The kernel that the config asks for, on this rank's CPU.
fn prepare_kernel(config: &Config) -> Result<Box<dyn FieldKernel>> {
    let shortcuts = if config.shortcuts { Shortcuts::Proven } else { Shortcuts::None };
    match Kernel::prepare(config.kernel, &config.job, shortcuts) {
        Ok(kernel) => Ok(Box::new(kernel)),
        Err(lack) => Err(Error::new(Status::Usage, format!("{lack} (on {})", machine::host_name()))),
    }
}

/// The threads of this rank, by the config, the environment or its share of the node. *Collective.*
fn threads<C: Comm>(comm: &C, config: &Config) -> Result<NonZeroUsize> {
    let request = comm.agree(ThreadRequest::new(config.run.threads, Launch::here().threads))?;
    let words = comm.all_gather(&CpuPlacement::here().to_words());
    let placements: Vec<CpuPlacement> =
        words.chunks_exact(CpuPlacement::WORDS).map(CpuPlacement::from_words).collect();
    let mine = threads::of_rank(&request, &placements, comm.rank());
    let all = comm.all_gather(&[mine.get() as u64]);
    let complaint = threads::oversubscription(&all, &placements, comm.rank());
    warn_once(comm, complaint.as_deref());
    Ok(mine)
}

/// Logs what ranks complain about: the same words once, with the number of ranks that say them. *Collective.*
fn warn_once<C: Comm>(comm: &C, complaint: Option<&str>) {
    let mine = complaint.map_or(0, |text| Checksum::of_bytes(text.as_bytes()).crc());
    let all = comm.all_gather(&[mine]);
    let is_first = !all[..comm.rank()].contains(&mine);
    if let Some(complaint) = complaint.filter(|_| is_first) {
        let ranks = all.iter().filter(|&&other| other == mine).count();
        tracing::warn!("{complaint} (said by {ranks} of {} ranks)", comm.size());
    }
}

/// What does not change from round to round.
struct Run<'a, C> {
    args: &'a JobArgs,
    comm: &'a C,
    config: &'a Config,
    texts: Texts,
    faults: Faults,
    stop: StopRequest,
    end: End,
    timeline: Timeline,
    threads: NonZeroUsize,
    kernel: Box<dyn FieldKernel>,
    began: Instant,
    started_unix_s: u64,
}

/// What a run adds up.
#[derive(Debug, Default)]
struct Totals {
    phases: Phases,
    rounds: u64,
    executed: u64,
    gathered_bytes: u64,
    /// Seconds of root's writer, and of them its CPU time.
    journal_s: f64,
    journal_cpu_s: f64,
    /// Of each band, as the first cut believed.
    believed_costs: Vec<u64>,
}

/// What earlier starts did; at root.
#[derive(Debug, Clone, Copy, Default)]
struct Resumed {
    bands: u64,
    /// Sum of their counts.
    sum: u128,
}

impl From<&Start> for Resumed {
    fn from(start: &Start) -> Self {
        let of = |journal: &Journal| Self { bands: journal.len(), sum: journal.summary().sum };
        start.journal.as_ref().map(of).unwrap_or_default()
    }
}

/// The bands that are left, and how they are shared out.
struct Plan {
    /// Bands that are not finished, ascending.
    left: Vec<u64>,
    /// Believed cost of each band of the grid.
    costs: Vec<u64>,
    /// What blocks are equal in, for each band of the grid.
    weights: Vec<u64>,
    /// Speed of each rank, relative to each other.
    speeds: Vec<u64>,
    /// What a point costs besides its iterations.
    point_cost: u64,
}

impl<C: Comm> Run<'_, C> {
    fn compute_and_finish(self, start: Box<Start>, format: Box<dyn FileFormat>) -> Result<()> {
        let work = TeamWork::new(&self.config.job, start.encoding, self.kernel.as_ref());
        let mut plan = self.plan(&start)?;
        let resumed = Resumed::from(start.as_ref());
        let mut progress = self.progress(&plan);
        let writer = start.journal.map(|journal| Writer::start(journal, self.faults));
        let writer = self.comm.agree(writer.transpose())?;
        let mut totals = Totals::default();
        totals.phases.setup_s = self.began.elapsed().as_secs_f64();
        self.timeline.note("setup", self.began, json!({}));
        while !plan.left.is_empty() {
            let begin = Instant::now();
            let mut outcome = self.round(&work, &plan, writer.as_ref(), &mut progress, &mut totals)?;
            totals.add(&outcome);
            self.timeline.note("round", begin, outcome.details());
            let leave_at = outcome.stopped.then(|| Instant::now() + TIME_TO_LEAVE);
            let records = std::mem::take(&mut outcome.records);
            self.gather(records, writer.as_ref(), leave_at, &mut totals)?;
            self.replan(&mut plan, &outcome, &start.encoding.geometry);
            // The last records are not: the file is next, and only once that is durable the journal goes.
            if outcome.stopped || !plan.left.is_empty() {
                writer.as_ref().inspect(|writer| writer.sync());
            }
            if let Some(leave_at) = leave_at {
                progress.finish();
                return self.leave_for_now(writer, leave_at);
            }
        }
        progress.finish();
        totals.believed_costs = plan.costs;
        self.finish(writer, format, totals, resumed)
    }

    /// Predicts what bands cost; at first all ranks are believed to be equally fast.
    fn plan(&self, start: &Start) -> Result<Plan> {
        let geometry = &start.encoding.geometry;
        let point_cost = estimate::point_cost(self.comm, self.kernel.as_ref());
        let (kernel, stop) = (self.kernel.as_ref(), self.stop.flag());
        let costs = estimate::band_costs(self.comm, geometry, kernel, point_cost, self.threads, stop)?;
        let weights = match self.config.run.partition {
            Partition::Cost => costs.clone(),
            Partition::Equal => (0..geometry.bands()).map(|band| geometry.row_count(band)).collect(),
        };
        let left = start.unfinished.iter().cloned().flatten().collect();
        Ok(Plan { left, costs, weights, speeds: vec![SPEED_STEPS; self.comm.size()], point_cost })
    }

    fn progress(&self, plan: &Plan) -> Progress {
        let total: u64 = plan.costs.iter().sum();
        let left: u64 = plan.left.iter().map(|&band| plan.costs[band as usize]).sum();
        Progress::new(self.args.progress.into(), self.comm.is_root(), total, total - left)
    }

    /// Computes this rank's row block until all ranks agree to end the round.
    fn round(
        &self,
        work: &TeamWork<'_>,
        plan: &Plan,
        writer: Option<&Writer>,
        progress: &mut Progress,
        totals: &mut Totals,
    ) -> Result<Outcome> {
        let mine = self.row_block(plan);
        let costs: Vec<u64> = mine.iter().map(|&band| plan.costs[band as usize]).collect();
        let budget = self.queue_budget_bytes();
        let limits = Limits {
            duration: self.config.run.round,
            held_bytes: budget,
            own_bytes: if self.comm.is_root() { budget / 2 } else { u64::MAX },
        };
        self.faults.pass_together(self.comm, Point::Compute)?;
        let share = Share { bands: mine, costs: &costs };
        let left_cost: u64 = plan.left.iter().map(|&band| plan.costs[band as usize]).sum();
        let done_before = plan.costs.iter().sum::<u64>() - left_cost;
        let mut watched = Watched { run: self, writer, progress, totals, done_before };
        round::compute(self.comm, work, share, self.threads, &limits, &self.stop, &mut watched)
    }

    /// What may be gathered and queued together at root; as much may be held by ranks.
    fn queue_budget_bytes(&self) -> u64 {
        self.config.run.root_memory_bytes / 2
    }

    /// Asks for a stop when the end of the job's time is so near that writing must begin. Root's clock counts.
    fn heed_time(&self, writer: Option<&Writer>) {
        // What a round gathers takes no longer to write than the slowest round before did, if not three times.
        let is_near = |writer: &Writer| self.end.is_near(Instant::now(), 3 * writer.longest_commit());
        if writer.is_some_and(is_near) {
            self.stop.ask();
        }
    }

    /// This rank's part of the bands that are left. Its first band is the exclusive scan of the block heights.
    fn row_block<'p>(&self, plan: &'p Plan) -> &'p [u64] {
        let weights: Vec<u64> = plan.left.iter().map(|&band| plan.weights[band as usize]).collect();
        let block = row_blocks(&weights, &plan.speeds)[self.comm.rank()].clone();
        let first = self.comm.exclusive_scan(block.len() as u64) as usize;
        assert_eq!(first, block.start, "the scan and the partition agree, or ranks see different jobs");
        &plan.left[first..first + block.len()]
    }

    /// Sends what the round gave to root's writer.
    fn gather(
        &self,
        records: Vec<Record>,
        writer: Option<&Writer>,
        leave_at: Option<Instant>,
        totals: &mut Totals,
    ) -> Result<()> {
        let started = Instant::now();
        self.faults.pass_together(self.comm, Point::Gather)?;
        let budget_bytes = self.queue_budget_bytes();
        let root = writer.map(|writer| Root { writer, budget_bytes, leave_at });
        let details = json!({"records": records.len()});
        totals.gathered_bytes += gather::gather(self.comm, records, root)?;
        self.timeline.note("gather", started, details);
        totals.phases.gather_s += started.elapsed().as_secs_f64();
        Ok(())
    }

    /// Takes what all ranks finished off the list, and learns how fast they were.
    fn replan(&self, plan: &mut Plan, outcome: &Outcome, geometry: &Geometry) {
        let busy_ms = ((outcome.compute_s + outcome.encode_s) * 1e3).max(1.0);
        let points = outcome.finished_bands as u64 * geometry.band_rows * geometry.width;
        let speed = ((outcome.executed + plan.point_cost * points) as f64 / busy_ms) as u64;
        let all = self.comm.all_gather(&[outcome.finished_bands as u64, speed]);
        let weights: Vec<u64> = plan.left.iter().map(|&band| plan.weights[band as usize]).collect();
        let blocks = row_blocks(&weights, &plan.speeds);
        let rests = blocks.into_iter().zip(all.chunks_exact(2)).map(|(mut block, rank)| {
            block.start += rank[0] as usize;
            block
        });
        plan.left = rests.flat_map(|rest| plan.left[rest].to_vec()).collect();
        let fastest = all.chunks_exact(2).map(|rank| rank[1]).max().unwrap_or(0).max(1);
        for (known, rank) in plan.speeds.iter_mut().zip(all.chunks_exact(2)) {
            // A rank that had nothing to do is believed to be as fast as before.
            if rank[1] > 0 {
                *known = (u128::from(rank[1]) * u128::from(SPEED_STEPS) / u128::from(fastest)).max(1) as u64;
            }
        }
    }

    /// Ends a stopped run with everything in the journal that could be written in time.
    fn leave_for_now(&self, writer: Option<Writer>, leave_at: Instant) -> Result<()> {
        let is_writing = |writer: &Writer| writer.is_busy() && Instant::now() < leave_at;
        self.while_root_works(|| writer.as_ref().is_some_and(is_writing));
        // A writer that is still at work is left alone: what it has not finished is a torn tail.
        let writer = writer.filter(|writer| !writer.is_busy());
        let journal = self.comm.agree(writer.map(Writer::finish).transpose())?;
        let output = self.config.output.path.display();
        let message = match journal.map(|journal| (journal.len(), journal.encoding().geometry.bands())) {
            Some((done, bands)) => {
                format!("{done} of {bands} bands of {output} are in the journal: run again to go on")
            }
            None => {
                format!("not all could be written to the journal of {output} in time: run again to go on")
            }
        };
        Err(self.comm.shared_error(Some(&Error::new(Status::Stopped, message))))
    }

    /// Waits, asleep, until root is done with something. *Collective.*
    fn while_root_works(&self, is_busy: impl Fn() -> bool) {
        let started = Instant::now();
        loop {
            let [busy, stop] =
                self.comm.all_reduce_sum([u64::from(is_busy()), u64::from(self.stop.is_asked())]);
            if stop > 0 {
                self.stop.ask();
            }
            if busy == 0 {
                return;
            }
            std::thread::sleep((started.elapsed() / 50).clamp(SHORTEST_NAP, LONGEST_NAP));
        }
    }
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.rounds += 1;
        self.executed += outcome.executed;
        self.phases.compute_s += outcome.compute_s;
        self.phases.encode_s += outcome.encode_s;
        self.phases.wait_s += (outcome.wall_s - outcome.compute_s - outcome.encode_s).max(0.0);
    }
}

#[cfg(test)]
mod tests;
