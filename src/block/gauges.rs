//! What is counted of a block while it is computed.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// What is counted of a block.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    pub(super) held_bytes: AtomicU64,
    pub(super) finished_bands: AtomicUsize,
    pub(super) finished_cost: AtomicU64,
    pub(super) executed: AtomicU64,
    compute_us: AtomicU64,
    encode_us: AtomicU64,
}

impl Gauges {
    /// Seconds in the kernel and in encoding, summed over all threads.
    pub(super) fn busy_s(&self) -> (f64, f64) {
        let seconds = |us: &AtomicU64| us.load(Ordering::SeqCst) as f64 * 1e-6;
        (seconds(&self.compute_us), seconds(&self.encode_us))
    }

    pub(super) fn hold(&self, bytes: u64) {
        self.held_bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    pub(super) fn release(&self, bytes: u64) {
        self.held_bytes.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// Counts bands of this predicted cost as finished.
    pub(super) fn finish(&self, bands: usize, predicted_cost: u64, executed: u64) {
        self.finished_cost.fetch_add(predicted_cost, Ordering::SeqCst);
        self.executed.fetch_add(executed, Ordering::SeqCst);
        self.finished_bands.fetch_add(bands, Ordering::SeqCst);
    }

    /// Runs `work` and counts its time as that of the kernel.
    pub(super) fn computing<T>(&self, work: impl FnOnce() -> T) -> T {
        timed(&self.compute_us, work)
    }

    /// Runs `work` and counts its time as that of encoding.
    pub(super) fn encoding<T>(&self, work: impl FnOnce() -> T) -> T {
        timed(&self.encode_us, work)
    }
}

fn timed<T>(total_us: &AtomicU64, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    total_us.fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
    result
}
