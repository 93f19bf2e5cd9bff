//! Bands: the unit of partition, encoding, journal and resume.
//!
//! A band is `band_rows` consecutive rows over the full width, aligned to the grid, and one row of chunks of the
//! dataset. Its geometry follows from the grid alone, so the encoded bytes are the same for any number of ranks.

mod encode;
mod encoding;
mod record;

use std::ops::Range;

use crate::checksum::Checksum;
use crate::dataset::{Count, CountWidth};
use crate::job::Job;

pub use encode::Encoder;
pub use encoding::{Deflate, Encoding};
pub use record::{Record, RecordError, RecordHeader};

/// Bands of a grid whose height allows it: enough for some hundred ranks, few enough to list.
const BANDS: u64 = 8192;

/// Raw counts of a band, at most, unless one row alone has more.
const BAND_BYTES: u64 = 16 << 20;

/// Raw counts of a chunk, at most: readers cache about this much by default (1 MiB in HDF5 before 2.0).
const CHUNK_BYTES: u64 = 512 << 10;

/// How a grid is cut into bands, and bands into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Rows of the grid.
    pub height: u64,
    /// Columns of the grid.
    pub width: u64,
    /// Rows of every band but the last, which may have fewer.
    pub band_rows: u64,
    /// Columns of every chunk; the last one of a band is padded.
    pub chunk_columns: u64,
    /// The type of the counts.
    pub count_width: CountWidth,
}

impl Geometry {
    /// The geometry that a job's grid and `max_iter` imply.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        let (height, width) = (job.grid().height(), job.grid().width());
        let narrow = job.max_iter().get() <= u16::MAX.into();
        let count_width = if narrow { CountWidth::U16 } else { CountWidth::U32 };
        let row_bytes = width * count_width.bytes();
        let band_rows = height.div_ceil(BANDS).min(BAND_BYTES / row_bytes).max(1);
        let chunk_columns = (CHUNK_BYTES / (band_rows * count_width.bytes())).clamp(1, width);
        Self { height, width, band_rows, chunk_columns, count_width }
    }

    /// Number of bands.
    #[must_use]
    pub fn bands(&self) -> u64 {
        self.height.div_ceil(self.band_rows)
    }

    /// The rows of `band`.
    #[must_use]
    pub fn rows(&self, band: u64) -> Range<u64> {
        let first = band * self.band_rows;
        first..(first + self.band_rows).min(self.height)
    }

    /// Number of rows of `band`.
    #[must_use]
    pub fn row_count(&self, band: u64) -> u64 {
        let rows = self.rows(band);
        rows.end - rows.start
    }

    /// Number of chunks of a band.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.width.div_ceil(self.chunk_columns)
    }

    /// Raw bytes of a chunk, padding included.
    #[must_use]
    pub fn chunk_bytes(&self) -> u64 {
        self.band_rows * self.chunk_columns * self.count_width.bytes()
    }

    /// No record of a band is longer than this, however badly its counts compress.
    #[must_use]
    pub fn worst_record_bytes(&self) -> u64 {
        record::overhead_bytes(self.chunks()) + self.chunks() * encode::worst_bytes(self.chunk_bytes())
    }
}

/// What is known of a stretch of counts besides the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Checksum of the counts.
    pub checksum: Checksum,
    /// Sum of the counts.
    pub sum: u128,
    /// Points that did not escape within `max_iter`.
    pub undecided: u64,
    /// The smallest count; `u32::MAX` of none.
    pub minimum: u32,
}

impl Summary {
    /// Of no counts at all.
    #[must_use]
    pub fn empty() -> Self {
        Self { checksum: Checksum::default(), sum: 0, undecided: 0, minimum: u32::MAX }
    }

    /// Of `counts` in row-major order.
    #[must_use]
    pub fn of<T: Count>(counts: &[T], max_iter: u32) -> Self {
        let mut summary = Self { checksum: Checksum::of_counts(counts), ..Self::empty() };
        for part in counts.chunks(1 << 12) {
            // Wide enough for so many halves of counts, and added without checks, so that many are added at once.
            let (mut low, mut high, mut undecided) = (0_u32, 0_u32, 0_u32);
            for count in part.iter().map(|count| count.to_count()) {
                low = low.wrapping_add(count & 0xffff);
                high = high.wrapping_add(count >> 16);
                undecided = undecided.wrapping_add((count == max_iter).into());
            }
            summary.sum += u128::from(low) + (u128::from(high) << 16);
            summary.undecided += u64::from(undecided);
            let minimum = part.iter().copied().reduce(Ord::min).map_or(u32::MAX, Count::to_count);
            summary.minimum = summary.minimum.min(minimum);
        }
        summary
    }

    /// Of these counts followed by those of `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            checksum: self.checksum.then(next.checksum),
            sum: self.sum + next.sum,
            undecided: self.undecided + next.undecided,
            minimum: self.minimum.min(next.minimum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(height: u64, width: u64, max_iter: u32) -> Geometry {
        use crate::grid::Sampling;
        use crate::region::{Bound, Interval, Region};
        let bound = |text| Bound::parse(text).expect("a number");
        let axis = || Interval { lower: bound("-2"), upper: bound("2") };
        let region = Region { re: axis(), im: axis() };
        let max_iter = max_iter.try_into().expect("not zero");
        Geometry::of(&Job::new(region, width, height, Sampling::Endpoints, max_iter))
    }

    #[test]
    fn bands_tile_the_rows_and_chunks_the_columns() {
        for (height, width) in
            [(1, 1), (1, 7), (17, 3), (8192, 2), (8193, 5), (32768, 32768), (1 << 20, 1 << 20)]
        {
            let geometry = geometry(height, width, 2048);
            let mut next = 0;
            for rows in (0..geometry.bands()).map(|band| geometry.rows(band)) {
                assert_eq!(rows.start, next);
                assert!(!rows.is_empty());
                next = rows.end;
            }
            assert_eq!(next, height);
            assert!(geometry.chunk_columns <= width && geometry.band_rows <= height, "{geometry:?}");
            assert!((geometry.chunks() - 1) * geometry.chunk_columns < width, "{geometry:?}");
        }
    }

    #[test]
    fn band_rows_are_as_the_design_says() {
        assert_eq!(geometry(1000, 1000, 2048).band_rows, 1);
        assert_eq!(geometry(8193, 10, 2048).band_rows, 2);
        assert_eq!(geometry(32768, 32768, 2048).band_rows, 4);
        // A terapixel: 128 rows would be 256 MiB, so the limit of 16 MiB holds.
        assert_eq!(geometry(1 << 20, 1 << 20, 2048).band_rows, 8);
        assert_eq!(geometry(1 << 20, 1 << 20, 65_536).band_rows, 4);
        assert_eq!(geometry(1 << 20, 1 << 25, 65_536).band_rows, 1);
    }

    #[test]
    fn a_summary_holds_the_largest_counts() {
        let summary = Summary::of(&vec![u32::MAX; 5_000], u32::MAX);
        assert_eq!(summary.sum, 5_000 * u128::from(u32::MAX));
        assert_eq!((summary.undecided, summary.minimum), (5_000, u32::MAX));
    }

    #[test]
    fn summaries_join_as_their_counts_do() {
        let counts: Vec<u16> = (0..1000).map(|i| i % 81).collect();
        let (left, right) = counts.split_at(300);
        let joined = Summary::of(left, 80).then(Summary::of(right, 80));
        assert_eq!(joined, Summary::of(&counts, 80));
        assert_eq!(joined.undecided, 12);
    }
}
