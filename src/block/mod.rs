//! One rank's row block in one round: its bands, computed and encoded by the team.
//!
//! Some threads of the team are *callers*: they call the kernel. The kernel says how many it wants: every
//! thread, or few with many bands at a time. Callers claim work in ascending order from one cursor. They take
//! a *slab*, which is one large band or many small ones, and within it a *strip*. The caller that finishes
//! the last strip of a slab encodes its bands. Where some threads are no callers, it leaves the bands to them
//! in the *backlog*.
//!
//! A slab that was begun is finished, so what is left of a block is always its tail. Only a stop request
//! makes kernels give up in the middle.

mod backlog;
mod gauges;
mod lock;
mod queue;
mod slab;
#[cfg(test)]
mod tests;
mod work;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::band::Record;

use backlog::Backlog;
use gauges::Gauges;
use lock::lock;
use queue::Queue;
use slab::Slab;

pub use work::TeamWork;

/// A rank's part of a round.
#[derive(Debug)]
pub struct Block<'a> {
    queue: Queue<'a>,
    backlog: Backlog,
    gauges: Gauges,
    records: Mutex<Vec<Record>>,
    budget_bytes: u64,
    threads: usize,
    callers: usize,
    /// How many threads of the team have come so far.
    come: AtomicUsize,
    active: Mutex<usize>,
    left: Condvar,
}

impl Block<'_> {
    /// Lets no new slab begin.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Makes kernels give up, too.
    pub fn stop(&self) {
        self.queue.stop();
        self.backlog.drop_all();
    }

    /// Waits until no thread is at work, at most for `timeout`. Returns whether none is.
    pub fn wait_idle(&self, timeout: Duration) -> bool {
        let active = lock(&self.active);
        let (active, _) = self
            .left
            .wait_timeout_while(active, timeout, |active| *active > 0)
            .expect("no panic is survived");
        *active == 0
    }

    /// Predicted cost of the bands that no thread has begun.
    #[must_use]
    pub fn unbegun_cost(&self) -> u64 {
        self.queue.unbegun_cost()
    }

    /// Predicted cost of the finished bands.
    #[must_use]
    pub fn finished_cost(&self) -> u64 {
        self.gauges.finished_cost.load(Ordering::SeqCst)
    }

    /// Number of finished bands. They are the first ones of the block when no thread is at work and no stop
    /// was asked.
    #[must_use]
    pub fn finished_bands(&self) -> usize {
        self.gauges.finished_bands.load(Ordering::SeqCst)
    }

    /// Executed pixel-iterations of the finished bands.
    #[must_use]
    pub fn executed(&self) -> u64 {
        self.gauges.executed.load(Ordering::SeqCst)
    }

    /// Bytes of the records.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.gauges.held_bytes.load(Ordering::SeqCst)
    }

    /// Whether the records take so much memory that no new bands are begun.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.held_bytes() > self.budget_bytes
    }

    /// Seconds in the kernel, the mean over the callers, and in encoding, the mean over all threads.
    #[must_use]
    pub fn busy_s(&self) -> (f64, f64) {
        let (compute_s, encode_s) = self.gauges.busy_s();
        (compute_s / self.callers as f64, encode_s / self.threads as f64)
    }

    /// Takes the records of bands that were finished since the last time, in that order, and so makes room
    /// for more.
    #[must_use]
    pub fn take_records(&self) -> Vec<Record> {
        let records = std::mem::take(&mut *lock(&self.records));
        self.gauges.release(bytes(&records));
        self.queue.tell_of_room();
        records
    }

    /// The next strip for a caller, once there is memory for it.
    fn claim(&self) -> Option<(Arc<Slab>, usize)> {
        self.queue.claim(|| self.is_full())
    }

    /// Whether a thread that has just come is to call the kernel.
    fn takes_caller(&self) -> bool {
        self.come.fetch_add(1, Ordering::SeqCst) < self.callers
    }

    /// Takes the records of a slab, of which there is one for each band.
    fn finish_slab(&self, slab: &Slab, new: Vec<Record>) {
        let bands = new.len();
        // Under the lock, so that records are never taken before they are counted.
        let mut records = lock(&self.records);
        self.gauges.hold(bytes(&new));
        records.extend(new);
        drop(records);
        self.gauges.finish(bands, self.queue.predicted_cost(&slab.bands), slab.executed());
    }

    fn leave(&self) {
        *lock(&self.active) -= 1;
        self.left.notify_all();
    }
}

fn bytes(records: &[Record]) -> u64 {
    records.iter().map(|record| record.as_bytes().len() as u64).sum()
}
