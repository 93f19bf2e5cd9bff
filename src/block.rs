//! One rank's row block in one round: its bands, computed and encoded by the team.
//!
//! Threads claim work in ascending order from one cursor. They take a *slab*, some consecutive bands (one large
//! band, or many small ones), and within it a *strip*; who finishes the last strip of a slab encodes its bands.
//! A slab that was begun is finished, so what is left of a block is always its tail; only a stop request makes
//! kernels give up in the middle.

mod slab;
#[cfg(test)]
mod tests;
mod work;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::band::{Encoding, Record};
use crate::dataset::Count;

use slab::{STRIP_COST, STRIP_POINTS, STRIP_ROWS, Slab};

pub use work::Work;

/// Believed cost and points of a slab of more bands than a strip has points for.
const SLAB_COST: u64 = 4 * STRIP_COST;
const SLAB_POINTS: u64 = 1 << 20;

/// Slabs that each thread takes, at least, if the block has as many bands: the last ones are small, so that
/// threads finish together.
const SLABS_PER_THREAD: usize = 4;

/// A rank's part of a round.
#[derive(Debug)]
pub struct Block<'a, T> {
    /// The bands, ascending.
    bands: &'a [u64],
    /// What each of them is believed to cost.
    costs: &'a [u64],
    threads: usize,
    budget_bytes: u64,
    /// The slab that is being handed out, and its next strip.
    open: Mutex<Option<(Arc<Slab<T>>, usize)>>,
    /// How many bands are begun.
    taken: Mutex<usize>,
    room: Condvar,
    closing: AtomicBool,
    stop: AtomicBool,
    active: Mutex<usize>,
    left: Condvar,
    records: Mutex<Vec<Record>>,
    held_bytes: AtomicU64,
    finished_bands: AtomicUsize,
    finished_cost: AtomicU64,
    executed: AtomicU64,
    compute_us: AtomicU64,
    encode_us: AtomicU64,
}

impl<'a, T: Count> Block<'a, T> {
    /// The block of `bands`, believed to cost `costs`, for a team of `threads`. While the encoded bands of this
    /// block take more than `budget_bytes`, no new ones are begun.
    #[must_use]
    pub fn new(bands: &'a [u64], costs: &'a [u64], threads: usize, budget_bytes: u64) -> Self {
        assert_eq!(bands.len(), costs.len(), "one cost per band");
        Self {
            bands,
            costs,
            threads,
            budget_bytes,
            open: Mutex::default(),
            taken: Mutex::default(),
            room: Condvar::new(),
            closing: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            active: Mutex::new(threads),
            left: Condvar::new(),
            records: Mutex::default(),
            held_bytes: AtomicU64::new(0),
            finished_bands: AtomicUsize::new(0),
            finished_cost: AtomicU64::new(0),
            executed: AtomicU64::new(0),
            compute_us: AtomicU64::new(0),
            encode_us: AtomicU64::new(0),
        }
    }

    /// Lets no new slab begin.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        // Under the lock, so that no thread is between its look at the flag and its wait.
        let _taken = lock(&self.taken);
        self.room.notify_all();
    }

    /// Makes kernels give up, too.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.close();
    }

    /// Waits until no thread is at work, at most for `timeout`; says whether it is so.
    pub fn wait_idle(&self, timeout: Duration) -> bool {
        let active = lock(&self.active);
        let (active, _) = self
            .left
            .wait_timeout_while(active, timeout, |active| *active > 0)
            .expect("no panic is survived");
        *active == 0
    }

    /// Believed cost of the bands that no thread has begun.
    #[must_use]
    pub fn unbegun_cost(&self) -> u64 {
        self.costs[*lock(&self.taken)..].iter().sum()
    }

    /// Believed cost of the finished bands.
    #[must_use]
    pub fn finished_cost(&self) -> u64 {
        self.finished_cost.load(Ordering::SeqCst)
    }

    /// Number of finished bands; the first so many of the block, when no stop was asked and no thread is at work.
    #[must_use]
    pub fn finished_bands(&self) -> usize {
        self.finished_bands.load(Ordering::SeqCst)
    }

    /// Executed pixel-iterations of the finished bands.
    #[must_use]
    pub fn executed(&self) -> u64 {
        self.executed.load(Ordering::SeqCst)
    }

    /// Bytes of the records.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.held_bytes.load(Ordering::SeqCst)
    }

    /// Whether the records take so much memory that no new bands are begun.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.held_bytes() > self.budget_bytes
    }

    /// Seconds in the kernel and in encoding, the mean over the threads.
    #[must_use]
    pub fn busy_s(&self) -> (f64, f64) {
        let mean = |us: &AtomicU64| us.load(Ordering::SeqCst) as f64 * 1e-6 / self.threads as f64;
        (mean(&self.compute_us), mean(&self.encode_us))
    }

    /// Takes the records of bands that were finished since the last time, in that order, and so makes room for more.
    #[must_use]
    pub fn take_records(&self) -> Vec<Record> {
        let records = std::mem::take(&mut *lock(&self.records));
        let bytes = records.iter().map(|record| record.as_bytes().len() as u64).sum();
        self.held_bytes.fetch_sub(bytes, Ordering::SeqCst);
        // Under the lock, as in `close`.
        let _taken = lock(&self.taken);
        self.room.notify_all();
        records
    }

    /// The next consecutive bands, once there is memory for them.
    fn take_bands(&self, encoding: &Encoding) -> Option<Range<u64>> {
        let taken = lock(&self.taken);
        // Nobody ever wakes a thread that waits for room when nothing is left to put there.
        let waits = |taken: &mut usize| !self.is_closing() && *taken < self.bands.len() && self.is_full();
        let mut taken = self.room.wait_while(taken, waits).expect("no panic is survived");
        if self.is_closing() || *taken == self.bands.len() {
            return None;
        }
        let (rest, costs) = (&self.bands[*taken..], &self.costs[*taken..]);
        let band_points = encoding.geometry.band_rows * encoding.geometry.width;
        let tall = (STRIP_ROWS / encoding.geometry.band_rows).min(SLAB_POINTS / band_points);
        let most = (STRIP_POINTS / band_points).max(tall).max(1) as usize;
        let share = (rest.len() / (SLABS_PER_THREAD * self.threads)).clamp(1, most);
        let mut cost = costs[0];
        let fits = |&i: &usize| {
            cost = cost.saturating_add(costs[i]);
            rest[i] == rest[0] + i as u64 && cost <= SLAB_COST
        };
        let bands = 1 + (1..share).take_while(fits).count();
        *taken += bands;
        Some(rest[0]..rest[0] + bands as u64)
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    fn put(&self, record: Record) {
        // Under the lock, so that records are never taken before they are counted.
        let mut records = lock(&self.records);
        self.held_bytes.fetch_add(record.as_bytes().len() as u64, Ordering::SeqCst);
        records.push(record);
    }

    fn believed_cost(&self, bands: &Range<u64>) -> u64 {
        let first = self.bands.partition_point(|&band| band < bands.start);
        self.costs[first..first + (bands.end - bands.start) as usize].iter().sum()
    }

    fn finish_slab(&self, bands: &Range<u64>, executed: u64) {
        self.finished_cost.fetch_add(self.believed_cost(bands), Ordering::SeqCst);
        self.executed.fetch_add(executed, Ordering::SeqCst);
        self.finished_bands.fetch_add((bands.end - bands.start) as usize, Ordering::SeqCst);
    }

    fn leave(&self) {
        *lock(&self.active) -= 1;
        self.left.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a panic ends the job, nobody sees its locks")
}
