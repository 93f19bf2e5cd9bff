//! Tiles: neighbouring points of a work item that share a proof or the beginning of their orbits.

use std::ops::Range;

use num_complex::Complex64;

use super::simd::LANES;

/// Covers the rounding of the few operations by which a radius is found.
const A_LITTLE: f64 = 1e-9;

/// Points of a tile that is tried first, and of one that is too small to be divided.
const LARGEST_TILE: usize = 1024;
const SMALLEST_TILE: usize = 64;
/// Rows of a tile, at most.
const TILE_ROWS: usize = 32;

/// Points `c` with `|c − centre| ≤ radius`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disc {
    pub(super) centre: Complex64,
    pub(super) radius: f64,
}

/// Some of the points of an item.
pub(super) struct Points {
    /// For every row, a byte for each eight points.
    eights: Vec<u8>,
    eights_per_row: usize,
}

impl Points {
    pub(super) fn none(width: usize, height: usize) -> Self {
        let eights_per_row = width.div_ceil(LANES);
        Self { eights: vec![0; eights_per_row * height], eights_per_row }
    }

    /// Those of the eight points from column `x` on, a multiple of eight, in row `y`.
    #[inline(always)]
    pub(super) fn at(&self, y: usize, x: usize) -> u8 {
        self.eights[y * self.eights_per_row + x / LANES]
    }

    /// Adds some of eight points, as [`Self::at`] gives them.
    #[inline(always)]
    pub(super) fn add(&mut self, y: usize, x: usize, points: u8) {
        self.eights[y * self.eights_per_row + x / LANES] |= points;
    }

    pub(super) fn add_tile(&mut self, tile: &Tile) {
        for (y, x) in tile.eights() {
            self.add(y, x, u8::MAX);
        }
    }

    pub(super) fn contains_tile(&self, tile: &Tile) -> bool {
        tile.eights().all(|(y, x)| self.at(y, x) == u8::MAX)
    }
}

/// `range` in pieces of `len`; the last one may be shorter.
fn parts(range: Range<usize>, len: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    let end = range.end;
    range.step_by(len).map(move |at| at..(at + len).min(end))
}

/// Neighbouring points of an item. The first column is a multiple of eight, the last one before such or the item's last.
#[derive(Debug, Clone)]
pub(super) struct Tile {
    columns: Range<usize>,
    rows: Range<usize>,
}

impl Tile {
    /// The tiles that an item of this shape is divided into at first.
    pub(super) fn all(width: usize, height: usize) -> impl Iterator<Item = Self> {
        let rows = TILE_ROWS.min(height);
        let columns = (LARGEST_TILE / rows).next_multiple_of(LANES);
        parts(0..height, rows).flat_map(move |rows| {
            parts(0..width, columns).map(move |columns| Self { columns, rows: rows.clone() })
        })
    }

    /// The quarters of a tile, as square as may be. None if it is small.
    pub(super) fn parts(&self) -> Vec<Self> {
        let (width, height) = (self.columns.len(), self.rows.len());
        if width * height <= SMALLEST_TILE {
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

    /// How many times the tile is divided until its parts are small.
    pub(super) fn divisions(&self) -> u32 {
        let parts = (self.columns.len() * self.rows.len()).div_ceil(SMALLEST_TILE) as u32;
        u32::BITS.div_ceil(2) - (parts - 1).leading_zeros() / 2
    }

    /// Row and first column of each eight of its points.
    pub(super) fn eights(&self) -> impl Iterator<Item = (usize, usize)> {
        let columns = self.columns.clone().step_by(LANES);
        self.rows.clone().flat_map(move |y| columns.clone().map(move |x| (y, x)))
    }

    /// The smallest disc around its points, a little enlarged.
    pub(super) fn disc(&self, re: &[f64], im: &[f64]) -> Disc {
        let (left, right) = (re[self.columns.start], re[self.columns.end - 1]);
        let (low, high) = (im[self.rows.start], im[self.rows.end - 1]);
        let centre = Complex64::new(f64::midpoint(left, right), f64::midpoint(low, high));
        // Of each side the farther end: the middle is rounded, so they differ.
        let reach = |low: f64, middle: f64, high: f64| (middle - low).max(high - middle);
        let radius = reach(left, centre.re, right).hypot(reach(low, centre.im, high));
        Disc { centre, radius: radius * (1.0 + A_LITTLE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_holds_all_points_of_its_tile() {
        let next = |from: f64, len: usize| -> Vec<f64> {
            std::iter::successors(Some(from), |x| Some(x.next_up())).take(len).collect()
        };
        for (width, height) in (1..=9).flat_map(|width| (1..=9).map(move |height| (width, height))) {
            let (re, im) = (next(-0.749, width), next(0.601, height));
            let disc = Tile { columns: 0..width, rows: 0..height }.disc(&re, &im);
            for c in re.iter().flat_map(|&re| im.iter().map(move |&im| Complex64::new(re, im))) {
                assert!((c - disc.centre).norm() <= disc.radius, "{c} of {width} x {height}");
            }
        }
    }

    #[test]
    fn tiles_and_their_parts_cover_an_item_once() {
        for (width, height) in [(1, 1), (7, 3), (8, 8), (70, 5), (131, 131), (1000, 4), (1000, 1), (64, 200)]
        {
            let mut left: Vec<Tile> = Tile::all(width, height).collect();
            let mut covered = vec![0; width * height];
            while let Some(tile) = left.pop() {
                assert_eq!(tile.divisions() == 0, tile.parts().is_empty());
                assert!(tile.parts().iter().all(|part| part.divisions() < tile.divisions()));
                assert_eq!(tile.columns.start % LANES, 0);
                assert!(tile.columns.end % LANES == 0 || tile.columns.end == width);
                let parts = tile.parts();
                for (y, x) in tile.rows.clone().flat_map(|y| tile.columns.clone().map(move |x| (y, x))) {
                    covered[y * width + x] += u32::from(parts.is_empty());
                }
                left.extend(parts);
            }
            assert!(covered.iter().all(|&times| times == 1), "{width} x {height}");
        }
    }
}
