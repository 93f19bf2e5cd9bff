//! How a job's bands are cut and encoded.

use serde::{Deserialize, Serialize};

use super::geometry::Geometry;

/// Level of zlib compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deflate(u8);

impl Deflate {
    /// A level from 0 (chunks are stored as they are) to 9.
    #[must_use]
    pub fn new(level: u8) -> Option<Self> {
        (level <= 9).then_some(Self(level))
    }

    /// The level, 0 to 9.
    #[must_use]
    pub fn level(self) -> u8 {
        self.0
    }

    /// Whether chunks are filtered at all.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.0 > 0
    }
}

/// How a job's bands are cut and encoded. The journal's first segment fixes it; a resume keeps to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encoding {
    /// The bands and chunks.
    pub geometry: Geometry,
    /// The compression of the chunks.
    pub deflate: Deflate,
}
