//! Requests to stop: a signal that this rank got, or the end of the job's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::error::{Error, Result};
use crate::threads;

/// Launchers may deliver one signal twice. A second one ends the program at once only after this time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes a file that grows past `ulimit -f` an error like any other, which ends the job with a message.
/// Without this the signal SIGXFSZ ends the process.
///
/// # Errors
///
/// When the handler cannot be installed.
pub fn make_file_limit_an_error() -> Result<()> {
    // Any handler does: the write that was too long then fails with EFBIG.
    let handler = signal_hook::flag::register(SIGXFSZ, Arc::default());
    handler.map(drop).map_err(|error| Error::io("cannot handle SIGXFSZ", &error))
}

/// When a job must be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Never.
    Open,
    /// The user's limit: work stops then.
    At(Instant),
    /// The batch system's limit: everything must be written by then.
    Killed(Instant),
}

/// Time to leave before being killed, besides what writing takes.
const SAFETY: Duration = Duration::from_secs(10);

/// The writing of what is left is taken to last so many times as long as the longest commit did.
const COMMITS_KEPT: u32 = 3;

impl End {
    /// The user's limit of `max_time` from `began`, else the end of the batch job, if that is known.
    #[must_use]
    pub fn new(began: Instant, max_time: Option<Duration>, end_unix_s: Option<u64>) -> Self {
        if let Some(time) = max_time {
            return Self::At(began + time);
        }
        let left = end_unix_s.and_then(|end| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
            Duration::from_secs(end).checked_sub(now)
        });
        left.and_then(|left| Instant::now().checked_add(left)).map_or(Self::Open, Self::Killed)
    }

    /// Whether it is so near at `now` that writing must begin, when the longest commit took `longest_commit`.
    #[must_use]
    pub fn is_near(self, now: Instant, longest_commit: Duration) -> bool {
        match self {
            Self::Open => false,
            Self::At(end) => now >= end,
            Self::Killed(end) => now + SAFETY + COMMITS_KEPT * longest_commit >= end,
        }
    }
}

/// Whether the job has been asked to stop, on this rank.
#[derive(Debug, Clone, Default)]
pub struct StopRequest {
    asked: Arc<AtomicBool>,
}

impl StopRequest {
    /// Listens for SIGTERM, SIGINT, SIGUSR1 and SIGUSR2 as well. To be called after MPI is started, which
    /// may set handlers of its own.
    ///
    /// # Errors
    ///
    /// When the handlers cannot be installed, or the thread that waits for signals cannot be started.
    pub fn listen() -> Result<Self> {
        let request = Self::default();
        let signals = Signals::new([SIGTERM, SIGINT, SIGUSR1, SIGUSR2]);
        let mut signals = signals.map_err(|error| Error::io("cannot listen for signals", &error))?;
        let asked = Arc::clone(&request.asked);
        threads::spawn(move || {
            let mut first = None;
            for signal in signals.forever() {
                asked.store(true, Ordering::SeqCst);
                let first = *first.get_or_insert_with(Instant::now);
                if first.elapsed() >= PATIENCE && [SIGTERM, SIGINT].contains(&signal) {
                    std::process::exit(128 + signal);
                }
            }
        })?;
        Ok(request)
    }

    /// What is set when a stop is asked.
    #[must_use]
    pub fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// Asks for a stop.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_limit_is_an_instant() {
        let now = Instant::now();
        let user = End::new(now, Some(Duration::from_secs(60)), Some(0));
        assert_eq!(user, End::At(now + Duration::from_secs(60)));
    }

    #[test]
    fn time_is_up_while_there_is_time_to_write() {
        let now = Instant::now();
        let in_s = |seconds| now + Duration::from_secs(seconds);
        for (end, commit_s, expected) in [
            (End::Open, 1000, false),
            (End::At(in_s(1)), 1000, false),
            (End::At(now), 0, true),
            // 10 s to leave, and three times the longest commit.
            (End::Killed(in_s(26)), 5, false),
            (End::Killed(in_s(25)), 5, true),
            (End::Killed(in_s(11)), 0, false),
            (End::Killed(in_s(10)), 0, true),
        ] {
            assert_eq!(end.is_near(now, Duration::from_secs(commit_s)), expected, "{end:?}, {commit_s} s");
        }
    }

    #[test]
    fn the_batch_systems_end_is_in_so_many_seconds() {
        let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() + 100;
        let End::Killed(end) = End::new(Instant::now(), None, Some(unix_s)) else { panic!("it has an end") };
        let left = end.duration_since(Instant::now());
        assert!(left > Duration::from_secs(90) && left <= Duration::from_secs(100), "{left:?}");
        assert_eq!(End::new(Instant::now(), None, None), End::Open);
    }
}
