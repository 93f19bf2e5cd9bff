//! From counts to the raw bytes of HDF5 chunks: padded, shuffled, deflated.
//!
//! This is what HDF5's own filters would do, done where the counts are and by as many threads as compute.

use std::ops::Range;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::encoding::Deflate;
use super::geometry::Geometry;
use crate::dataset::{Count, CountSlice};

/// Encodes bands; keeps its buffers from one to the next.
#[derive(Debug)]
pub struct Encoder {
    geometry: Geometry,
    deflate: Deflate,
    chunk: Vec<u8>,
    payload: Vec<u8>,
    compress: Compress,
}

impl Encoder {
    /// An encoder for the bands of one job.
    #[must_use]
    pub fn new(geometry: Geometry, deflate: Deflate) -> Self {
        let compress = Compress::new(Compression::new(deflate.level().into()), true);
        Self { geometry, deflate, chunk: Vec::new(), payload: Vec::new(), compress }
    }

    /// Encodes the chunks of a band, from left to right. Returns their lengths and their bytes.
    ///
    /// `counts` are the band's rows, row-major. Rows that the last band lacks, and columns that the last
    /// chunk lacks, are zeros in the chunks.
    ///
    /// # Panics
    ///
    /// When `counts` is not a whole number of rows, or more than a band.
    pub fn encode(&mut self, counts: CountSlice<'_>) -> (Vec<u32>, &[u8]) {
        match counts {
            CountSlice::U16(counts) => self.encode_as(counts),
            CountSlice::U32(counts) => self.encode_as(counts),
        }
    }

    fn encode_as<T: Count>(&mut self, counts: &[T]) -> (Vec<u32>, &[u8]) {
        let (width, columns) = (self.geometry.width as usize, self.geometry.chunk_columns as usize);
        assert_eq!(counts.len() % width, 0, "whole rows");
        assert!(counts.len() / width <= self.geometry.band_rows as usize, "one band");
        self.payload.clear();
        let encode_chunk = |first: usize| {
            self.fill_chunk(counts, first..(first + columns).min(width));
            let before = self.payload.len();
            self.append_chunk();
            u32::try_from(self.payload.len() - before).expect("a chunk is far below 4 GiB")
        };
        let chunk_lengths = (0..width).step_by(columns).map(encode_chunk).collect();
        (chunk_lengths, &self.payload)
    }

    /// Collects the columns of a chunk from all rows, as little-endian bytes padded with zeros. Bytes that
    /// will be compressed are shuffled as HDF5's filter does it: the lowest byte of every item first, then
    /// the next.
    fn fill_chunk<T: Count>(&mut self, counts: &[T], columns: Range<usize>) {
        let geometry = &self.geometry;
        let (item, row_items) = (geometry.count_width.bytes() as usize, geometry.chunk_columns as usize);
        let bytes = geometry.chunk_bytes() as usize;
        self.chunk.clear();
        self.chunk.resize(bytes, 0);
        for (row, counts) in counts.chunks_exact(geometry.width as usize).enumerate() {
            let counts = &counts[columns.clone()];
            for byte in 0..item {
                let value = |count: &T| (count.to_count() >> (8 * byte)) as u8;
                if self.deflate.is_on() {
                    let first = byte * (bytes / item) + row * row_items;
                    let places = &mut self.chunk[first..first + counts.len()];
                    places.iter_mut().zip(counts).for_each(|(place, count)| *place = value(count));
                } else {
                    let places = self.chunk[row * row_items * item + byte..].iter_mut().step_by(item);
                    places.zip(counts).for_each(|(place, count)| *place = value(count));
                }
            }
        }
    }

    fn append_chunk(&mut self) {
        if !self.deflate.is_on() {
            self.payload.extend_from_slice(&self.chunk);
            return;
        }
        self.payload.reserve(self.geometry.worst_chunk_bytes() as usize);
        self.compress.reset();
        let status = self
            .compress
            .compress_vec(&self.chunk, &mut self.payload, FlushCompress::Finish)
            .expect("deflate of a whole buffer has no bad state");
        assert_eq!(status, Status::StreamEnd, "the reserved bound holds any chunk");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::CountWidth;

    fn decode(payload: &[u8], lengths: &[u32], geometry: &Geometry) -> Vec<Vec<u32>> {
        let item = geometry.count_width.bytes() as usize;
        let mut rest = payload;
        let mut chunks = Vec::new();
        for &length in lengths {
            let (encoded, tail) = rest.split_at(length as usize);
            let mut raw = vec![0; geometry.chunk_bytes() as usize];
            let mut inflate = flate2::Decompress::new(true);
            inflate.decompress(encoded, &mut raw, flate2::FlushDecompress::Finish).expect("a zlib stream");
            let items = raw.len() / item;
            let value =
                |i: usize| (0..item).rev().fold(0, |v, byte| v << 8 | u32::from(raw[byte * items + i]));
            chunks.push((0..items).map(value).collect());
            rest = tail;
        }
        assert!(rest.is_empty());
        chunks
    }

    #[test]
    fn what_is_encoded_can_be_decoded_and_edges_are_zero() {
        for count_width in [CountWidth::U16, CountWidth::U32] {
            let geometry = Geometry { height: 5, width: 7, band_rows: 3, chunk_columns: 4, count_width };
            let last_band: Vec<u32> = (0..14).map(|i| 300 * i).collect();
            let mut encoder = Encoder::new(geometry, Deflate::new(1).expect("a level"));
            encoder.encode_as(&[1_u32; 21]);
            let (lengths, payload) = encoder.encode_as(&last_band);
            let expected = [
                vec![0, 300, 600, 900, 2100, 2400, 2700, 3000, 0, 0, 0, 0],
                vec![1200, 1500, 1800, 0, 3300, 3600, 3900, 0, 0, 0, 0, 0],
            ];
            assert_eq!(decode(payload, &lengths, &geometry), expected);
        }
    }

    #[test]
    fn noise_stays_below_the_worst_case() {
        let geometry = Geometry {
            height: 64,
            width: 1000,
            band_rows: 64,
            chunk_columns: 700,
            count_width: CountWidth::U16,
        };
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 48) as u16
        };
        let counts: Vec<u16> = (0..64_000).map(|_| noise()).collect();
        for level in 0..=9 {
            let mut encoder = Encoder::new(geometry, Deflate::new(level).expect("a level"));
            let (_, payload) = encoder.encode_as(&counts);
            assert!((payload.len() as u64) < geometry.worst_record_bytes(), "level {level}");
        }
    }
}
