//! All ranks that MPI started, in a build for tests: their collectives are compared.

use mandel_mpi::comm::MpiComm;
use mandel_mpi::comm::checked::Checked;
use mandel_mpi::error::Result;

/// Starts MPI.
pub(super) fn start() -> Result<Checked<MpiComm>> {
    MpiComm::start().map(Checked::new)
}
