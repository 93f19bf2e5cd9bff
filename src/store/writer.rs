//! Root's writer: one thread that alone touches files while all ranks compute.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::store::journal::Journal;
use crate::{telemetry, threads};

/// Appends records to the journal, in the order in which they are submitted.
#[derive(Debug)]
pub struct Writer {
    records: Sender<Vec<u8>>,
    shared: Arc<Shared>,
    thread: JoinHandle<Journal>,
}

#[derive(Debug, Default)]
struct Shared {
    queued_bytes: AtomicU64,
    written_bytes: AtomicU64,
    busy_us: AtomicU64,
    cpu_us: AtomicU64,
    longest_us: AtomicU64,
    error: Mutex<Option<Error>>,
}

impl Writer {
    /// Starts the thread; it owns the journal until [`Self::finish`].
    ///
    /// # Errors
    ///
    /// When there is no thread to be had.
    pub fn start(journal: Journal, faults: Faults) -> Result<Self> {
        let (records, queue) = channel();
        let shared = Arc::new(Shared::default());
        let thread = threads::spawn({
            let shared = Arc::clone(&shared);
            move || write_all(journal, &queue, &shared, &faults)
        })?;
        Ok(Self { records, shared, thread })
    }

    /// Queues whole records. The caller keeps [`Self::queued_bytes`] within its budget.
    pub fn submit(&self, records: Vec<u8>) {
        self.shared.queued_bytes.fetch_add(records.len() as u64, Ordering::SeqCst);
        self.records.send(records).expect("the writer takes all until it is finished");
    }

    /// Bytes that are not durable yet.
    #[must_use]
    pub fn queued_bytes(&self) -> u64 {
        self.shared.queued_bytes.load(Ordering::SeqCst)
    }

    /// Bytes that are durable.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.shared.written_bytes.load(Ordering::SeqCst)
    }

    /// Seconds spent writing and syncing.
    #[must_use]
    pub fn busy_s(&self) -> f64 {
        self.shared.busy_us.load(Ordering::SeqCst) as f64 * 1e-6
    }

    /// CPU seconds of that; the rest is waiting for the disk.
    #[must_use]
    pub fn cpu_s(&self) -> f64 {
        self.shared.cpu_us.load(Ordering::SeqCst) as f64 * 1e-6
    }

    /// The longest that one batch took to write and sync.
    #[must_use]
    pub fn longest_commit(&self) -> Duration {
        Duration::from_micros(self.shared.longest_us.load(Ordering::SeqCst))
    }

    /// The first error, after which nothing more was written.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        self.shared.error.lock().expect("no panic while it is held").clone()
    }

    /// Waits until everything is written, and gives the journal back.
    ///
    /// # Errors
    ///
    /// The first error of writing.
    pub fn finish(self) -> Result<Journal> {
        drop(self.records);
        let journal = self.thread.join().expect("a panic has ended the job already");
        let error = self.shared.error.lock().expect("no panic while it is held").take();
        error.map_or(Ok(journal), Err)
    }
}

fn write_all(mut journal: Journal, queue: &Receiver<Vec<u8>>, shared: &Shared, faults: &Faults) -> Journal {
    for records in queue {
        let bytes = records.len() as u64;
        let started = Instant::now();
        // After an error nothing more is tried: the kernel may have dropped pages that a later sync would
        // not miss. What still arrives is taken and forgotten, so that nobody waits for room.
        let failed = shared.error.lock().expect("no panic while it is held").is_some();
        if !failed {
            match faults.pass("write").and_then(|()| journal.append(&records)) {
                Ok(()) => drop(shared.written_bytes.fetch_add(bytes, Ordering::SeqCst)),
                Err(error) => *shared.error.lock().expect("no panic while it is held") = Some(error),
            }
        }
        drop(records);
        let elapsed_us = started.elapsed().as_micros() as u64;
        shared.busy_us.fetch_add(elapsed_us, Ordering::SeqCst);
        shared.cpu_us.store((telemetry::thread_cpu_s() * 1e6) as u64, Ordering::SeqCst);
        shared.longest_us.fetch_max(elapsed_us, Ordering::SeqCst);
        shared.queued_bytes.fetch_sub(bytes, Ordering::SeqCst);
    }
    journal
}
