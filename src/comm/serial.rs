//! A build without MPI.

/// What there is instead of MPI.
#[must_use]
pub fn library_version() -> String {
    "none: built without MPI, one rank".to_owned()
}
