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
    let job_hash = file.text("job_hash")?;
    if file.text("checksum")? == checksum {
        Ok(Finished { job_hash, checksum })
    } else {
        Err(file.damaged("its counts have another checksum"))
    }
}

/// HDF5 failed at `what`.
fn hdf5_error(what: &str, error: &::hdf5::Error) -> Error {
    let message = error.to_string();
    // HDF5 reports its whole call stack; the first part says enough in a message.
    let cause = system_error(&message)
        .map_or_else(|| message.lines().next().unwrap_or_default().to_owned(), |error| error.to_string());
    Error::new(Status::Io, format!("HDF5: {what}: {cause}"))
}

/// The operating system's error, when it is that which HDF5's message tells of: `..., errno = 5, ...`.
fn system_error(message: &str) -> Option<std::io::Error> {
    let (_, rest) = message.split_once("errno = ")?;
    let number = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some(std::io::Error::from_raw_os_error(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_are_told_from_hdf5s_own() {
        let message = "H5Dread(): can't read data: file read failed: time = Thu Jan  1 00:00:00 1970\n, filename = \
                       'a.h5', file descriptor = 9, errno = 5, error message = 'Input/output error', offset = 0";
        assert_eq!(system_error(message).and_then(|error| error.raw_os_error()), Some(5));
        assert!(system_error("H5Fopen(): unable to open file: file signature not found").is_none());
    }
}
