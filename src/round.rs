//! One round: all ranks compute their blocks and agree, by heartbeats, on when to end.
//!
//! Ranks meet a few times a second in a sum over all of them, asleep while they wait. Only root decides that a
//! round ends, or that finished bands are collected while it goes on; the others follow what they read in the sum. A
//! stop is asked by any rank.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::band::Record;
use crate::block::{Block, TeamWork};
use crate::comm::Comm;
use crate::error::Result;
use crate::stop::StopRequest;
use crate::threads;

/// How often ranks meet in a long round.
const LONGEST_BEAT: Duration = Duration::from_millis(200);

/// A stop waits so long for strips in progress before it gives them up.
const STOP_GRACE: Duration = Duration::from_millis(500);

/// Ending a round early costs some meetings and the gathering of a few records. It must gain more than this, in
/// seconds, ...
const LEAST_GAIN_S: f64 = 0.03;

/// ... and more than this share of the round so far.
const LEAST_GAIN_SHARE: f64 = 0.005;

/// When a round ends, besides when all blocks are done.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may take, unless it is nearly done by then.
    pub duration: Duration,
    /// How many bytes all ranks together may hold.
    pub held_bytes: u64,
    /// How many bytes this rank may hold; it pauses when it has more.
    pub own_bytes: u64,
}

/// A rank's share of a round.
#[derive(Debug, Clone, Copy)]
pub struct Share<'a> {
    /// The bands, ascending.
    pub bands: &'a [u64],
    /// What each of them is believed to cost.
    pub costs: &'a [u64],
}

/// What a rank has of a round.
#[derive(Debug)]
pub struct Outcome {
    /// The finished bands that were not collected in between.
    pub records: Vec<Record>,
    /// How many were finished; the first ones of the block unless `stopped`.
    pub finished_bands: usize,
    /// Executed pixel-iterations.
    pub executed: u64,
    /// Seconds in the kernel, the mean over the threads.
    pub compute_s: f64,
    /// Seconds of encoding, the mean over the threads.
    pub encode_s: f64,
    /// Seconds of the round on this rank.
    pub wall_s: f64,
    /// Whether any rank asked for a stop.
    pub stopped: bool,
}

impl Outcome {
    /// For the timeline.
    #[must_use]
    pub fn details(&self) -> Value {
        let Self { finished_bands, executed, compute_s, encode_s, .. } = self;
        json!({"bands": finished_bands, "executed": executed, "compute_s": compute_s, "encode_s": encode_s})
    }
}

/// Sums over all ranks at a heartbeat, or one rank's contribution to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beat {
    /// Ranks whose threads are at work.
    pub active: u64,
    /// Ranks that have bands that no thread has begun.
    pub with_unbegun: u64,
    /// Believed cost of those bands.
    pub unbegun_cost: u64,
    /// Believed cost of the bands that are finished.
    pub finished_cost: u64,
    /// Executed pixel-iterations of the bands that are finished.
    pub executed: u64,
    /// Bytes of their records.
    pub held_bytes: u64,
    /// Whether root ends the round.
    pub close: u64,
    /// Whether root wants the records of finished bands now.
    pub collect: u64,
    /// Ranks that ask for a stop.
    pub stop: u64,
}

impl Beat {
    fn sum<C: Comm>(self, comm: &C) -> Self {
        let sums = comm.all_reduce_sum([
            self.active,
            self.with_unbegun,
            self.unbegun_cost,
            self.finished_cost,
            self.executed,
            self.held_bytes,
            self.close,
            self.collect,
            self.stop,
        ]);
        let [active, with_unbegun, unbegun_cost, finished_cost, executed, held_bytes, close, collect, stop] =
            sums;
        Self { active, with_unbegun, unbegun_cost, finished_cost, executed, held_bytes, close, collect, stop }
    }
}

/// What a round asks of the run that it is part of.
pub trait Host {
    /// Sees every heartbeat's sums, and says on root whether something there makes it necessary to end the round.
    fn hear(&mut self, all: &Beat) -> bool;

    /// On root: whether it can take what all ranks hold together, `held_bytes`, and it is worth the while.
    fn wants_records(&self, held_bytes: u64) -> bool;

    /// Takes records while threads compute on. *Collective.*
    ///
    /// # Errors
    ///
    /// The same one on all ranks. It ends the round.
    fn collect(&mut self, records: Vec<Record>) -> Result<()>;
}

