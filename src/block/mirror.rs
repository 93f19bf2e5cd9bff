//! Rows whose counts another row has: those whose imaginary part is, bit for bit, the negative of that row's.
//!
//! The orbit of the conjugate of `c` is the conjugate of the orbit of `c`, rounding included: each step multiplies,
//! adds and subtracts, and rounding to nearest treats both signs alike. (Zeros may differ in their sign, which no
//! comparison sees.) So both have the same count. Samples are rounded, too, so that not every row of a grid that is
//! symmetric about the real axis has its image there: 642 of area1's 1000 have.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use ndarray::{Array2, ArrayView1, s};

use super::lock;

/// Raw counts that a block keeps for its later rows, but for the rest of a slab.
pub const KEPT_BYTES: u64 = 64 << 20;

/// Finished rows of a block that rows after them mirror.
#[derive(Debug)]
pub(super) struct Kept<T>(Mutex<BTreeMap<u64, Arc<Array2<T>>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    /// Keeps the counts of the rows from `first` on, shape `[rows, width]`.
    pub(super) fn keep(&self, first: u64, counts: Arc<Array2<T>>) {
        lock(&self.0).insert(first, counts);
    }

    /// For each row, given by the row that it mirrors, the counts of that, where they are kept.
    pub(super) fn find(&self, mirrored: impl Iterator<Item = Option<u64>>) -> Vec<Option<Row<T>>> {
        let kept = lock(&self.0);
        let find = |row: u64| {
            let (first, counts) = kept.range(..=row).next_back()?;
            let index = (row - first) as usize;
            (index < counts.nrows()).then(|| Row { counts: Arc::clone(counts), index })
        };
        mirrored.map(|row| row.and_then(find)).collect()
    }
}

/// A row that is kept.
#[derive(Debug)]
pub(super) struct Row<T> {
    counts: Arc<Array2<T>>,
    index: usize,
}

impl<T> Row<T> {
    /// Its counts in some columns.
    pub(super) fn columns(&self, columns: &Range<u64>) -> ArrayView1<'_, T> {
        self.counts.slice(s![self.index, columns.start as usize..columns.end as usize])
    }
}
