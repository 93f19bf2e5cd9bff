//! Exact counts of orbits that are known to have escaped within the last block.
//!
//! The saved states wait in a queue until there are enough of them to fill the vectors, and are then
//! iterated again with a test at every step.

use super::Count;
use super::feed::{MOST_LANES, index};
use super::item::Item;
use super::orbit::Orbit;
use super::refill::STEPS;
use super::simd::{LANES, Simd, eight, eight_mut};

/// The most vectors that are replayed together.
const MOST_VECTORS: usize = 6;
/// Less than one replay may be left when every lane comes in, and a vector may be touched at the last entry.
const LENGTH: usize = MOST_VECTORS * LANES + MOST_LANES + LANES;

/// 2^52, the first f64 with a spacing of 1: in `2^52 + n` the count is the low bits.
pub(super) const ZERO_COUNT: f64 = 4_503_599_627_370_496.0;

/// The `n` of `2^52 + n`, but at most `max_iter`.
#[inline(always)]
pub(super) fn count(count: f64, max_iter: u32) -> u32 {
    (count.to_bits() & 0xf_ffff_ffff_ffff).min(max_iter.into()) as u32
}

/// The saved states of orbits that escaped.
pub(super) struct Queue {
    re: [f64; LENGTH],
    im: [f64; LENGTH],
    c_re: [f64; LENGTH],
    c_im: [f64; LENGTH],
    counts: [f64; LENGTH],
    numbers: [f64; LENGTH],
    len: usize,
}

/// What is saved of a vector of orbits.
pub(super) struct Saved<V> {
    pub(super) z: Orbit<V>,
    pub(super) c: Orbit<V>,
    /// [`ZERO_COUNT`] + the step at which the orbit was at `z`, inside.
    pub(super) count: V,
    pub(super) number: V,
}

impl Queue {
    #[inline(always)]
    pub(super) fn new() -> Self {
        let empty = [0.0; LENGTH];
        Self { re: empty, im: empty, c_re: empty, c_im: empty, counts: empty, numbers: empty, len: 0 }
    }

    /// Takes the chosen lanes of `saved`.
    #[inline(always)]
    pub(super) fn push<S: Simd>(&mut self, simd: S, lanes: u8, saved: &Saved<S::Vector>) {
        let at = self.len;
        simd.compress(lanes, saved.z.re, eight_mut(&mut self.re, at));
        simd.compress(lanes, saved.z.im, eight_mut(&mut self.im, at));
        simd.compress(lanes, saved.c.re, eight_mut(&mut self.c_re, at));
        simd.compress(lanes, saved.c.im, eight_mut(&mut self.c_im, at));
        simd.compress(lanes, saved.count, eight_mut(&mut self.counts, at));
        simd.compress(lanes, saved.number, eight_mut(&mut self.numbers, at));
        self.len = at + lanes.count_ones() as usize;
    }

    /// Replays `R` vectors of states at a time while the queue has as many, or all there are. Returns the cost.
    #[inline(always)]
    pub(super) fn replay<S: Simd, T: Count, const R: usize>(
        &mut self,
        simd: S,
        item: &mut Item<'_, T>,
        all: bool,
    ) -> u64 {
        let mut cost = 0;
        while self.len >= R * LANES || (all && self.len > 0) {
            let first = self.len.saturating_sub(R * LANES);
            let counts: [S::Vector; R] = self.replay_from(simd, first);
            for (group, counts) in counts.into_iter().enumerate() {
                simd.store(counts, eight_mut(&mut self.counts, first + group * LANES));
            }
            for entry in first..self.len {
                let count = count(self.counts[entry], item.max_iter);
                item.counts[index(self.numbers[entry])] = T::from_count(count);
                cost += u64::from(count);
            }
            self.len = first;
        }
        cost
    }

    /// The counts of the entries from `first` on.
    #[inline(always)]
    fn replay_from<S: Simd, const R: usize>(&self, simd: S, first: usize) -> [S::Vector; R] {
        let load = |from: &[f64], group: usize| simd.load(eight(from, first + group * LANES));
        let c: [_; R] =
            std::array::from_fn(|group| Orbit { re: load(&self.c_re, group), im: load(&self.c_im, group) });
        let mut z: [_; R] =
            std::array::from_fn(|group| Orbit { re: load(&self.re, group), im: load(&self.im, group) });
        let mut counts: [_; R] = std::array::from_fn(|group| load(&self.counts, group));
        for _ in 0..STEPS {
            for group in 0..R {
                let squares = z[group].squares(simd);
                counts[group] = simd.add_where(squares.inside(simd), counts[group], simd.splat(1.0));
                z[group] = z[group].step(simd, squares, c[group], false);
            }
        }
        counts
    }
}
