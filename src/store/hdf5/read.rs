//! Reads a finished file, band by band.

use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, File, H5Type};
use ndarray::{Array2, s};

use super::failure::failed_in;
use super::layout::{COUNTS, counts};
use crate::band::Summary;
use crate::error::{Error, Result, Status};

/// A finished file, open for reading.
#[derive(Debug)]
pub struct FieldFile {
    path: PathBuf,
    file: File,
    counts: Dataset,
}

impl FieldFile {
    /// Opens a file that this program wrote.
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when it is none, [`Status::Failure`] when it does not exist or is not for this
    /// user to read, [`Status::Io`] when reading fails.
    pub fn open(path: &Path) -> Result<Self> {
        let metadata = std::fs::File::open(path).and_then(|file| file.metadata());
        let metadata = metadata.map_err(|error| {
            let status = match error.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied => Status::Failure,
                _ => Status::Io,
            };
            Error::new(status, format!("cannot open {}: {error}", path.display()))
        })?;
        if !metadata.is_file() {
            return Err(Error::new(Status::Damaged, format!("{}: it is no file", path.display())));
        }
        let not_ours = |error| failed_in(path, "it is no escape-time field", &error);
        let file = File::open(path).map_err(not_ours)?;
        let counts = file.dataset(COUNTS).map_err(not_ours)?;
        let (path, is_field) = (path.to_owned(), counts.ndim() == 2 && counts.is_chunked());
        let field = Self { path, file, counts };
        if is_field { Ok(field) } else { Err(field.damaged("its counts are not a chunked plane")) }
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self) -> (u64, u64) {
        let shape = self.counts.shape();
        (shape[0] as u64, shape[1] as u64)
    }

    /// Rows that are stored together.
    #[must_use]
    pub fn band_rows(&self) -> u64 {
        self.counts.chunk().map_or(1, |chunk| chunk[0] as u64)
    }

    /// The counts of some rows, shape `[rows, width]`.
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when they make no sense, [`Status::Io`] when they cannot be read.
    pub fn rows(&self, rows: Range<u64>) -> Result<Array2<u32>> {
        let slice = s![rows.start as usize..rows.end as usize, ..];
        self.counts.read_slice(slice).map_err(|error| self.failed("its counts", &error))
    }

    /// One count.
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when it makes no sense, [`Status::Io`] when it cannot be read.
    pub fn count(&self, row: usize, column: usize) -> Result<u32> {
        let one: hdf5::Result<Array2<u32>> = self.counts.read_slice(s![row..=row, column..=column]);
        one.map(|one| one[[0, 0]]).map_err(|error| self.failed("its counts", &error))
    }

    /// Reads all counts, band by band, and says what is known of them.
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when they make no sense, [`Status::Io`] when they cannot be read.
    pub fn summary(&self) -> Result<Summary> {
        let max_iter = self.max_iter()?.get();
        let height = self.shape().0;
        let mut summary = Summary::empty();
        for start in (0..height).step_by(self.band_rows() as usize) {
            let end = (start + self.band_rows()).min(height);
            let counts = self.rows(start..end)?;
            summary = summary.then(Summary::of(counts.as_slice().expect("row-major"), max_iter));
        }
        Ok(summary)
    }

    /// The samples of an axis, [`RE`](super::layout::RE) or [`IM`](super::layout::IM).
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when they make no sense, [`Status::Io`] when they cannot be read.
    pub fn axis(&self, name: &str) -> Result<Vec<f64>> {
        let read = || self.file.dataset(name)?.read_raw();
        read().map_err(|error| self.failed(name, &error))
    }

    /// A text attribute of the counts, one of [`counts`].
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when it is missing, [`Status::Io`] when it cannot be read.
    pub fn text(&self, name: &str) -> Result<String> {
        Ok(self.attribute::<VarLenUnicode>(name)?.to_string())
    }

    /// A whole-number attribute of the counts, one of [`counts`].
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when it is missing, [`Status::Io`] when it cannot be read.
    pub fn number(&self, name: &str) -> Result<u64> {
        self.attribute(name)
    }

    fn attribute<T: H5Type>(&self, name: &str) -> Result<T> {
        let value = self.counts.attr(name).and_then(|attribute| attribute.read_scalar());
        value.map_err(|error| self.failed(name, &error))
    }

    /// The iteration limit.
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when there is none, [`Status::Io`] when it cannot be read.
    pub fn max_iter(&self) -> Result<NonZeroU32> {
        let max_iter = u32::try_from(self.number(counts::MAX_ITER)?).ok().and_then(NonZeroU32::new);
        max_iter.ok_or_else(|| self.damaged("its max_iter is no limit of iterations"))
    }

    /// The error of this file being other than it should be.
    #[must_use]
    pub fn damaged(&self, why: &str) -> Error {
        Error::new(Status::Damaged, format!("{}: {why}", self.path.display()))
    }

    fn failed(&self, what: &str, error: &hdf5::Error) -> Error {
        failed_in(&self.path, what, error)
    }
}