/// Computes a round with a team of `threads`. *Collective.*
///
/// # Errors
///
/// On all ranks, when the team of one cannot be started; those of [`Host::collect`].
pub fn compute<C: Comm>(
    comm: &C,
    work: &TeamWork<'_>,
    share: Share<'_>,
    threads: NonZeroUsize,
    limits: &Limits,
    stop: &StopRequest,
    host: &mut impl Host,
) -> Result<Outcome> {
    Run { comm, work, share, threads, limits, stop }.compute(host)
}

struct Run<'a, C> {
    comm: &'a C,
    work: &'a TeamWork<'a>,
    share: Share<'a>,
    threads: NonZeroUsize,
    limits: &'a Limits,
    stop: &'a StopRequest,
}

impl<C: Comm> Run<'_, C> {
    fn compute(&self, host: &mut impl Host) -> Result<Outcome> {
        let started = Instant::now();
        let Share { bands, costs } = self.share;
        let block = self.work.block(bands, costs, self.threads.get(), self.limits.own_bytes);
        let stopped = std::thread::scope(|scope| {
            let start = || threads::spawn_scoped(scope, || self.work.contribute(&block)).map(drop);
            let team = (0..self.threads.get()).try_for_each(|_| start());
            // The scope ends when those do that have been started.
            let watched = self.comm.agree(team).and_then(|()| self.watch(&block, started, host));
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
            stopped,
        })
    }

    /// Meets the other ranks until all threads of all ranks have left; says whether a stop was asked.
    fn watch(&self, block: &Block<'_>, started: Instant, host: &mut impl Host) -> Result<bool> {
        let (mut close, mut collect) = (false, false);
        let mut stop_seen: Option<Instant> = None;
        loop {
            let idle = block.wait_idle(beat_after(started.elapsed()));
            let mine = self.beat(block, idle, close, collect);
            let all = mine.sum(self.comm);
            let forced = host.hear(&all);
            if all.active == 0 {
                return Ok(all.stop > 0);
            }
            // A root that pauses for want of memory gains nothing by waiting for the others.
            close = close || forced || block.is_full() || self.is_over(&all, started.elapsed());
            if all.close > 0 || all.stop > 0 {
                block.close();
            }
            if all.stop > 0 && stop_seen.get_or_insert_with(Instant::now).elapsed() > STOP_GRACE {
                block.stop();
            }
            if all.collect > 0 {
                host.collect(block.take_records())?;
            }
            collect = all.collect == 0 && all.stop == 0 && host.wants_records(all.held_bytes);
        }
    }

    fn beat(&self, block: &Block<'_>, idle: bool, close: bool, collect: bool) -> Beat {
        let unbegun_cost = block.unbegun_cost();
        Beat {
            active: u64::from(!idle),
            with_unbegun: u64::from(unbegun_cost > 0),
            unbegun_cost,
            finished_cost: block.finished_cost(),
            executed: block.executed(),
            held_bytes: block.held_bytes(),
            close: u64::from(close && self.comm.is_root()),
            collect: u64::from(collect && self.comm.is_root()),
            stop: u64::from(self.stop.is_asked()),
        }
    }

    /// Whether ending the round now is better than to go on.
    fn is_over(&self, all: &Beat, elapsed: Duration) -> bool {
        if all.finished_cost == 0 {
            return false;
        }
        let elapsed_s = elapsed.as_secs_f64();
        let cost_per_s = all.finished_cost as f64 / elapsed_s;
        let rest_s = all.unbegun_cost as f64 / cost_per_s;
        let idle_ranks = self.comm.size() as u64 - all.with_unbegun;
        // Shared among all ranks the rest would take `rest_s`; as it is, only some work on it.
        let gain_s = rest_s * idle_ranks as f64 / all.with_unbegun.max(1) as f64;
        let worth_sharing = gain_s > LEAST_GAIN_S.max(LEAST_GAIN_SHARE * elapsed_s);
        let late = elapsed >= self.limits.duration && rest_s > 0.1 * elapsed_s;
        late || worth_sharing || all.held_bytes >= self.limits.held_bytes
    }
}

/// How long to wait for the next heartbeat: short at first, so that a short job ends when it is done.
fn beat_after(elapsed: Duration) -> Duration {
    (elapsed / 200).clamp(Duration::from_millis(1), LONGEST_BEAT)
}
