//! The points of a work item in the order in which they enter the lanes.
//!
//! They come from the whole item, not from one row, so that no lane idles at the end of a row. They are sorted
//! eight at a time, and those that need no lane are settled on the way.

use super::Stopped;
use super::item::{Item, load_up_to_eight};
use super::neighbours::Points;
use super::simd::{LANES, Simd};
use super::sort::Sorted;
use crate::dataset::Count;

/// A point that must iterate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) re: f64,
    pub(super) im: f64,
    /// Row and column of its count.
    pub(super) index: [usize; 2],
}

/// What is left of an item.
pub(super) struct Feed {
    /// Those of the eight points at `y` and `x` that have not entered yet.
    open: u8,
    y: usize,
    x: usize,
    /// The column of the next eight.
    next_x: usize,
    /// Points that are proven interior, and points that have their counts.
    proven: Points,
    settled: Points,
    /// What was spent on points that need no lane.
    pub(super) cost: u64,
}

impl Feed {
    #[inline(always)]
    pub(super) fn new(proven: Points, settled: Points) -> Self {
        Self { open: 0, y: 0, x: 0, next_x: 0, proven, settled, cost: 0 }
    }

    /// The next point; none when all have entered.
    #[inline(always)]
    pub(super) fn next<S: Simd, T: Count>(
        &mut self,
        simd: S,
        item: &mut Item<'_, T>,
    ) -> Result<Option<Point>, Stopped> {
        while self.open == 0 {
            if self.next_x >= item.re.len() {
                (self.y, self.next_x) = (self.y + 1, 0);
            }
            if self.y >= item.im.len() {
                return Ok(None);
            }
            self.sort_eight(simd, item)?;
        }
        let x = self.x + self.open.trailing_zeros() as usize;
        self.open &= self.open - 1;
        Ok(Some(Point { re: item.re[x], im: item.im[self.y], index: [self.y, x] }))
    }

    /// Sorts the next eight points of the row.
    #[inline(always)]
    fn sort_eight<S: Simd, T: Count>(&mut self, simd: S, item: &mut Item<'_, T>) -> Result<(), Stopped> {
        item.terms.go_on()?;
        (self.x, self.next_x) = (self.next_x, self.next_x + LANES);
        let (columns, im) = (&item.re[self.x..], item.im[self.y]);
        let (re, len) = load_up_to_eight(simd, columns);
        let (proven, settled) = (self.proven.at(self.y, self.x), self.settled.at(self.y, self.x));
        let sorted = Sorted::new(simd, &item.terms, re, im, len).with_interior(proven).without(settled);
        self.open = sorted.open;
        if !sorted.all_open() {
            let mut row = item.counts.row_mut(self.y);
            let counts = row.as_slice_mut().expect("rows are contiguous");
            self.cost += sorted.settle(&item.terms, columns, im, &mut counts[self.x..])?;
        }
        Ok(())
    }
}
