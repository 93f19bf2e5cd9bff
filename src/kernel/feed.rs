//! The points of a work item in the order in which they enter the lanes.
//!
//! They come from the whole item, not from one row, so that no lane idles at the end of a row. They are sorted
//! eight at a time, and those that must iterate wait in a buffer.

use super::item::Item;
use super::simd::{LANES, Simd, eight_mut};
use super::sort::Sorted;
use super::{Count, Stopped};

/// Waiting points after a top-up: at least those that 64 lanes can take at once, four times that for long runs.
const CAPACITY: usize = 256;
/// The most lanes that are filled at once.
pub(super) const MOST_LANES: usize = 64;
/// A vector may be read or written that begins at the last waiting point.
const LENGTH: usize = CAPACITY + MOST_LANES + LANES;

/// Waiting points, and where the others begin.
pub(super) struct Feed {
    pub(super) re: [f64; LENGTH],
    pub(super) im: [f64; LENGTH],
    pub(super) numbers: [f64; LENGTH],
    /// The next one to enter.
    pub(super) next: usize,
    waiting: usize,
    y: usize,
    x: usize,
}

/// Row and column of a point in the bits of an f64, which is never calculated with: so a number moves between lanes
/// as coordinates do.
#[inline(always)]
fn number(y: usize, x: usize) -> f64 {
    f64::from_bits((y as u64) << 32 | x as u64)
}

/// The index into the counts that [`number`] stands for.
#[inline(always)]
pub(super) fn index(number: f64) -> [usize; 2] {
    let bits = number.to_bits();
    [(bits >> 32) as usize, bits as u32 as usize]
}

impl Feed {
    #[inline(always)]
    pub(super) fn new() -> Self {
        let empty = [0.0; LENGTH];
        Self { re: empty, im: empty, numbers: empty, next: 0, waiting: 0, y: 0, x: 0 }
    }

    /// How many points wait; fewer than the [`MOST_LANES`] that [`Self::top_up`] promises only when no others are left.
    #[inline(always)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting - self.next
    }

    /// Sees to it that [`MOST_LANES`] points wait or no others are left, and that zeros follow the last one.
    /// Returns the cost of the points settled on the way.
    #[inline(always)]
    pub(super) fn top_up<S: Simd, T: Count>(
        &mut self,
        simd: S,
        item: &mut Item<'_, T>,
    ) -> Result<u64, Stopped> {
        if self.waiting() >= MOST_LANES || self.y == item.im.len() {
            return Ok(0);
        }
        for buffer in [&mut self.re, &mut self.im, &mut self.numbers] {
            buffer.copy_within(self.next..self.waiting, 0);
        }
        self.waiting -= self.next;
        self.next = 0;
        let mut cost = 0;
        while self.waiting < CAPACITY && self.y < item.im.len() {
            cost += self.sort_eight(simd, item)?;
        }
        for buffer in [&mut self.re, &mut self.im, &mut self.numbers] {
            buffer[self.waiting..].fill(0.0);
        }
        Ok(cost)
    }

    /// Sorts the next eight points of the row.
    #[inline(always)]
    fn sort_eight<S: Simd, T: Count>(&mut self, simd: S, item: &mut Item<'_, T>) -> Result<u64, Stopped> {
        item.go_on()?;
        let (y, x) = (self.y, self.x);
        let mut re = [0.0; LANES];
        let len = LANES.min(item.re.len() - x);
        re[..len].copy_from_slice(&item.re[x..x + len]);
        let re = simd.load(&re);
        let sorted = Sorted::new(simd, re, item.im[y], len);
        simd.compress(sorted.open, re, eight_mut(&mut self.re, self.waiting));
        simd.store(simd.splat(item.im[y]), eight_mut(&mut self.im, self.waiting));
        let numbers = simd.load(&std::array::from_fn(|lane| number(y, x + lane)));
        simd.compress(sorted.open, numbers, eight_mut(&mut self.numbers, self.waiting));
        self.waiting += sorted.open.count_ones() as usize;
        self.x += len;
        if self.x == item.re.len() {
            (self.y, self.x) = (y + 1, 0);
        }
        sorted.settle(item, y, x)
    }
}
