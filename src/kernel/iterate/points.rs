//! The points of a work item in the order in which they enter the lanes.
//!
//! They come from the whole item, not from one row, so that no lane idles at the end of a row. They are
//! classified eight at a time. Those that need no lane get their counts on the way.

use crate::dataset::Count;
use crate::kernel::shortcuts::allowed::Allowed;
use crate::kernel::shortcuts::classify::Classes;
use crate::kernel::shortcuts::patches::PointSet;
use crate::kernel::simd::{LANES, Simd, load_up_to_eight};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::WorkItem;

/// A point that must iterate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) re: f64,
    pub(crate) im: f64,
    /// Row and column of its count.
    pub(crate) index: [usize; 2],
}

/// What is left of an item.
pub(crate) struct PointSource {
    /// Those of the eight points at `y` and `x` that have not entered yet.
    waiting: u8,
    y: usize,
    x: usize,
    /// The column of the next eight.
    next_x: usize,
    /// Points that are proven interior, and points that have their counts.
    proven: PointSet,
    counted: PointSet,
    allowed: Allowed,
    /// What was spent on points that need no lane.
    pub(crate) cost: u64,
}

impl PointSource {
    #[inline(always)]
    pub(crate) fn new(proven: PointSet, counted: PointSet, allowed: Allowed) -> Self {
        Self { waiting: 0, y: 0, x: 0, next_x: 0, proven, counted, allowed, cost: 0 }
    }

    /// The next point; none when all have entered.
    #[inline(always)]
    pub(crate) fn next<S: Simd, T: Count>(
        &mut self,
        simd: S,
        item: &mut WorkItem<'_, T>,
    ) -> Result<Option<Point>, Stopped> {
        while self.waiting == 0 {
            if self.next_x >= item.re.len() {
                (self.y, self.next_x) = (self.y + 1, 0);
            }
            if self.y >= item.im.len() {
                return Ok(None);
            }
            self.classify_eight(simd, item)?;
        }
        let x = self.x + self.waiting.trailing_zeros() as usize;
        self.waiting &= self.waiting - 1;
        Ok(Some(Point { re: item.re[x], im: item.im[self.y], index: [self.y, x] }))
    }

    /// Classifies the next eight points of the row.
    #[inline(always)]
    fn classify_eight<S: Simd, T: Count>(
        &mut self,
        simd: S,
        item: &mut WorkItem<'_, T>,
    ) -> Result<(), Stopped> {
        item.params.go_on()?;
        (self.x, self.next_x) = (self.next_x, self.next_x + LANES);
        let (columns, im) = (&item.re[self.x..], item.im[self.y]);
        let (re, len) = load_up_to_eight(simd, columns);
        let (proven, counted) = (self.proven.at(self.y, self.x), self.counted.at(self.y, self.x));
        let classes = Classes::new(simd, &self.allowed, re, im, len).with_interior(proven).without(counted);
        self.waiting = classes.iterate;
        if !classes.all_iterate() {
            let mut row = item.counts.row_mut(self.y);
            let counts = row.as_slice_mut().expect("rows are contiguous");
            self.cost += classes.write_counts(&item.params, columns, im, &mut counts[self.x..])?;
        }
        Ok(())
    }
}
