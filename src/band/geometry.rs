//! How a grid is cut into bands, and bands into chunks: arithmetic on the grid's size alone.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::record;
use crate::dataset::CountWidth;
use crate::job::Job;

/// Bands of a grid whose height allows it: enough for some hundred ranks, few enough to list.
const BANDS: u64 = 8192;

/// Raw counts of a band, at most, unless one row alone has more.
const BAND_BYTES: u64 = 16 << 20;

/// Raw counts of a chunk, at most: readers cache about this much by default (1 MiB in HDF5 before 2.0).
const CHUNK_BYTES: u64 = 512 << 10;

/// How a grid is cut into bands, and bands into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

    /// No encoded chunk is longer: zlib's quickest level codes a literal in 9 bits at worst, and headers take
    /// less than 64 bytes.
    #[must_use]
    pub fn worst_chunk_bytes(&self) -> u64 {
        self.chunk_bytes() + self.chunk_bytes() / 8 + 64
    }

    /// Bytes of a band's record before its payload.
    #[must_use]
    pub fn record_header_bytes(&self) -> u64 {
        record::header_bytes(self.chunks())
    }

    /// No record of a band is longer, however badly its counts compress.
    #[must_use]
    pub fn worst_record_bytes(&self) -> u64 {
        self.record_header_bytes() + self.chunks() * self.worst_chunk_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Sampling;
    use crate::region::Region;

    fn geometry(height: u64, width: u64, max_iter: u32) -> Geometry {
        let region = Region::parse(["-2", "2"], ["-2", "2"]).expect("a region");
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
}
