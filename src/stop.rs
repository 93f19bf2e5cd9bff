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

    /// Whether it is time to stop at `now`, when what is left to write takes `writing`.
    #[must_use]
    pub fn is_near(self, now: Instant, writing: Duration) -> bool {
        match self {
            Self::Open => false,
            Self::At(end) => now >= end,
            Self::Killed(end) => now + SAFETY + writing >= end,
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
    fn the_users_limit_is_met_and_slurms_is_never_reached() {
        let now = Instant::now();
        let in_s = |seconds| now + Duration::from_secs(seconds);
        let user = End::new(now, Some(Duration::from_secs(60)), Some(0));
        assert_eq!(user, End::At(in_s(60)));
        assert!(!user.is_near(in_s(59), Duration::from_secs(5)) && user.is_near(in_s(60), Duration::ZERO));
        let killed = End::Killed(in_s(60));
        assert!(!killed.is_near(in_s(44), Duration::from_secs(5)));
        assert!(killed.is_near(in_s(45), Duration::from_secs(5)));
        assert!(!End::Open.is_near(in_s(1 << 30), Duration::ZERO));
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
