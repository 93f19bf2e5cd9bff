//! Bands: the unit of partition, encoding, journal and resume.
//!
//! A band is `band_rows` consecutive rows over the full width, aligned to the grid, and one row of chunks of
//! the dataset. Its geometry follows from the grid alone, so the encoded bytes are the same for any number of
//! ranks.

mod encode;
mod encoding;
mod geometry;
mod record;
mod summary;

pub use encode::Encoder;
pub use encoding::{Deflate, Encoding};
pub use geometry::Geometry;
pub use record::{Record, RecordHeader};
pub use summary::Summary;
