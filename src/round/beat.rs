//! Heartbeats: what ranks tell each other a few times a second while they compute.

use std::time::Duration;

use crate::comm::Comm;

/// How often ranks meet in a long round.
const LONGEST: Duration = Duration::from_millis(200);

/// How often they meet at its beginning.
const SHORTEST: Duration = Duration::from_millis(1);

/// Sums over all ranks at a heartbeat, or one rank's contribution to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beat {
    /// Ranks whose threads are at work.
    pub active: u64,
    /// Ranks that have bands that no thread has begun.
    pub with_unbegun: u64,
    /// Predicted cost of those bands.
    pub unbegun_cost: u64,
    /// Predicted cost of the bands that are finished.
    pub finished_cost: u64,
    /// Executed pixel-iterations of the bands that are finished.
    pub executed: u64,
    /// Bytes of their records.
    pub held_bytes: u64,
    /// Root's [`Ending::code`](super::Ending::code), 0 while the round goes on. Others add 0.
    pub ending: u64,
    /// Whether root wants the records of finished bands now.
    pub gather: u64,
    /// Ranks that ask for a stop.
    pub stop: u64,
}

impl Beat {
    /// The sums over all ranks. *Collective.*
    pub(super) fn sum_over_ranks<C: Comm>(self, comm: &C) -> Self {
        let sums = comm.all_reduce_sum([
            self.active,
            self.with_unbegun,
            self.unbegun_cost,
            self.finished_cost,
            self.executed,
            self.held_bytes,
            self.ending,
            self.gather,
            self.stop,
        ]);
        let [active, with_unbegun, unbegun_cost, finished_cost, executed, held_bytes, ending, gather, stop] =
            sums;
        Self { active, with_unbegun, unbegun_cost, finished_cost, executed, held_bytes, ending, gather, stop }
    }
}

/// How long to wait for the next heartbeat: short at first, so that a short job ends when it is done.
pub(super) fn interval(elapsed: Duration) -> Duration {
    (elapsed / 200).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_meet_less_often_the_longer_a_round_is() {
        let interval_ms = |ms| interval(Duration::from_millis(ms)).as_millis();
        assert_eq!([0, 100, 1000, 40_000, 1 << 30].map(interval_ms), [1, 1, 5, 200, 200]);
    }
}
