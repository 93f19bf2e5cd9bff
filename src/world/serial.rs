//! A build without MPI: one rank.

use mandel_mpi::comm::{Comm, SerialComm, end_on_panic};
use mandel_mpi::error::Result;

/// The one rank. A panic ends it with the code for that, as with MPI.
#[expect(clippy::unnecessary_wraps, reason = "its twin can fail")]
pub(super) fn start() -> Result<SerialComm> {
    end_on_panic(|code| SerialComm.abort(code));
    Ok(SerialComm)
}
