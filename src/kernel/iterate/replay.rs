//! Exact counts of orbits that are known to have escaped within the last stride.
//!
//! The saved states wait in a queue until they fill the vectors. Then they are iterated again, with a test at
//! every step.

use crate::dataset::Count;
use crate::kernel::simd::{LANES, Orbit, Simd, ZERO_COUNT, eight, eight_mut};
use crate::kernel::work_item::WorkItem;

/// Steps of a stride: an orbit escapes within the stride after its saved state.
pub(crate) const STRIDE: usize = 16;

/// The most vectors that are replayed together.
const MOST_VECTORS: usize = 4;
/// Room for all but one of a replay, when 64 lanes come in.
const LENGTH: usize = MOST_VECTORS * LANES + 64;

/// The `n` of `2^52 + n`, but at most `max_iter`.
#[inline(always)]
fn count(count: f64, max_iter: u32) -> u32 {
    (count.to_bits() & 0xf_ffff_ffff_ffff).min(max_iter.into()) as u32
}

/// What is saved of an orbit that escaped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Saved {
    pub(crate) z: Orbit<f64>,
    pub(crate) c: Orbit<f64>,
    /// The step at which the orbit was at `z`, inside.
    pub(crate) step: f64,
    /// Row and column of its count.
    pub(crate) index: [usize; 2],
}

/// The saved states of orbits that escaped.
pub(crate) struct ReplayQueue {
    re: [f64; LENGTH],
    im: [f64; LENGTH],
    c_re: [f64; LENGTH],
    c_im: [f64; LENGTH],
    counts: [f64; LENGTH],
    indices: [[usize; 2]; LENGTH],
    len: usize,
}

impl ReplayQueue {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        let empty = [0.0; LENGTH];
        Self {
            re: empty,
            im: empty,
            c_re: empty,
            c_im: empty,
            counts: [ZERO_COUNT; LENGTH],
            indices: [[0; 2]; LENGTH],
            len: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, saved: &Saved) {
        let at = self.len;
        self.re[at] = saved.z.re;
        self.im[at] = saved.z.im;
        self.c_re[at] = saved.c.re;
        self.c_im[at] = saved.c.im;
        self.counts[at] = ZERO_COUNT + saved.step;
        self.indices[at] = saved.index;
        self.len = at + 1;
    }

    /// Replays `R` vectors of states at a time while the queue has as many, or all there are. Returns the
    /// cost.
    #[inline(always)]
    pub(crate) fn replay<S: Simd, T: Count, const R: usize>(
        &mut self,
        simd: S,
        item: &mut WorkItem<'_, T>,
        all: bool,
    ) -> u64 {
        const { assert!(R <= MOST_VECTORS, "the queue has room for as many") };
        let mut cost = 0;
        while self.len >= R * LANES || (all && self.len > 0) {
            let first = self.len.saturating_sub(R * LANES);
            let counts: [S::Vector; R] = self.replay_from(simd, first);
            for group in 0..R {
                simd.store(counts[group], eight_mut(&mut self.counts, first + group * LANES));
            }
            for entry in first..self.len {
                let count = count(self.counts[entry], item.params.max_iter);
                item.counts[self.indices[entry]] = T::from_count(count);
                cost += u64::from(count);
            }
            self.len = first;
        }
        cost
    }

    /// The counts of the entries from `first` on.
    #[inline(always)]
    fn replay_from<S: Simd, const R: usize>(&self, simd: S, first: usize) -> [S::Vector; R] {
        let mut z = [Orbit { re: simd.splat(0.0), im: simd.splat(0.0) }; R];
        let mut c = z;
        let mut counts = [simd.splat(0.0); R];
        for group in 0..R {
            let at = first + group * LANES;
            z[group] = Orbit { re: simd.load(eight(&self.re, at)), im: simd.load(eight(&self.im, at)) };
            c[group] = Orbit { re: simd.load(eight(&self.c_re, at)), im: simd.load(eight(&self.c_im, at)) };
            counts[group] = simd.load(eight(&self.counts, at));
        }
        for _ in 0..STRIDE {
            for group in 0..R {
                let c = Orbit { re: &c[group].re, im: &c[group].im };
                (z[group], counts[group]) = simd.counted_step(z[group], c, counts[group]);
            }
        }
        counts
    }
}
