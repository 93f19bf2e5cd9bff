//! A run on one rank: what stays the same from round to round, what is added up, and what several steps need.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::band::Record;
use crate::cli::JobArgs;
use crate::comm::Comm;
use crate::config::Config;
use crate::error::Result;
use crate::faults::Faults;
use crate::gather::{Root, gather_records};
use crate::kernel::FieldKernel;
use crate::metrics::Phases;
use crate::round::Outcome;
use crate::stop::{End, StopRequest};
use crate::store::journal::Texts;
use crate::store::writer::Writer;
use crate::timeline::Timeline;

/// Ranks sleep while root works. A nap is a fraction of the time that root has taken so far, within limits.
const SHORTEST_NAP: Duration = Duration::from_millis(1);
const LONGEST_NAP: Duration = Duration::from_millis(100);

/// What does not change from round to round.
pub(super) struct Run<'a, C> {
    pub(super) args: &'a JobArgs,
    pub(super) comm: &'a C,
    pub(super) config: &'a Config,
    pub(super) texts: Texts,
    pub(super) faults: Faults,
    pub(super) stop: StopRequest,
    pub(super) end: End,
    pub(super) timeline: Timeline,
    pub(super) threads: NonZeroUsize,
    pub(super) kernel: Box<dyn FieldKernel>,
    pub(super) began: Instant,
    pub(super) started_unix_s: u64,
}

/// What a run adds up.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) phases: Phases,
    pub(super) rounds: u64,
    pub(super) executed: u64,
    pub(super) gathered_bytes: u64,
    /// Seconds of root's writer, and of them its CPU time.
    pub(super) journal_s: f64,
    pub(super) journal_cpu_s: f64,
    /// Of each band, as the first cut had it.
    pub(super) predicted_costs: Vec<u64>,
    /// Bands that earlier starts computed, and the sum of their counts; at root.
    pub(super) resumed_bands: u64,
    pub(super) resumed_sum: u128,
}

impl Totals {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.rounds += 1;
        self.executed += outcome.executed;
        self.phases.compute_s += outcome.compute_s;
        self.phases.encode_s += outcome.encode_s;
        self.phases.wait_s += (outcome.wall_s - outcome.compute_s - outcome.encode_s).max(0.0);
    }
}

impl<C: Comm> Run<'_, C> {
    /// What may be gathered and queued together at root; as much may be held by ranks.
    pub(super) fn queue_budget_bytes(&self) -> u64 {
        self.config.run.root_memory_bytes / 2
    }

    /// Asks for a stop when the end of the job's time is so near that writing must begin. Root alone does: it
    /// has the writer.
    pub(super) fn check_time_limit(&self, writer: Option<&Writer>) {
        let is_up = |writer: &Writer| self.end.is_near(Instant::now(), writer.longest_commit());
        if writer.is_some_and(is_up) {
            self.stop.ask();
        }
    }

    /// Sends records to root's writer, and notes it as `name` in the timeline. *Collective.*
    pub(super) fn send(
        &self,
        name: &'static str,
        records: Vec<Record>,
        writer: Option<&Writer>,
        leave_at: Option<Instant>,
        totals: &mut Totals,
    ) -> Result<()> {
        let (started, details) = (Instant::now(), json!({"records": records.len()}));
        let budget_bytes = self.queue_budget_bytes();
        let root = writer.map(|writer| Root { writer, budget_bytes, leave_at });
        totals.gathered_bytes += gather_records(self.comm, records, root)?;
        self.timeline.note(name, started, details);
        Ok(())
    }

    /// Waits, asleep, until root is done with something. *Collective.*
    pub(super) fn while_root_works(&self, is_busy: impl Fn() -> bool) {
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
