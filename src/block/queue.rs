//! How the bands of a block are handed out: in ascending order, slab by slab and strip by strip.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::lock::lock;
use super::slab::{Slab, SlabSize};
use crate::band::Geometry;

/// The bands of a block, and how many of them are begun.
#[derive(Debug)]
pub(super) struct Queue<'a> {
    /// Ascending.
    bands: &'a [u64],
    /// What each of them is predicted to cost.
    costs: &'a [u64],
    geometry: Geometry,
    size: SlabSize,
    /// The slab that is being handed out, and its next strip.
    open: Mutex<Option<(Arc<Slab>, usize)>>,
    /// How many bands are begun.
    taken: Mutex<usize>,
    room: Condvar,
    closing: AtomicBool,
    stop: AtomicBool,
}

impl<'a> Queue<'a> {
    pub(super) fn new(bands: &'a [u64], costs: &'a [u64], geometry: Geometry, size: SlabSize) -> Self {
        assert_eq!(bands.len(), costs.len(), "one cost per band");
        Self {
            bands,
            costs,
            geometry,
            size,
            open: Mutex::default(),
            taken: Mutex::default(),
            room: Condvar::new(),
            closing: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        }
    }

    /// Lets no new slab begin.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.tell_of_room();
    }

    /// Makes kernels give up, too.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.close();
    }

    pub(super) fn stop_flag(&self) -> &AtomicBool {
        &self.stop
    }

    /// Wakes the thread that waits for memory, or for what may end its wait.
    pub(super) fn tell_of_room(&self) {
        // Under the lock, so that no thread is between its look at the flag and its wait.
        let _taken = lock(&self.taken);
        self.room.notify_all();
    }

    pub(super) fn unbegun_cost(&self) -> u64 {
        self.costs[*lock(&self.taken)..].iter().sum()
    }

    pub(super) fn predicted_cost(&self, bands: &Range<u64>) -> u64 {
        let first = self.bands.partition_point(|&band| band < bands.start);
        self.costs[first..first + (bands.end - bands.start) as usize].iter().sum()
    }

    /// The next strip, of the slab that is open or of a new one. While `is_full`, no new slab is begun.
    pub(super) fn claim(&self, is_full: impl Fn() -> bool) -> Option<(Arc<Slab>, usize)> {
        let mut open = lock(&self.open);
        if open.as_ref().is_none_or(|(slab, next)| *next == slab.strips.len()) {
            // Set anew below. Nobody else needs the cursor while this thread waits for memory: all would.
            *open = None;
            let bands = self.take_bands(is_full)?;
            let cost = self.predicted_cost(&bands);
            *open = Some((Arc::new(Slab::new(&self.geometry, bands, cost, &self.size)), 0));
        }
        let (slab, next) = open.as_mut().expect("set above");
        *next += 1;
        Some((Arc::clone(slab), *next - 1))
    }

    /// The next consecutive bands, once there is memory for them.
    fn take_bands(&self, is_full: impl Fn() -> bool) -> Option<Range<u64>> {
        let taken = lock(&self.taken);
        // Nobody ever wakes a thread that waits for room when nothing is left to put there.
        let waits = |taken: &mut usize| !self.is_closing() && *taken < self.bands.len() && is_full();
        let mut taken = self.room.wait_while(taken, waits).expect("no panic is survived");
        if self.is_closing() || *taken == self.bands.len() {
            return None;
        }
        let (rest, costs) = (&self.bands[*taken..], &self.costs[*taken..]);
        let most = self.size.most_bands(rest.len());
        let mut cost = costs[0];
        let fits = |&i: &usize| {
            cost = cost.saturating_add(costs[i]);
            rest[i] == rest[0] + i as u64 && cost <= self.size.cost
        };
        let bands = 1 + (1..most).take_while(fits).count();
        *taken += bands;
        Some(rest[0]..rest[0] + bands as u64)
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}
