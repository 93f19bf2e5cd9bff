//! Slabs and strips: how a block's bands are cut for threads, and put together again.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::lock::lock;
use crate::band::{Geometry, Record, Summary};
use crate::dataset::{CountSlice, Fields};
use crate::kernel::{Calling, Part};

/// Points of a strip, at most.
const STRIP_POINTS: u64 = 1 << 17;

/// Points of a strip, at least: enough to keep the kernel's lanes full.
const FEWEST_STRIP_POINTS: u64 = 1 << 10;

/// Rows of a strip, at least, if the slab has them: patches of neighbours are about square.
const STRIP_ROWS: u64 = 16;

/// Predicted cost of a strip, at most, unless it has the fewest points: some milliseconds of work.
const STRIP_COST: u64 = 1 << 26;

/// Predicted cost and points of a slab of more bands than a strip has points for.
const SLAB_COST: u64 = 4 * STRIP_COST;
const SLAB_POINTS: u64 = 1 << 20;

/// Slabs that each of several callers takes, at least, if the block has as many bands. The last slabs are
/// small, so that callers finish together.
const SLABS_PER_CALLER: usize = 4;

/// How large slabs are.
#[derive(Debug, Clone, Copy)]
pub(super) struct SlabSize {
    /// Threads that call the kernel.
    pub(super) callers: usize,
    /// Predicted cost, at most, unless one band has more.
    pub(super) cost: u64,
    /// Bands, at most.
    bands: usize,
    /// A slab has this part of the bands that are left, at most.
    share: usize,
    /// Whether strips are as large as slabs.
    whole: bool,
}

impl SlabSize {
    /// For a kernel that wants this way of calling, in a team of `threads`.
    pub(super) fn of(calling: Calling, geometry: &Geometry, threads: usize) -> Self {
        let band_points = geometry.band_rows * geometry.width;
        match calling {
            Calling::EveryThread => {
                let tall = (STRIP_ROWS / geometry.band_rows).min(SLAB_POINTS / band_points);
                let bands = (STRIP_POINTS / band_points).max(tall).max(1) as usize;
                let share = SLABS_PER_CALLER * threads;
                Self { callers: threads, cost: SLAB_COST, bands, share, whole: false }
            }
            Calling::FewThreads { callers, points, cost } => {
                let callers = callers.get().min(threads);
                let bands = (points / band_points).max(1) as usize;
                // One caller has nobody to finish together with.
                let share = if callers == 1 { 1 } else { SLABS_PER_CALLER * callers };
                Self { callers, cost, bands, share, whole: true }
            }
        }
    }

    /// Bands of a slab, at most, when `left` are left.
    pub(super) fn most_bands(&self, left: usize) -> usize {
        (left / self.share).clamp(1, self.bands)
    }
}

/// Consecutive bands, as they are computed.
#[derive(Debug)]
pub(super) struct Slab {
    pub(super) bands: Range<u64>,
    geometry: Geometry,
    /// All of its points.
    whole: Part,
    /// What one caller computes at a time.
    pub(super) strips: Vec<Part>,
    finished: Mutex<Vec<(usize, Fields)>>,
    executed: AtomicU64,
}

impl Slab {
    pub(super) fn new(geometry: &Geometry, bands: Range<u64>, cost: u64, size: &SlabSize) -> Self {
        let rows = geometry.rows(bands.start).start..geometry.rows(bands.end - 1).end;
        let whole = Part { rows, columns: 0..geometry.width };
        let strips = if size.whole { vec![whole.clone()] } else { strips_of_cost(&whole, cost) };
        let (finished, executed) = Default::default();
        Self { bands, geometry: *geometry, whole, strips, finished, executed }
    }

    /// Takes the values of a strip; gives those of the whole slab when it was the last one.
    pub(super) fn put(&self, strip: usize, values: Fields, executed: u64) -> Option<Fields> {
        self.executed.fetch_add(executed, Ordering::Relaxed);
        let mut finished = lock(&self.finished);
        finished.push((strip, values));
        if finished.len() < self.strips.len() {
            return None;
        }
        let mut finished = std::mem::take(&mut *finished);
        if finished.len() == 1 {
            return finished.pop().map(|(_, values)| values);
        }
        let mut whole = Fields::zeros(self.geometry.count_width, self.whole.shape());
        for (strip, values) in finished {
            let Part { rows, columns } = &self.strips[strip];
            let row = (rows.start - self.whole.rows.start) as usize;
            whole.paste([row, columns.start as usize], &values);
        }
        Some(whole)
    }

