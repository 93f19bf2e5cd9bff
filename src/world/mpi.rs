//! All ranks that MPI started.

use mandel_mpi::comm::MpiComm;
use mandel_mpi::error::Result;

/// Starts MPI.
pub(super) fn start() -> Result<MpiComm> {
    MpiComm::start()
}
