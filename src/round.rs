//! One round: all ranks compute their blocks and agree, by heartbeats, on when to end.
//!
//! Ranks meet a few times a second in a sum over all of them, asleep while they wait. Root alone decides that
//! a round ends ([`Ending`]), or that finished bands are gathered while it goes on; the others follow what
//! they read in the sum. A stop is asked by any rank.

mod beat;
mod ending;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::band::Record;
use crate::block::{Block, TeamWork};
use crate::comm::Comm;
use crate::error::Result;
use crate::stop::StopRequest;
use crate::threads;
use ending::AtRoot;

pub use beat::Beat;
pub use ending::{Ending, Limits};

/// After a stop was asked, strips in progress may go on for so long; then they are given up.
const STOP_GRACE: Duration = Duration::from_millis(500);

/// What a rank has of a round.
#[derive(Debug)]
pub struct Outcome {
    /// The finished bands that were not gathered in between.
    pub records: Vec<Record>,
    /// How many were finished; the first ones of the block unless it ended by a stop.
    pub finished_bands: usize,
    /// Executed pixel-iterations.
    pub executed: u64,
    /// Seconds in the kernel, the mean over the threads.
    pub compute_s: f64,
    /// Seconds of encoding, the mean over the threads.
    pub encode_s: f64,
    /// Seconds of the round on this rank.
    pub wall_s: f64,
    /// Why it ended.
    pub ending: Ending,
}

impl Outcome {
    /// For the timeline.
    #[must_use]
    pub fn details(&self) -> Value {
        json!({
            "bands": self.finished_bands,
            "executed": self.executed,
            "compute_s": self.compute_s,
            "encode_s": self.encode_s,
            "ending": self.ending.name(),
        })
    }
}

/// The run that a round is part of.
pub trait RoundObserver {
    /// Sees every heartbeat's sums. Says on root whether its writer has failed, which ends the round.
    fn on_heartbeat(&mut self, all: &Beat) -> bool;

    /// On root: whether it has room for the `held_bytes` of all ranks, and these are enough to be worth a
    /// gather.
    fn wants_gather(&self, held_bytes: u64) -> bool;

    /// Takes records while threads compute on. *Collective.*
    ///
    /// # Errors
    ///
    /// The same one on all ranks. It ends the round.
    fn gather_records(&mut self, records: Vec<Record>) -> Result<()>;
}

/// A rank's part of a round.
#[derive(Debug)]
pub struct Round<'a, C> {
    /// The ranks.
    pub comm: &'a C,
    /// What there is to do with a band.
    pub work: &'a TeamWork<'a>,
    /// This rank's bands, ascending.
    pub bands: &'a [u64],
    /// The predicted cost of each of them.
    pub costs: &'a [u64],
    /// The size of the team.
    pub threads: NonZeroUsize,
    /// When to end early.
    pub limits: Limits,
    /// What this rank hears of stops.
    pub stop: &'a StopRequest,
}

impl<C: Comm> Round<'_, C> {
    /// Starts the team and waits for it. *Collective.*
    ///
    /// # Errors
    ///
    /// On all ranks, when the team of one cannot be started; those of [`RoundObserver::gather_records`].
    pub fn compute(&self, observer: &mut impl RoundObserver) -> Result<Outcome> {
        let started = Instant::now();
        let block = self.work.block(self.bands, self.costs, self.threads.get(), self.limits.own_bytes);
        let ending = std::thread::scope(|scope| {
            let start = || threads::spawn_scoped(scope, || self.work.contribute(&block)).map(drop);
            let team = (0..self.threads.get()).try_for_each(|_| start());
            // The scope ends when those do that have been started.
            let watched = self.comm.agree(team).and_then(|()| self.watch(&block, started, observer));
            watched.inspect_err(|_| block.stop())
        })?;
        let (compute_s, encode_s) = block.busy_s();
        Ok(Outcome {
            records: block.take_records(),
            finished_bands: block.finished_bands(),
            executed: block.executed(),
            compute_s,
            encode_s,
            wall_s: started.elapsed().as_secs_f64(),
            ending,
        })
    }

    /// Meets the other ranks until all threads of all ranks have left; says why they did. *Collective.*
    fn watch(
        &self,
        block: &Block<'_>,
        started: Instant,
        observer: &mut impl RoundObserver,
    ) -> Result<Ending> {
        let (mut ending, mut gather) = (None, false);
        let mut stop_seen: Option<Instant> = None;
        loop {
            let idle = block.wait_idle(beat::interval(started.elapsed()));
            let all = self.beat(block, idle, ending, gather).sum_over_ranks(self.comm);
            let writer_failed = observer.on_heartbeat(&all);
            if all.active == 0 {
                return Ok(Ending::of_last(&all));
            }
            // Only root's answer is heard.
            let root = AtRoot { writer_failed, is_full: block.is_full() };
            let decide = || ending::decide(root, &all, started.elapsed(), self.comm.size(), &self.limits);
            ending = ending.or_else(decide);
            if all.ending > 0 || all.stop > 0 {
                block.close();
            }
            if all.stop > 0 && stop_seen.get_or_insert_with(Instant::now).elapsed() > STOP_GRACE {
                block.stop();
            }
            if all.gather > 0 {
                observer.gather_records(block.take_records())?;
            }
            gather = all.gather == 0 && all.stop == 0 && observer.wants_gather(all.held_bytes);
        }
    }

    /// What this rank tells the others.
    fn beat(&self, block: &Block<'_>, idle: bool, ending: Option<Ending>, gather: bool) -> Beat {
        let unbegun_cost = block.unbegun_cost();
        let of_root = |number: u64| if self.comm.is_root() { number } else { 0 };
        Beat {
            active: u64::from(!idle),
            with_unbegun: u64::from(unbegun_cost > 0),
            unbegun_cost,
            finished_cost: block.finished_cost(),
            executed: block.executed(),
            held_bytes: block.held_bytes(),
            ending: of_root(ending.map_or(0, Ending::code)),
            gather: of_root(u64::from(gather)),
            stop: u64::from(self.stop.is_asked()),
        }
    }
}