    /// Executed pixel-iterations.
    pub(super) fn executed(&self) -> u64 {
        self.executed.load(Ordering::Relaxed)
    }
}

/// A slab that is computed, on its way to records.
#[derive(Debug)]
pub(super) struct ComputedSlab {
    pub(super) slab: Arc<Slab>,
    values: Fields,
    /// Summary and cost of each band.
    known: OnceLock<Vec<(Summary, u64)>>,
    records: Mutex<Vec<Record>>,
}

impl ComputedSlab {
    pub(super) fn new(slab: Arc<Slab>, values: Fields) -> Self {
        Self { slab, values, known: OnceLock::new(), records: Mutex::default() }
    }

    pub(super) fn bands(&self) -> usize {
        (self.slab.bands.end - self.slab.bands.start) as usize
    }

    /// The `index`th band, and its counts.
    pub(super) fn band(&self, index: usize) -> (u64, CountSlice<'_>) {
        let band_rows = self.slab.geometry.band_rows as usize;
        let first = index * band_rows;
        let rows = first..(first + band_rows).min(self.slab.whole.shape()[0]);
        (self.slab.bands.start + index as u64, self.values.counts(rows))
    }

    /// Summary and cost of each band. The first thread that asks looks at all counts of the slab.
    pub(super) fn known(&self, max_iter: u32) -> &[(Summary, u64)] {
        self.known.get_or_init(|| {
            let summary = |index| Summary::of_slice(self.band(index).1, max_iter);
            let summaries: Vec<Summary> = (0..self.bands()).map(summary).collect();
            let costs = shared_cost(self.slab.executed(), &summaries, max_iter);
            summaries.into_iter().zip(costs).collect()
        })
    }

    /// Takes the record of a band; gives those of the whole slab when it was the last one.
    pub(super) fn put(&self, record: Record) -> Option<Vec<Record>> {
        let mut records = lock(&self.records);
        records.push(record);
        (records.len() == self.bands()).then(|| std::mem::take(&mut *records))
    }
}

/// The cost of each band of a slab. Kernels tell `cost`, that of the whole slab, and no more.
///
/// A point that escaped cost its count, or less where counts were found together. What is left went to the
/// others. Most of these may be proven interior and have cost nothing, but within one slab these shares
/// hardly differ.
pub(super) fn shared_cost(cost: u64, bands: &[Summary], max_iter: u32) -> Vec<u64> {
    let escaped = |band: &Summary| band.sum - u128::from(band.undecided) * u128::from(max_iter);
    let undecided = |band: &Summary| u128::from(band.undecided);
    let total = |of: &dyn Fn(&Summary) -> u128| bands.iter().map(of).sum::<u128>();
    let of_escaped = u128::from(cost).min(total(&escaped));
    let of_undecided = u128::from(cost) - of_escaped;
    let share = |cost: u128, part: u128, whole: u128| cost * part / whole.max(1);
    let band_cost = |band| {
        share(of_escaped, escaped(band), total(&escaped))
            + share(of_undecided, undecided(band), total(&undecided))
    };
    bands.iter().map(|band| band_cost(band) as u64).collect()
}

/// The strips of a slab that is predicted to cost `cost`.
fn strips_of_cost(whole: &Part, cost: u64) -> Vec<Part> {
    let width = whole.columns.end;
    let points = (whole.rows.end - whole.rows.start) * width;
    let affordable = u128::from(points) * u128::from(STRIP_COST) / u128::from(cost.max(1));
    let points = u64::try_from(affordable).unwrap_or(u64::MAX).clamp(FEWEST_STRIP_POINTS, STRIP_POINTS);
    strips(&whole.rows, width, points)
}

/// Cuts rows into strips of about `points`: whole rows, or parts of [`STRIP_ROWS`] where rows are long.
fn strips(rows: &Range<u64>, width: u64, points: u64) -> Vec<Part> {
    let rows_per_strip = (points / width).max(STRIP_ROWS.min(rows.end - rows.start));
    let columns_per_strip = width.div_ceil((width * rows_per_strip / points).max(1));
    let row_starts = rows.clone().step_by(rows_per_strip as usize);
    let strip = |row: u64, column: u64| Part {
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
