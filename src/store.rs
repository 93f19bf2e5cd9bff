//! Files at root: the journal that survives anything, and the finished file that is assembled from it.

#[cfg(feature = "hdf5")]
pub mod hdf5;
pub mod journal;
pub mod paths;
pub mod writer;

use crate::error::Result;
use crate::store::journal::Journal;

/// Makes the finished file from a complete journal.
///
/// An edge: HDF5 is one implementation, memory another (in tests).
pub trait Assemble: Send {
    /// Writes every band of `journal` under the output's temporary name, verified and durable, but not yet renamed.
    /// `stopped` is asked between bands: when it says so, the work is given up.
    ///
    /// # Errors
    ///
    /// When a file cannot be written, or the journal is damaged, or a stop was asked.
    fn assemble(&mut self, journal: &Journal, stopped: &dyn Fn() -> bool) -> Result<()>;
}
