//! What a job stores for each grid point: its escape count.

/// An integer type that holds escape counts.
pub trait Count: Copy + Default + Ord + Send + Sync + 'static {
    /// The largest count that the type holds.
    const MAX: u32;
    /// Narrows a count, which is at most [`Self::MAX`].
    fn from_count(count: u32) -> Self;
    /// Widens a count.
    fn to_count(self) -> u32;
}

impl Count for u16 {
    const MAX: u32 = u16::MAX as u32;

    fn from_count(count: u32) -> Self {
        count as Self
    }

    fn to_count(self) -> u32 {
        self.into()
    }
}

impl Count for u32 {
    const MAX: u32 = Self::MAX;

    fn from_count(count: u32) -> Self {
        count
    }

    fn to_count(self) -> u32 {
        self
    }
}

/// The type that a job's counts are computed in and stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountWidth {
    /// `u16`, when `max_iter` fits.
    U16,
    /// `u32`.
    U32,
}

impl CountWidth {
    /// Bytes per count.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::U16 => 2,
            Self::U32 => 4,
        }
    }
}
