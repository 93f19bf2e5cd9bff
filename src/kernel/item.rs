//! A work item: the points of some rows and where their counts go.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::ArrayViewMut2;
use num_complex::Complex64;

use super::Stopped;
use super::interior::Interior;
use super::simd::{LANES, Simd};

/// Up to here looking for cycles costs more than it saves, measured.
const LARGEST_MAX_ITER_WITHOUT_CYCLES: u32 = 4096;

/// The points `re[x] + i im[y]` and their counts.
pub(super) struct Item<'a, T> {
    pub(super) re: &'a [f64],
    pub(super) im: &'a [f64],
    /// One count per point, shape `[im.len(), re.len()]`, rows contiguous.
    pub(super) counts: ArrayViewMut2<'a, T>,
    pub(super) terms: Terms<'a>,
}

impl<T> Item<'_, T> {
    /// Whether rows and columns ascend, so that the corners of a part enclose it.
    pub(super) fn ascends(&self) -> bool {
        self.re.is_sorted() && self.im.is_sorted()
    }
}

/// What holds for every point of an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) max_iter: u32,
    /// Points that need not be iterated: their count is `max_iter`.
    pub(super) interior: Option<Interior>,
    /// Whether cycles may be looked for.
    pub(super) shortcuts: bool,
    /// Whether tiles of neighbours are tried to be proven interior, before any of their points is iterated.
    pub(super) tiles: bool,
    pub(super) stop: &'a AtomicBool,
}

impl Terms<'_> {
    /// The fastest way to find the counts, on a CPU where tiles are best up to `tiles_up_to`.
    pub(super) fn method(&self, tiles_up_to: u32) -> Method {
        match self.max_iter {
            max_iter if max_iter <= tiles_up_to => Method::Tile,
            _ if self.looks_for_cycles() => Method::RefillWithCycles,
            _ => Method::Refill,
        }
    }

    /// Whether `c` is interior by itself.
    pub(super) fn is_interior(&self, c: Complex64) -> bool {
        self.interior.is_some_and(|interior| interior.contains(c.re, c.im))
    }

    /// Whether it pays to look for orbits that repeat.
    pub(super) fn looks_for_cycles(&self) -> bool {
        self.shortcuts && self.max_iter > LARGEST_MAX_ITER_WITHOUT_CYCLES
    }

    /// Errs when the kernel was asked to stop.
    #[inline(always)]
    pub(super) fn go_on(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) { Err(Stopped) } else { Ok(()) }
    }
}

/// The first eight of `re` as a vector, and how many of them there are.
#[inline(always)]
pub(super) fn load_up_to_eight<S: Simd>(simd: S, re: &[f64]) -> (S::Vector, usize) {
    if let Some(re) = re.first_chunk() {
        return (simd.load(re), LANES);
    }
    let mut padded = [0.0; LANES];
    padded[..re.len()].copy_from_slice(re);
    (simd.load(&padded), re.len())
}

/// How the counts of an item are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// [`tile`](super::tile): neighbours together, tested at every step.
    Tile,
    /// [`refill`](super::refill): every lane on its own, tested now and then.
    Refill,
    /// [`refill`](super::refill), looking for orbits that repeat.
    RefillWithCycles,
}
