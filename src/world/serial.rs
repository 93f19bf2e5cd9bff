//! A build without MPI: one rank.

use mandel_mpi::comm::SerialComm;
use mandel_mpi::error::Result;

/// The one rank.
#[expect(clippy::unnecessary_wraps, reason = "its twin can fail")]
pub(super) fn start() -> Result<SerialComm> {
    Ok(SerialComm)
}
