//! Tiles: neighbouring points of a work item that are proven interior together, or not.

use std::ops::Range;

use num_complex::Complex64;

use super::super::simd::LANES;
use super::{A_LITTLE, Disc};

/// Points of a tile that is tried first, and of one that is too small to be divided.
const LARGEST_TILE: usize = 1024;
const SMALLEST_TILE: usize = 64;
/// Rows of a tile, at most.
const TILE_ROWS: usize = 32;

/// The points of an item that are proven never to escape.
pub(in crate::kernel) struct Proven {
    /// For every row, a byte for each eight points.
    points: Vec<u8>,
    bytes_per_row: usize,
    /// What the proofs cost, in pixel-iterations.
    pub(in crate::kernel) cost: u64,
}

impl Proven {
    pub(super) fn none(width: usize, height: usize) -> Self {
        let bytes_per_row = width.div_ceil(LANES);
        Self { points: vec![0; bytes_per_row * height], bytes_per_row, cost: 0 }
    }

    /// Those of the eight points from column `x` on, a multiple of eight, in row `y`.
    #[inline(always)]
    pub(in crate::kernel) fn at(&self, y: usize, x: usize) -> u8 {
        self.points[y * self.bytes_per_row + x / LANES]
    }

    pub(super) fn insert(&mut self, tile: &Tile) {
        for y in tile.rows.clone() {
            let row = y * self.bytes_per_row;
            let bytes = row + tile.columns.start / LANES..row + tile.columns.end.div_ceil(LANES);
            self.points[bytes].fill(u8::MAX);
        }
    }
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
        let parts = |len: usize, part: usize| (0..len).step_by(part).map(move |at| at..(at + part).min(len));
        parts(height, rows).flat_map(move |rows| {
            parts(width, columns).map(move |columns| Self { columns, rows: rows.clone() })
        })
    }

    /// The quarters of a tile; its halves, if it is but eight columns or rows. None if it is small.
    pub(super) fn parts(&self) -> Vec<Self> {
        if self.columns.len() * self.rows.len() <= SMALLEST_TILE {
            return Vec::new();
        }
        let halves = |range: &Range<usize>| {
            let middle = range.start + (range.len() / 2).next_multiple_of(LANES);
            [range.start..middle.min(range.end), middle.min(range.end)..range.end]
        };
        let columns = halves(&self.columns);
        let tiles = halves(&self.rows)
            .into_iter()
            .flat_map(|rows| columns.clone().map(|columns| Self { columns, rows: rows.clone() }));
        tiles.filter(|tile| !tile.columns.is_empty() && !tile.rows.is_empty()).collect()
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
