//! A group that finds out when ranks meet in different collectives.
//!
//! MPI does not: it waits for ever, or takes one call's bytes for another's. Before each collective of a
//! checked group ranks compare which one it is, with how many values, and where it is called. The comparison
//! costs as much as the collective, so only tests have it, and builds with fault points.

use std::panic::Location;

use super::{Comm, Gathered};
use crate::checksum::Checksum;

/// A group whose collectives are compared over the ranks.
#[derive(Debug)]
pub struct Checked<C>(pub C);

impl<C: Comm> Checked<C> {
    /// Compares a call with those of the other ranks. *Collective.*
    ///
    /// # Panics
    ///
    /// On all ranks, when one of them is in another collective, or in the same one of another place.
    #[track_caller]
    fn compare(&self, operation: &str) {
        let call = format!("{operation} at {}", Location::caller());
        let all = self.0.all_gather(&[Checksum::of_bytes(call.as_bytes()).crc()]);
        let Some(other) = all.iter().position(|other| *other != all[0]) else { return };
        let calls = self.0.share(call.as_bytes());
        let call = |rank: usize| format!("rank {rank} is in {}", String::from_utf8_lossy(&calls[rank]));
        panic!("ranks meet in different collectives: {}, {}", call(0), call(other));
    }
}

impl<C: Comm> Comm for Checked<C> {
    fn rank(&self) -> usize {
        self.0.rank()
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.compare("broadcast");
        self.0.broadcast(bytes)
    }

    fn exclusive_scan(&self, value: u64) -> u64 {
        self.compare("exclusive_scan");
        self.0.exclusive_scan(value)
    }

    fn all_gather(&self, values: &[u64]) -> Vec<u64> {
        self.compare(&format!("all_gather of {}", values.len()));
        self.0.all_gather(values)
    }

    fn all_reduce_sum<const N: usize>(&self, values: [u64; N]) -> [u64; N] {
        self.compare(&format!("all_reduce_sum of {N}"));
        self.0.all_reduce_sum(values)
    }

    fn gather(&self, bytes: &[u8]) -> Option<Gathered> {
        self.compare("gather");
        self.0.gather(bytes)
    }

    fn split(&self, colour: u64) -> Self {
        self.compare("split");
        Self(self.0.split(colour))
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::comm::as_threads::{self, ThreadComm};
    use crate::error::{Error, Status};

    /// What ranks say when they meet as they must not.
    fn told<T: Send>(rank: impl Fn(Checked<ThreadComm>) -> T + Sync) -> String {
        let caught = catch_unwind(AssertUnwindSafe(|| as_threads::run(3, rank).len()));
        *caught.expect_err("ranks do not agree").downcast::<String>().expect("words")
    }

    #[test]
    fn another_operation_is_found() {
        let message = told(|comm| match comm.rank() {
            2 => comm.exclusive_scan(1),
            _ => comm.all_gather(&[1])[0],
        });
        let both = "different collectives: rank 0 is in all_gather of 1 at src/comm/checked.rs:";
        assert!(
            message.contains(both) && message.contains(", rank 2 is in exclusive_scan at src/"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 3, "{message}");
    }

    #[test]
    fn the_same_operation_of_another_place_is_found() {
        let fail = || Err::<(), _>(Error::new(Status::Failure, "no"));
        let message = told(|comm| match comm.rank() {
            1 => comm.agree(Ok(())).is_ok(),
            _ => comm.agree(fail()).is_ok(),
        });
        // `agree` is made of others; the place is that of its own caller.
        for rank in [0, 1] {
            let place = format!("rank {rank} is in all_reduce_sum of 1 at src/comm/checked.rs:");
            assert!(message.contains(&place), "{message}");
        }
    }

    #[test]
    fn another_number_of_values_is_found() {
        let message = told(|comm| comm.all_gather(&vec![0; 1 + comm.rank() / 2]));
        assert!(message.contains("rank 0 is in all_gather of 1 at"), "{message}");
        assert!(message.contains("rank 2 is in all_gather of 2 at"), "{message}");
    }

    #[test]
    fn a_group_of_a_group_is_checked_too() {
        let message = told(|comm| {
            let pair = comm.split(u64::from(comm.rank() == 2));
            if comm.rank() == 1 { pair.exclusive_scan(0) } else { pair.broadcast(Vec::new()).len() as u64 }
        });
        assert!(
            message.contains("rank 0 is in broadcast at") && message.contains("rank 1 is in"),
            "{message}"
        );
    }
}
