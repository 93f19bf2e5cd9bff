//! A build without MPI: one rank.

use super::{SerialComm, end_on_panic};
use crate::error::Result;

/// The one rank. A panic ends it with the code for that, as with MPI.
///
/// # Errors
///
/// Never; with MPI it can fail.
pub fn start() -> Result<SerialComm> {
    end_on_panic(|code| std::process::exit(code));
    Ok(SerialComm)
}

/// What there is instead of MPI.
#[must_use]
pub fn library_version() -> String {
    "none: built without MPI, one rank".to_owned()
}
