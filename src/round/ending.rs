//! When a round ends, and why: arithmetic on what all ranks have together. Root decides, the others hear of
//! it.

use std::time::Duration;

use super::beat::Beat;

/// The least gain, in seconds, for which a round ends early. The end costs some meetings and the gathering of
/// a few records.
const LEAST_GAIN_S: f64 = 0.03;

/// The same as a share of the round so far. The larger of the two counts.
const LEAST_GAIN_SHARE: f64 = 0.005;

/// A round goes on past its time while what is left takes less than this share of it.
const NEARLY_DONE_SHARE: f64 = 0.1;

/// What ends a round before all blocks are done.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may take, unless it is nearly done by then.
    pub duration: Duration,
    /// How many bytes all ranks together may hold.
    pub held_bytes: u64,
    /// How many bytes this rank may hold; it pauses when it has more.
    pub own_bytes: u64,
}

/// Why a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All blocks were done.
    AllDone,
    /// Its time was over, with much left to do.
    Deadline,
    /// Some ranks had nothing left while others had much.
    RankDry,
    /// Ranks held as many bytes as root can take.
    BytesHeld,
    /// Root had no memory for more records of its own.
    RootFull,
    /// Root's writer failed.
    WriterFailed,
    /// A rank was asked to stop.
    Stop,
}

impl Ending {
    const ALL: [Self; 7] = [
        Self::AllDone,
        Self::Deadline,
        Self::RankDry,
        Self::BytesHeld,
        Self::RootFull,
        Self::WriterFailed,
        Self::Stop,
    ];

    /// A number for a heartbeat, never 0.
    #[must_use]
    pub fn code(self) -> u64 {
        self as u64 + 1
    }

    /// The ending that has this number. When nothing was decided, all blocks were done.
    fn from_code(code: u64) -> Self {
        Self::ALL.into_iter().find(|ending| ending.code() == code).unwrap_or(Self::AllDone)
    }

    /// Why a round ended, from the sums of its last heartbeat.
    pub(super) fn of_last(all: &Beat) -> Self {
        if all.stop > 0 { Self::Stop } else { Self::from_code(all.ending) }
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AllDone => "all done",
            Self::Deadline => "deadline",
            Self::RankDry => "a rank ran dry",
            Self::BytesHeld => "ranks hold many bytes",
            Self::RootFull => "root has no memory left",
            Self::WriterFailed => "the writer failed",
            Self::Stop => "stop",
        }
    }
}

/// What root alone knows of a round.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AtRoot {
    pub(super) writer_failed: bool,
    /// Whether its own records take so much memory that it pauses.
    pub(super) is_full: bool,
}

/// Why the round should end now, if that is better than to go on. It began `elapsed` ago on `ranks` ranks.
pub(super) fn decide(
    root: AtRoot,
    all: &Beat,
    elapsed: Duration,
    ranks: usize,
    limits: &Limits,
) -> Option<Ending> {
    if root.writer_failed {
        return Some(Ending::WriterFailed);
    }
    // A root that pauses for want of memory gains nothing by waiting for the others.
    if root.is_full {
        return Some(Ending::RootFull);
    }
    if all.finished_cost == 0 {
        return None;
    }
    let elapsed_s = elapsed.as_secs_f64();
    let rest_s = all.unbegun_cost as f64 / (all.finished_cost as f64 / elapsed_s);
    if elapsed >= limits.duration && rest_s > NEARLY_DONE_SHARE * elapsed_s {
        return Some(Ending::Deadline);
    }
    let idle_ranks = ranks as u64 - all.with_unbegun;
    // Shared among all ranks the rest would take `rest_s`; as it is, only some work on it.
    let gain_s = rest_s * idle_ranks as f64 / all.with_unbegun.max(1) as f64;
    if gain_s > LEAST_GAIN_S.max(LEAST_GAIN_SHARE * elapsed_s) {
        return Some(Ending::RankDry);
    }
    (all.held_bytes >= limits.held_bytes).then_some(Ending::BytesHeld)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { duration: Duration::from_secs(30), held_bytes: 1000, own_bytes: u64::MAX };

    #[test]
    fn a_round_ends_for_a_reason() {
        // Seconds, finished and unbegun cost, ranks (of 4) that have some of it, bytes held.
        let table = [
            ("nothing is finished, so nothing is known", (60.0, 0, 100, 1, 2000), None),
            ("all are at work", (10.0, 100, 900, 4, 10), None),
            ("its time is over", (30.0, 100, 900, 4, 10), Some(Ending::Deadline)),
            ("nearly done by then", (30.0, 100, 10, 4, 10), None),
            ("a rank is dry, less than 0.03 s would be gained", (1.0, 1000, 89, 3, 10), None),
            (
                "a rank is dry, more than 0.03 s would be gained",
                (1.0, 1000, 91, 3, 10),
                Some(Ending::RankDry),
            ),
            ("in a long round more must be gained", (20.0, 20_000, 299, 3, 10), None),
            ("in a long round more is gained", (20.0, 20_000, 301, 3, 10), Some(Ending::RankDry)),
            ("all is begun", (29.0, 100, 0, 0, 10), None),
            ("root can take no more", (1.0, 100, 100, 4, 1000), Some(Ending::BytesHeld)),
            ("time goes before bytes", (31.0, 100, 900, 4, 1000), Some(Ending::Deadline)),
        ];
        for (why, (seconds, finished_cost, unbegun_cost, with_unbegun, held_bytes), expected) in table {
            let all = Beat { with_unbegun, unbegun_cost, finished_cost, held_bytes, ..Beat::default() };
            assert_eq!(
                decide(AtRoot::default(), &all, Duration::from_secs_f64(seconds), 4, &LIMITS),
                expected,
                "{why}"
            );
        }
    }

    #[test]
    fn what_root_alone_knows_goes_before_all_else() {
        let nothing = Beat::default();
        let decide = |root| decide(root, &nothing, Duration::ZERO, 4, &LIMITS);
        assert_eq!(decide(AtRoot::default()), None);
        let full = AtRoot { is_full: true, ..AtRoot::default() };
        assert_eq!(decide(full), Some(Ending::RootFull));
        assert_eq!(decide(AtRoot { writer_failed: true, ..full }), Some(Ending::WriterFailed));
    }

    #[test]
    fn all_ranks_hear_the_reason() {
        for ending in Ending::ALL {
            assert_eq!(Ending::of_last(&Beat { ending: ending.code(), ..Beat::default() }), ending);
        }
        assert_eq!(Ending::of_last(&Beat::default()), Ending::AllDone);
        let stopped = Beat { ending: Ending::Deadline.code(), stop: 2, ..Beat::default() };
        assert_eq!(Ending::of_last(&stopped), Ending::Stop);
    }
}
