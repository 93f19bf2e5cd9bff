//! What HDF5 says when it fails, in the program's words.

use std::io;
use std::path::Path;

use crate::error::{Error, Status};

/// HDF5 failed at `what`.
pub(super) fn hdf5_error(what: &str, error: &hdf5::Error) -> Error {
    let message = error.to_string();
    // HDF5 reports its whole call stack; the first part says enough in a message.
    let cause = system_error(&message)
        .map_or_else(|| message.lines().next().unwrap_or_default().to_owned(), |error| error.to_string());
    Error::new(Status::Io, format!("HDF5: {what}: {cause}"))
}

/// HDF5 failed at `what` of a file: because of what is in it, unless it could not be read.
pub(super) fn failed_in(path: &Path, what: &str, error: &hdf5::Error) -> Error {
    let status = if system_error(&error.to_string()).is_some() { Status::Io } else { Status::Damaged };
    Error::new(status, format!("{}: {}", path.display(), hdf5_error(what, error)))
}

/// The operating system's error, when HDF5's message tells of one: `..., errno = 5, ...`.
fn system_error(message: &str) -> Option<io::Error> {
    let (_, rest) = message.split_once("errno = ")?;
    let number = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some(io::Error::from_raw_os_error(number))
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
