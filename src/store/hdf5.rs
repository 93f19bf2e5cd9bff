//! The finished file: HDF5 that h5py, xarray and the HDF5 tools open as it is.
//!
//! The files of this module are the only ones that name `hdf5`. Chunks arrive encoded and are stored as they
//! are; HDF5's own filters only ever run in readers.

mod failure;
pub mod layout;
mod raw;
mod read;
mod write;

use std::path::Path;

pub use read::FieldFile;

use super::journal::Journal;
use super::{FileFormat, Finished, Provenance};
use crate::error::{Result, Status};
use crate::job::Job;
use layout::counts;

/// Finished files in HDF5.
#[derive(Debug, Clone, Copy)]
pub struct Hdf5Format;

impl FileFormat for Hdf5Format {
    fn identify(&self, path: &Path) -> Result<Option<Finished>> {
        match read_whole(path) {
            // What cannot be read now may be a finished file all the same.
            Err(error) if error.status() == Status::Io => Err(error),
            finished => Ok(finished.ok()),
        }
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

/// Reads a finished file to its end, and compares its counts with its checksum.
fn read_whole(path: &Path) -> Result<Finished> {
    let file = FieldFile::open(path)?;
    let checksum = file.summary()?.checksum.to_string();
    let job_hash = file.text(counts::JOB_HASH)?;
    if file.text(counts::CHECKSUM)? == checksum {
        Ok(Finished { job_hash, checksum })
    } else {
        Err(file.damaged("its counts have another checksum"))
    }
}
