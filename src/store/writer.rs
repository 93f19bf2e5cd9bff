//! Root's writer: one thread that alone touches files while all ranks compute.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::faults::{Faults, Point};
use crate::store::journal::Journal;
use crate::{machine, threads};

/// Appends records to the journal, in the order in which they are submitted.
#[derive(Debug)]
pub struct Writer {
    orders: Sender<Order>,
    shared: Arc<Shared>,
    thread: JoinHandle<Journal>,
}

/// What the thread does next.
#[derive(Debug)]
enum Order {
    /// Append pieces of whole records.
    Append(Vec<Vec<u8>>),
    /// Make durable what was appended.
    Sync,
}

#[derive(Debug, Default)]
struct Shared {
    /// Orders that are not carried out yet.
    orders: AtomicU64,
    queued_bytes: AtomicU64,
    busy_us: AtomicU64,
    cpu_us: AtomicU64,
    longest_us: AtomicU64,
    /// The first one. Nothing is written after it.
    error: OnceLock<Error>,
}

impl Writer {
    /// Starts the thread; it owns the journal until [`Self::finish`].
    ///
    /// # Errors
    ///
    /// When the system has no thread left.
    pub fn start(journal: Journal, faults: Faults) -> Result<Self> {
        let (orders, queue) = channel();
        let shared = Arc::new(Shared::default());
        let thread = threads::spawn({
            let shared = Arc::clone(&shared);
            move || write_all(journal, &queue, &shared, faults)
        })?;
        Ok(Self { orders, shared, thread })
    }

    /// Queues pieces of whole records. The caller keeps [`Self::queued_bytes`] within its budget.
    pub fn submit(&self, records: Vec<Vec<u8>>) {
        self.shared.queued_bytes.fetch_add(total_bytes(&records), Ordering::SeqCst);
        self.order(Order::Append(records));
    }

    /// Queues an order that makes durable what was submitted before.
    pub fn sync(&self) {
        self.order(Order::Sync);
    }

    fn order(&self, order: Order) {
        self.shared.orders.fetch_add(1, Ordering::SeqCst);
        self.orders.send(order).expect("the writer takes all until it is finished");
    }

    /// Whether anything is left to do.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.shared.orders.load(Ordering::SeqCst) > 0
    }

    /// Bytes that are not written yet.
    #[must_use]
    pub fn queued_bytes(&self) -> u64 {
        self.shared.queued_bytes.load(Ordering::SeqCst)
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

    /// The longest that it took to write and sync what came between two syncs.
    #[must_use]
    pub fn longest_commit(&self) -> Duration {
        Duration::from_micros(self.shared.longest_us.load(Ordering::SeqCst))
    }

    /// The first error, after which nothing more was written.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        self.shared.error.get().cloned()
    }

    /// Waits until all orders are carried out, and gives the journal back.
    ///
    /// # Errors
    ///
    /// The first error of writing.
    pub fn finish(self) -> Result<Journal> {
        drop(self.orders);
        let journal = self.thread.join().expect("a panic has ended the job already");
        self.shared.error.get().cloned().map_or(Ok(journal), Err)
    }
}

fn write_all(mut journal: Journal, queue: &Receiver<Order>, shared: &Shared, faults: Faults) -> Journal {
    let mut since_sync_us = 0;
    for order in queue {
        let started = Instant::now();
        let bytes = if let Order::Append(records) = &order { total_bytes(records) } else { 0 };
        let is_sync = matches!(order, Order::Sync);
        // After an error nothing more is tried: the kernel may have dropped pages that a later sync would
        // not miss. What still arrives is taken and forgotten, so that nobody waits for room.
        if shared.error.get().is_none()
            && let Err(error) = carry_out(order, &mut journal, faults)
        {
            shared.error.get_or_init(|| error);
        }
        let elapsed_us = started.elapsed().as_micros() as u64;
        shared.busy_us.fetch_add(elapsed_us, Ordering::SeqCst);
        shared.cpu_us.store((machine::thread_cpu_s() * 1e6) as u64, Ordering::SeqCst);
        since_sync_us += elapsed_us;
        shared.longest_us.fetch_max(since_sync_us, Ordering::SeqCst);
        if is_sync {
            since_sync_us = 0;
        }
        shared.queued_bytes.fetch_sub(bytes, Ordering::SeqCst);
        shared.orders.fetch_sub(1, Ordering::SeqCst);
    }
    journal
}

fn carry_out(order: Order, journal: &mut Journal, faults: Faults) -> Result<()> {
    match order {
        Order::Append(records) => faults.pass(Point::Write).and_then(|()| journal.append(&records)),
        Order::Sync => journal.sync(),
    }
}

fn total_bytes(records: &[Vec<u8>]) -> u64 {
    records.iter().map(|record| record.len() as u64).sum()
}
