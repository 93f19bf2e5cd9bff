//! What root has after a gather: the bytes of all ranks in one piece.

/// The bytes of all ranks in rank order, and how many are whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    bytes: Vec<u8>,
    sizes: Vec<u64>,
}

impl Gathered {
    /// Bytes of ranks that gave `sizes` of them.
    pub(super) fn new(bytes: Vec<u8>, sizes: Vec<u64>) -> Self {
        assert_eq!(bytes.len() as u64, sizes.iter().sum::<u64>(), "every byte is a rank's");
        Self { bytes, sizes }
    }

    /// The bytes of each rank.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        self.sizes.iter().map(move |&size| {
            let (piece, tail) = rest.split_at(size as usize);
            rest = tail;
            piece
        })
    }

    /// The bytes of all ranks, as they came: no copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
