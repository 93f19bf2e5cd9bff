//! The steps of a round: compute, gather, plan the next one, or stop with everything in the journal.

use std::time::{Duration, Instant};

use serde_json::json;

use super::observer::Observer;
use super::plan::{self, Plan, RankRound};
use super::run::{Run, Totals};
use super::start::Start;
use crate::band::Record;
use crate::block::TeamWork;
use crate::comm::Comm;
use crate::error::{Error, Result, Status};
use crate::estimate;
use crate::faults::Point;
use crate::round::{Limits, Outcome, Round};
use crate::store::writer::Writer;
use crate::telemetry::Progress;

/// Root writes for so long after the last round of a stopped job. The next run computes anew what is not in
/// the journal then.
const TIME_TO_LEAVE: Duration = Duration::from_secs(3);

/// What changes from round to round.
pub(super) struct State {
    pub(super) plan: Plan,
    /// What the points of a band cost besides their iterations.
    band_cost: u64,
    /// At root.
    pub(super) writer: Option<Writer>,
    pub(super) progress: Progress,
    pub(super) totals: Totals,
}

impl<C: Comm> Run<'_, C> {
    /// Predicts, shares out, and starts root's writer. *Collective.*
    pub(super) fn begin(&self, start: Start) -> Result<State> {
        let point_cost = estimate::agreed_point_cost(self.comm, self.kernel.as_ref());
        let plan = self.predict(&start, point_cost)?;
        let geometry = start.encoding.geometry;
        let band_cost = point_cost * geometry.band_rows * geometry.width;
        let style = self.args.progress;
        let progress = Progress::new(style, self.comm.is_root(), plan.total_cost(), plan.finished_cost());
        let mut totals = Totals::default();
        if let Some(journal) = &start.journal {
            (totals.resumed_bands, totals.resumed_sum) = (journal.len(), journal.summary().sum);
        }
        let writer = start.journal.map(|journal| Writer::start(journal, self.faults));
        let writer = self.comm.agree(writer.transpose())?;
        totals.phases.setup_s = self.began.elapsed().as_secs_f64();
        self.timeline.note("setup", self.began, json!({}));
        Ok(State { plan, band_cost, writer, progress, totals })
    }

    /// Predicts what bands cost, and cuts those that are left. *Collective.*
    fn predict(&self, start: &Start, point_cost: u64) -> Result<Plan> {
        let geometry = &start.encoding.geometry;
        let (kernel, stop) = (self.kernel.as_ref(), self.stop.flag());
        let costs = estimate::band_costs(self.comm, geometry, kernel, point_cost, self.threads, stop)?;
        let weights = plan::weights(self.config.run.partition, geometry, &costs);
        Ok(Plan::new(start.unfinished.iter().cloned().flatten().collect(), costs, weights, self.comm.size()))
    }

    /// Computes this rank's row block until all ranks agree to end the round. *Collective.*
    pub(super) fn compute_round(&self, work: &TeamWork<'_>, state: &mut State) -> Result<Outcome> {
        let begin = Instant::now();
        let State { plan, writer, progress, totals, .. } = state;
        let bands = self.scan_for_block(plan);
        let costs = plan.costs(bands);
        self.faults.pass_together(self.comm, Point::Compute)?;
        let done_before = plan.finished_cost();
        let mut observer = Observer { run: self, writer: writer.as_ref(), progress, totals, done_before };
        let round = Round {
            comm: self.comm,
            work,
            bands,
            costs: &costs,
            threads: self.threads,
            limits: self.limits(),
            stop: &self.stop,
        };
        let outcome = round.compute(&mut observer)?;
        totals.add(&outcome);
        self.timeline.note("round", begin, outcome.details());
        tracing::debug!(
            "round {} ended after {:.3} s: {}",
            totals.rounds,
            outcome.wall_s,
            outcome.ending.name()
        );
        Ok(outcome)
    }

    /// This rank's part of the bands that are left. Its first band is the exclusive scan of the block
    /// heights. *Collective.*
    fn scan_for_block<'p>(&self, plan: &'p Plan) -> &'p [u64] {
        let block = plan.block(self.comm.rank());
        let first = self.comm.exclusive_scan(block.len() as u64) as usize;
        assert_eq!(first, block.start, "the scan and the partition agree, or ranks see different jobs");
        plan.bands(first..first + block.len())
    }

    fn limits(&self) -> Limits {
        let budget = self.queue_budget_bytes();
        Limits {
            duration: self.config.run.round,
            held_bytes: budget,
            own_bytes: if self.comm.is_root() { budget / 2 } else { u64::MAX },
        }
    }

    /// Gathers what a round gave and plans the next one. *Collective.*
    pub(super) fn finish_round(&self, mut outcome: Outcome, state: &mut State) -> Result<()> {
        self.gather_last(std::mem::take(&mut outcome.records), None, state)?;
        let cost = outcome.executed + state.band_cost * outcome.finished_bands as u64;
        let speed = plan::speed(cost, outcome.compute_s + outcome.encode_s);
        let all = self.comm.all_gather(&[outcome.finished_bands as u64, speed]);
        let of_rank = |rank: &[u64]| RankRound { finished_bands: rank[0], speed: rank[1] };
        state.plan.finish_round(&all.chunks_exact(2).map(of_rank).collect::<Vec<_>>());
        // The last records are not synced: the file is next, and only once that is durable the journal goes.
        if !state.plan.is_done() {
            state.writer.as_ref().inspect(|writer| writer.sync());
        }
        Ok(())
    }

    /// Gathers the records of a round that is over. *Collective.*
    fn gather_last(&self, records: Vec<Record>, leave_at: Option<Instant>, state: &mut State) -> Result<()> {
        let started = Instant::now();
        self.faults.pass_together(self.comm, Point::Gather)?;
        self.send("gather", records, state.writer.as_ref(), leave_at, &mut state.totals)?;
        state.totals.phases.gather_s += started.elapsed().as_secs_f64();
        Ok(())
    }

    /// Ends a stopped run with everything in the journal that could be written in time. *Collective.*
    pub(super) fn stop_with_journal(&self, outcome: Outcome, mut state: State) -> Result<()> {
        let leave_at = Instant::now() + TIME_TO_LEAVE;
        self.gather_last(outcome.records, Some(leave_at), &mut state)?;
        let State { writer, progress, .. } = state;
        writer.as_ref().inspect(|writer| writer.sync());
        progress.finish();
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
        self.comm.agree(Err(Error::new(Status::Stopped, message)))
    }
}
