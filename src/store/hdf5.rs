//! The finished file: HDF5 that h5py, xarray and the HDF5 tools open as it is.
//!
//! The files of this module are the only ones that name `hdf5`. Chunks arrive encoded and are stored as they are;
//! HDF5's own filters only ever run in readers.

mod raw;
mod read;
mod write;

use std::path::Path;

pub use read::FieldFile;

use super::journal::Journal;
use super::{FileFormat, Finished, Provenance};
use crate::error::{Error, Result, Status};
use crate::job::Job;

/// The dataset of the counts.
const COUNTS: &str = "escape_count";

/// Finished files in HDF5.
#[derive(Debug, Clone, Copy)]
pub struct Hdf5Format;

impl FileFormat for Hdf5Format {
    fn identify(&self, path: &Path) -> Option<Finished> {
        let file = FieldFile::open(path).ok()?;
        let checksum = file.summary(|_| {}).ok()?.checksum.to_string();
        let job_hash = file.text("job_hash").ok()?;
        (file.text("checksum").ok()? == checksum).then_some(Finished { job_hash, checksum })
    }

    fn assemble(
        &mut self,
        job: &Job,
        journal: &Journal,
        provenance: &Provenance,
        stopped: &dyn Fn() -> bool,
    ) -> Result<()> {
        write::assemble(job, journal, provenance, stopped)
    }
}

/// The version of HDF5 that this program was built with, `(major, minor, micro)`.
#[must_use]
pub fn built_version() -> (u8, u8, u8) {
    let ::hdf5_sys::Version { major, minor, micro } = ::hdf5::HDF5_VERSION;
    (major, minor, micro)
}

/// The version of HDF5 that is running, `(major, minor, micro)`.
#[must_use]
pub fn running_version() -> (u8, u8, u8) {
    ::hdf5::library_version()
}

/// HDF5 failed at `what`.
fn hdf5_error(what: &str, error: &::hdf5::Error) -> Error {
    Error::new(Status::Io, format!("HDF5: {what}: {}", root_cause(&error.to_string())))
}

/// HDF5 reports its whole call stack; the first part says enough in a message.
fn root_cause(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
