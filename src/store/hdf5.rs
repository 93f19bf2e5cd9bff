//! The finished file: HDF5 that h5py, xarray and the HDF5 tools open as it is.
//!
//! The files of this module are the only ones that name `hdf5`. Chunks arrive encoded and are stored as they are;
//! HDF5's own filters only ever run in readers.

mod raw;
mod read;
mod write;

pub use read::FieldFile;
pub use write::{Provenance, RunProvenance, Hdf5Assembler};

use crate::error::{Error, Status};

/// The dataset of the counts.
const COUNTS: &str = "escape_count";

/// The version of HDF5 that is running.
#[must_use]
pub fn library_version() -> String {
    let (major, minor, micro) = ::hdf5::library_version();
    format!("{major}.{minor}.{micro}")
}

/// HDF5 failed at `what`.
fn hdf5_error(what: &str, error: &::hdf5::Error) -> Error {
    Error::new(Status::Io, format!("HDF5: {what}: {}", root_cause(&error.to_string())))
}

/// HDF5 reports its whole call stack; the first part says enough in a message.
fn root_cause(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
