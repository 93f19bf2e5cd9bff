//! Requests to stop: a signal that this rank got, or the end of its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::iterator::Signals;

/// Launchers may deliver one signal twice. Only who asks again after this long means "now".
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes a file that grows past `ulimit -f` an error like any other, which ends the job with a message. Without this
/// the signal SIGXFSZ ends the process.
///
/// # Errors
///
/// When the handler cannot be installed.
pub fn make_file_limit_an_error() -> std::io::Result<()> {
    // Any handler does: the write that was too long then fails with EFBIG.
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

/// Whether the job has been asked to stop, on this rank.
#[derive(Debug, Clone)]
pub struct StopRequest {
    asked: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl StopRequest {
    /// A request that only comes when `deadline` passes.
    #[must_use]
    pub fn at(deadline: Option<Instant>) -> Self {
        Self { asked: Arc::default(), deadline }
    }

    /// Listens for SIGTERM, SIGINT, SIGUSR1 and SIGUSR2 as well. To be called after MPI is started, which
    /// may set handlers of its own.
    ///
    /// # Errors
    ///
    /// When the handlers cannot be installed.
    pub fn listen(deadline: Option<Instant>) -> std::io::Result<Self> {
        let request = Self::at(deadline);
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGUSR1, SIGUSR2])?;
        let asked = Arc::clone(&request.asked);
        std::thread::spawn(move || {
            let mut first = None;
            for signal in signals.forever() {
                asked.store(true, Ordering::SeqCst);
                let first = *first.get_or_insert_with(Instant::now);
                if first.elapsed() >= PATIENCE && [SIGTERM, SIGINT].contains(&signal) {
                    std::process::exit(128 + signal);
                }
            }
        });
        Ok(request)
    }

    /// Asks for a stop.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst) || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}
