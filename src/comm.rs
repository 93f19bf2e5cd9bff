//! A group of ranks: what the job needs of MPI, and no more.
//!
//! [`SerialComm`] is the group of one. It is a whole implementation, not a stand-in: the program runs on it
//! where there is no MPI, and so do most tests. Tests have two more: `as_threads` is a group whose ranks are
//! threads, `checked` one that finds out when ranks meet in different collectives.

#[cfg(any(test, feature = "fault-points"))]
pub mod as_threads;
#[cfg(any(test, feature = "fault-points"))]
pub mod checked;
mod gathered;
#[cfg(feature = "mpi")]
mod mpi;
#[cfg(not(feature = "mpi"))]
mod serial;

use crate::error::{Error, Result, Status};

pub use self::gathered::Gathered;
#[cfg(feature = "mpi")]
pub use self::mpi::{library_version, start};
#[cfg(not(feature = "mpi"))]
pub use self::serial::{library_version, start};

/// The rank that reads the config, gathers, and writes.
pub const ROOT: usize = 0;

/// The longest message, in bytes: far below 2^31, the limit of MPI's counts, and tried with every MPI.
pub const MAX_MESSAGE_BYTES: u64 = 256 << 20;

/// A group of ranks that run the same program.
///
/// Every method marked *collective* must be called by all ranks, in the same order and from the same line: by
/// the line `checked` tells calls apart. Only the main thread of a rank calls any. A rank that waits for
/// others sleeps, and so leaves its core to them and to its own threads.
pub trait Comm: Sized {
    /// This process's rank, in `0..self.size()`.
    fn rank(&self) -> usize;

    /// Number of ranks.
    fn size(&self) -> usize;

    /// Root's `bytes`, on every rank. *Collective.*
    #[track_caller]
    fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8>;

    /// Sum of `value` over the ranks before this one; 0 on the first. *Collective.*
    #[track_caller]
    fn exclusive_scan(&self, value: u64) -> u64;

    /// The `values` of all ranks, one rank after the other; every rank gives as many. *Collective.*
    #[track_caller]
    fn all_gather(&self, values: &[u64]) -> Vec<u64>;

    /// Element-wise sums over all ranks. *Collective.*
    #[track_caller]
    fn all_reduce_sum<const N: usize>(&self, values: [u64; N]) -> [u64; N];

    /// The bytes of all ranks at root, nothing elsewhere. Ranks may give any number of them,
    /// [`MAX_MESSAGE_BYTES`] in all at most. *Collective.*
    #[track_caller]
    fn gather(&self, bytes: &[u8]) -> Option<Gathered>;

    /// The group of those ranks that give the same `colour`, in their present order. May use a core while it
    /// waits, so it is for the time before there are other threads. *Collective.*
    #[track_caller]
    #[must_use]
    fn split(&self, colour: u64) -> Self;

    /// Whether this rank is root.
    fn is_root(&self) -> bool {
        self.rank() == ROOT
    }

    /// The bytes of all ranks on all ranks, one rank's after the other's. *Collective.*
    #[track_caller]
    fn gather_to_all(&self, bytes: &[u8]) -> Vec<u8> {
        self.broadcast(self.gather(bytes).map(Gathered::into_bytes).unwrap_or_default())
    }

    /// The bytes of every rank, on all ranks: for names, not for data. *Collective.*
    #[track_caller]
    fn share(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let sizes = self.all_gather(&[bytes.len() as u64]);
        Gathered::new(self.gather_to_all(bytes), sizes).pieces().map(<[u8]>::to_vec).collect()
    }

    /// The group of the ranks whose `node` has the same name. *Collective.*
    #[track_caller]
    #[must_use]
    fn split_by_node(&self, node: &str) -> Self {
        let nodes = self.share(node.as_bytes());
        let first = nodes.iter().position(|other| *other == node.as_bytes()).expect("this rank's own");
        self.split(first as u64)
    }

    /// Makes an error of one rank the error of all: the lowest failed rank's is returned everywhere.
    /// *Collective.*
    ///
    /// # Errors
    ///
    /// When any rank gave one.
    #[track_caller]
    fn agree<T>(&self, result: Result<T>) -> Result<T> {
        let [failed] = self.all_reduce_sum([u64::from(result.is_err())]);
        if failed == 0 {
            return result;
        }
        let error = result.err();
        let codes = self.all_gather(&[error.as_ref().map_or(0, |error| error.status().code().into())]);
        let lowest = codes.iter().position(|&code| code > 0).expect("a rank has failed");
        let mine = error.filter(|_| lowest == self.rank()).map(|error| error.to_string()).unwrap_or_default();
        let message = self.gather_to_all(mine.as_bytes());
        Err(Error::new(Status::from_code(codes[lowest] as u8), String::from_utf8_lossy(&message)))
    }
}

/// Ends the job by `abort` when any thread of this rank panics.
pub fn end_on_panic(abort: fn(i32) -> !) {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        print(info);
        eprintln!("mandel-mpi: error: a bug stopped this rank: please report the message above");
        abort(Status::Internal.code().into())
    }));
}

/// The group of one rank.
#[derive(Debug, Clone, Copy, Default)]
pub struct SerialComm;

impl Comm for SerialComm {
    fn rank(&self) -> usize {
        ROOT
    }

    fn size(&self) -> usize {
        1
    }

    fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    fn exclusive_scan(&self, _value: u64) -> u64 {
        0
    }

    fn all_gather(&self, values: &[u64]) -> Vec<u64> {
        values.to_vec()
    }

    fn all_reduce_sum<const N: usize>(&self, values: [u64; N]) -> [u64; N] {
        values
    }

    fn gather(&self, bytes: &[u8]) -> Option<Gathered> {
        Some(Gathered::new(bytes.to_vec(), vec![bytes.len() as u64]))
    }

    fn split(&self, _colour: u64) -> Self {
        *self
    }
}
