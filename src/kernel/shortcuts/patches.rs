//! Patches: neighbouring points of a work item that share a proof or a series.

use std::ops::Range;

use num_complex::Complex64;

use crate::kernel::simd::LANES;

/// Covers the rounding of the few operations by which a radius is found.
const RADIUS_SLACK: f64 = 1e-9;

/// Points of a patch that is tried first. A patch of no more than the smaller number is not divided.
const LARGEST_PATCH: usize = 1024;
const SMALLEST_PATCH: usize = 64;
/// Rows of a patch, at most.
const PATCH_ROWS: usize = 32;

/// Points `c` with `|c − centre| ≤ radius`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disc {
    pub(crate) centre: Complex64,
    pub(crate) radius: f64,
}

/// Some of the points of an item.
pub(crate) struct PointSet {
    /// For every row, a byte for each eight points.
    eights: Vec<u8>,
    eights_per_row: usize,
}

impl PointSet {
    pub(crate) fn none(width: usize, height: usize) -> Self {
        let eights_per_row = width.div_ceil(LANES);
        Self { eights: vec![0; eights_per_row * height], eights_per_row }
    }

    /// The points of the set among the eight from column `x` on in row `y`. `x` is a multiple of eight.
    #[inline(always)]
    pub(crate) fn at(&self, y: usize, x: usize) -> u8 {
        self.eights[y * self.eights_per_row + x / LANES]
    }

    /// Adds some of eight points, as [`Self::at`] gives them.
    #[inline(always)]
    pub(crate) fn add(&mut self, y: usize, x: usize, points: u8) {
        self.eights[y * self.eights_per_row + x / LANES] |= points;
    }

    pub(crate) fn add_patch(&mut self, patch: &Patch) {
        for (y, x) in patch.eights() {
            self.add(y, x, u8::MAX);
        }
    }

    pub(crate) fn contains_patch(&self, patch: &Patch) -> bool {
        patch.eights().all(|(y, x)| self.at(y, x) == u8::MAX)
    }
}

/// `range` in pieces of `len`; the last one may be shorter.
fn parts(range: Range<usize>, len: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    let end = range.end;
    range.step_by(len).map(move |at| at..(at + len).min(end))
}

/// Neighbouring points of an item. Its columns begin at a multiple of eight. They end before a multiple of
/// eight, or with the item.
#[derive(Debug, Clone)]
pub(crate) struct Patch {
    columns: Range<usize>,
    rows: Range<usize>,
}

impl Patch {
    /// The patches that an item of this shape is divided into at first.
    pub(crate) fn all(width: usize, height: usize) -> impl Iterator<Item = Self> {
        let rows = PATCH_ROWS.min(height);
        let columns = (LARGEST_PATCH / rows).next_multiple_of(LANES);
        parts(0..height, rows).flat_map(move |rows| {
            parts(0..width, columns).map(move |columns| Self { columns, rows: rows.clone() })
        })
    }

    /// The quarters of a patch, about squares. None if it is small.
    pub(crate) fn parts(&self) -> Vec<Self> {
        let (width, height) = (self.columns.len(), self.rows.len());
        if width * height <= SMALLEST_PATCH {
            return Vec::new();
        }
        let (across, down) = match (width >= 4 * height, height >= 4 * width) {
            (true, _) => (4, 1),
            (_, true) => (1, 4),
            _ => (2, 2),
        };
        let columns = parts(self.columns.clone(), width.div_ceil(across).next_multiple_of(LANES));
        let rows = parts(self.rows.clone(), height.div_ceil(down));
        rows.flat_map(|rows| columns.clone().map(move |columns| Self { columns, rows: rows.clone() }))
            .collect()
    }

    /// How many times the patch is divided until its parts are small.
    pub(crate) fn divisions(&self) -> u32 {
        let parts = (self.columns.len() * self.rows.len()).div_ceil(SMALLEST_PATCH) as u32;
        u32::BITS.div_ceil(2) - (parts - 1).leading_zeros() / 2
    }

    /// Row and first column of each eight of its points.
    pub(crate) fn eights(&self) -> impl Iterator<Item = (usize, usize)> {
        let columns = self.columns.clone().step_by(LANES);
        self.rows.clone().flat_map(move |y| columns.clone().map(move |x| (y, x)))
    }

    /// The smallest disc around its points, a little enlarged.
    pub(crate) fn disc(&self, re: &[f64], im: &[f64]) -> Disc {
        let (left, right) = (re[self.columns.start], re[self.columns.end - 1]);
        let (low, high) = (im[self.rows.start], im[self.rows.end - 1]);
        let centre = Complex64::new(f64::midpoint(left, right), f64::midpoint(low, high));
        // The farther end of each side: the middle is rounded, so they differ.
        let reach = |low: f64, middle: f64, high: f64| (middle - low).max(high - middle);
        let radius = reach(left, centre.re, right).hypot(reach(low, centre.im, high));
        Disc { centre, radius: radius * (1.0 + RADIUS_SLACK) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_holds_all_points_of_its_patch() {
        let next = |from: f64, len: usize| -> Vec<f64> {
            std::iter::successors(Some(from), |x| Some(x.next_up())).take(len).collect()
        };
        for (width, height) in (1..=9).flat_map(|width| (1..=9).map(move |height| (width, height))) {
            let (re, im) = (next(-0.749, width), next(0.601, height));
            let disc = Patch { columns: 0..width, rows: 0..height }.disc(&re, &im);
            for c in re.iter().flat_map(|&re| im.iter().map(move |&im| Complex64::new(re, im))) {
                assert!((c - disc.centre).norm() <= disc.radius, "{c} of {width} x {height}");
            }
        }
    }

    #[test]
    fn patches_and_their_parts_cover_an_item_once() {
        for (width, height) in [(1, 1), (7, 3), (8, 8), (70, 5), (131, 131), (1000, 4), (1000, 1), (64, 200)]
        {
            let mut left: Vec<Patch> = Patch::all(width, height).collect();
            let mut covered = vec![0; width * height];
            while let Some(patch) = left.pop() {
                assert_eq!(patch.divisions() == 0, patch.parts().is_empty());
                assert!(patch.parts().iter().all(|part| part.divisions() < patch.divisions()));
                assert_eq!(patch.columns.start % LANES, 0);
                assert!(patch.columns.end % LANES == 0 || patch.columns.end == width);
                let parts = patch.parts();
                for (y, x) in patch.rows.clone().flat_map(|y| patch.columns.clone().map(move |x| (y, x))) {
                    covered[y * width + x] += u32::from(parts.is_empty());
                }
                left.extend(parts);
            }
            assert!(covered.iter().all(|&times| times == 1), "{width} x {height}");
        }
    }
}
