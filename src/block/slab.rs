//! Slabs and strips: how a block's bands are cut for threads.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use ndarray::{Array2, s};

use super::lock;
use crate::band::Geometry;
use crate::dataset::Count;

/// Points of a strip, at most.
pub(super) const STRIP_POINTS: u64 = 1 << 17;

/// Points of a strip, at least: enough to keep the kernel's lanes full.
const FEWEST_STRIP_POINTS: u64 = 1 << 10;

/// Rows of a strip, at least, if the slab has them: what neighbours have in common is found in square tiles.
pub(super) const STRIP_ROWS: u64 = 16;

/// Believed cost of a strip, at most, unless it has the fewest points: some milliseconds of work.
pub(super) const STRIP_COST: u64 = 1 << 26;

/// A rectangle of the grid that one thread computes at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strip {
    pub(super) rows: Range<u64>,
    pub(super) columns: Range<u64>,
}

/// Consecutive bands on their way from strips to records.
#[derive(Debug)]
pub(super) struct Slab<T> {
    pub(super) bands: Range<u64>,
    pub(super) rows: Range<u64>,
    width: u64,
    pub(super) strips: Vec<Strip>,
    parts: Mutex<Vec<(usize, Array2<T>)>>,
    /// Executed pixel-iterations.
    pub(super) cost: AtomicU64,
}

impl<T: Count> Slab<T> {
    pub(super) fn new(geometry: &Geometry, bands: Range<u64>, cost: u64) -> Self {
        let rows = geometry.rows(bands.start).start..geometry.rows(bands.end - 1).end;
        let points = (rows.end - rows.start) * geometry.width;
        let affordable = u128::from(points) * u128::from(STRIP_COST) / u128::from(cost.max(1));
        let points = u64::try_from(affordable).unwrap_or(u64::MAX).clamp(FEWEST_STRIP_POINTS, STRIP_POINTS);
        let strips = strips(&rows, geometry.width, points);
        Self { bands, rows, width: geometry.width, strips, parts: Mutex::default(), cost: AtomicU64::new(0) }
    }

    /// Takes the counts of a strip; gives those of the whole slab when it was the last one.
    pub(super) fn put(&self, strip: usize, counts: Array2<T>) -> Option<Array2<T>> {
        let mut parts = lock(&self.parts);
        parts.push((strip, counts));
        if parts.len() < self.strips.len() {
            return None;
        }
        let parts = std::mem::take(&mut *parts);
        if let [_] = parts.as_slice() {
            return parts.into_iter().next().map(|(_, counts)| counts);
        }
        let shape = ((self.rows.end - self.rows.start) as usize, self.width as usize);
        let mut whole = Array2::from_elem(shape, T::default());
        for (strip, counts) in parts {
            let Strip { rows, columns } = &self.strips[strip];
            let rows = (rows.start - self.rows.start) as usize..(rows.end - self.rows.start) as usize;
            whole.slice_mut(s![rows, columns.start as usize..columns.end as usize]).assign(&counts);
        }
        Some(whole)
    }
}

/// Cuts rows into strips of about `points`: whole rows, or parts of [`STRIP_ROWS`] where rows are long.
fn strips(rows: &Range<u64>, width: u64, points: u64) -> Vec<Strip> {
    let rows_per_strip = (points / width).max(STRIP_ROWS.min(rows.end - rows.start));
    let columns_per_strip = width.div_ceil((width * rows_per_strip / points).max(1));
    let row_starts = rows.clone().step_by(rows_per_strip as usize);
    let strip = |row: u64, column: u64| Strip {
        rows: row..(row + rows_per_strip).min(rows.end),
        columns: column..(column + columns_per_strip).min(width),
    };
    row_starts
        .flat_map(|row| (0..width).step_by(columns_per_strip as usize).map(move |column| strip(row, column)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_tile_the_rows() {
        for (rows, width) in [(0..1, 1), (5..9, 300_001), (0..3, 131_072), (7..1000, 1000), (0..2, 1 << 20)] {
            let strips = strips(&rows, width, 1000);
            let area: u64 =
                strips.iter().map(|s| (s.rows.end - s.rows.start) * (s.columns.end - s.columns.start)).sum();
            assert_eq!(area, (rows.end - rows.start) * width);
            assert!(strips.iter().all(|s| s.columns.end <= width && s.rows.end <= rows.end));
        }
    }

    #[test]
    fn strips_of_wide_rows_are_tall() {
        let shapes = |rows: Range<u64>| -> Vec<[u64; 2]> {
            let strips = strips(&rows, 32_768, STRIP_POINTS);
            strips.iter().map(|s| [s.rows.end - s.rows.start, s.columns.end - s.columns.start]).collect()
        };
        assert_eq!(shapes(32..48), [[16, 8192]; 4]);
        assert_eq!(shapes(32..36), [[4, 32_768]]);
    }
}
