//! What a job stores for each grid point: its escape count.
//!
//! A *field* has one value for each point of a rectangle of the grid. The escape counts are one, in the
//! narrowest type that holds them. [`Fields`] has all fields of a rectangle.

use std::ops::Range;

use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// Escape counts of a rectangle, shape `[rows, columns]`, in row-major order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// As `u16`.
    U16(Array2<u16>),
    /// As `u32`.
    U32(Array2<u32>),
}

/// Escape counts of some rows of a rectangle.
#[derive(Debug, Clone, Copy)]
pub enum CountSlice<'a> {
    /// As `u16`.
    U16(&'a [u16]),
    /// As `u32`.
    U32(&'a [u32]),
}

/// The fields of a rectangle of the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// The escape counts.
    pub counts: Counts,
}

impl Fields {
    /// Fields of this shape, all zero.
    #[must_use]
    pub fn zeros(count_width: CountWidth, shape: [usize; 2]) -> Self {
        let counts = match count_width {
            CountWidth::U16 => Counts::U16(Array2::zeros(shape)),
            CountWidth::U32 => Counts::U32(Array2::zeros(shape)),
        };
        Self { counts }
    }

    /// Writes `part` to the place whose first row and column are these.
    ///
    /// # Panics
    ///
    /// When it does not fit there, or has counts of another type.
    pub fn paste(&mut self, at: [usize; 2], part: &Self) {
        match (&mut self.counts, &part.counts) {
            (Counts::U16(whole), Counts::U16(part)) => paste(whole, at, part),
            (Counts::U32(whole), Counts::U32(part)) => paste(whole, at, part),
            _ => panic!("the parts of a rectangle have counts of one type"),
        }
    }

    /// The counts of some rows.
    #[must_use]
    pub fn counts(&self, rows: Range<usize>) -> CountSlice<'_> {
        match &self.counts {
            Counts::U16(counts) => CountSlice::U16(of_rows(counts, rows)),
            Counts::U32(counts) => CountSlice::U32(of_rows(counts, rows)),
        }
    }
}

fn paste<T: Copy>(whole: &mut Array2<T>, [row, column]: [usize; 2], part: &Array2<T>) {
    let (rows, columns) = part.dim();
    whole.slice_mut(s![row..row + rows, column..column + columns]).assign(part);
}

fn of_rows<T>(counts: &Array2<T>, rows: Range<usize>) -> &[T] {
    let width = counts.ncols();
    &counts.as_slice().expect("made row-major")[rows.start * width..rows.end * width]
}
