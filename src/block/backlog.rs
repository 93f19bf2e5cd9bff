//! Computed slabs whose bands wait to be encoded.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

use super::lock::lock;
use super::slab::ComputedSlab;

/// Slabs that are computed, and who may still bring more.
#[derive(Debug)]
pub(super) struct Backlog {
    state: Mutex<State>,
    changed: Condvar,
}

/// Slabs that may wait while callers go on computing.
const MAY_WAIT: usize = 1;

#[derive(Debug)]
struct State {
    /// Each with its next band.
    slabs: VecDeque<(Arc<ComputedSlab>, usize)>,
    callers: usize,
    is_stopped: bool,
}

impl State {
    fn pop(&mut self) -> Option<(Arc<ComputedSlab>, usize)> {
        let (slab, next) = self.slabs.front_mut()?;
        let band = (Arc::clone(slab), *next);
        *next += 1;
        if *next == slab.bands() {
            self.slabs.pop_front();
        }
        Some(band)
    }
}

impl Backlog {
    pub(super) fn new(callers: usize) -> Self {
        let state = State { slabs: VecDeque::new(), callers, is_stopped: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) fn push(&self, slab: ComputedSlab) {
        let mut state = lock(&self.state);
        if !state.is_stopped {
            state.slabs.push_back((Arc::new(slab), 0));
            self.changed.notify_all();
        }
    }

    pub(super) fn caller_leaves(&self) {
        lock(&self.state).callers -= 1;
        self.changed.notify_all();
    }

    /// Gives up what nobody has begun to encode, and whatever comes.
    pub(super) fn drop_all(&self) {
        let mut state = lock(&self.state);
        state.is_stopped = true;
        state.slabs.clear();
        self.changed.notify_all();
    }

    /// A band that a caller must encode before it computes on, so that the backlog stays small.
    pub(super) fn overdue_band(&self) -> Option<(Arc<ComputedSlab>, usize)> {
        let mut state = lock(&self.state);
        if state.slabs.len() > MAY_WAIT { state.pop() } else { None }
    }

    /// The next band to encode; waits for one as long as there are callers.
    pub(super) fn next_band(&self) -> Option<(Arc<ComputedSlab>, usize)> {
        let is_empty = |state: &mut State| state.slabs.is_empty() && state.callers > 0 && !state.is_stopped;
        self.changed.wait_while(lock(&self.state), is_empty).expect("no panic is survived").pop()
    }
}
