//! Ranks over MPI, the only file that names the `mpi` crate.
//!
//! The crate ignores MPI's return codes, so MPI's default error handler (end the job) stays. Counts and
//! displacements are MPI's `int`: everything sent is cut to [`MAX_MESSAGE_BYTES`] here or by the caller. No
//! call but `split` blocks in MPI, which would spin: threads of the rank may be at work on the same core.

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::request::{Request, Scope};
use mpi::topology::{Color, SimpleCommunicator};
use mpi::traits::{Communicator, CommunicatorCollectives, Root};
use mpi::{Threading, request};

use super::{Comm, Gathered, MAX_MESSAGE_BYTES, ROOT, end_on_panic};
use crate::error::{Error, Result, Status};
use crate::launcher::Launch;

/// How long a waiting rank looks at MPI again and again: ranks often come together to a meeting.
const SPIN_TIME: Duration = Duration::from_micros(50);

/// How long it sleeps between two looks after that.
const POLL: Duration = Duration::from_millis(1);

/// All ranks that were started together, or some of them.
pub struct MpiComm {
    group: SimpleCommunicator,
    // Finalizes MPI when the last group is dropped, so it must outlive `group`'s last use.
    universe: Rc<Universe>,
}

impl MpiComm {
    /// How many bytes each rank gives to root, in MPI's counts; nothing elsewhere. *Collective.*
    fn gather_sizes(&self, bytes: u64) -> Option<Vec<i32>> {
        let root = self.group.process_at_rank(ROOT as i32);
        if !self.is_root() {
            request::scope(|scope| complete(root.immediate_gather_into(scope, &bytes)));
            return None;
        }
        let mut sizes = vec![0; self.size()];
        request::scope(|scope| complete(root.immediate_gather_into_root(scope, &bytes, &mut sizes[..])));
        assert!(sizes.iter().sum::<u64>() <= MAX_MESSAGE_BYTES, "the caller gathers in waves");
        Some(sizes.into_iter().map(|size| size as i32).collect())
    }
}

/// Starts MPI. From here on a panic on any thread ends all ranks with [`Status::Internal`]: an unwinding
/// rank would wait for ever in `MPI_Finalize` while the others wait for it.
///
/// # Errors
///
/// When MPI gives less than the `Funneled` thread level. *Collective.*
pub fn start() -> Result<MpiComm> {
    let launch = Launch::here();
    let copies = launch.copies.map_or(1, NonZeroUsize::get);
    if copies > 1 && !launch.has_process_manager {
        // MPI would end with words of its own, or start as many jobs of one rank.
        return Err(singletons(copies, 1));
    }
    let (universe, threading) =
        mpi::initialize_with_threading(Threading::Funneled).expect("MPI is started once");
    end_on_panic(abort_world);
    if threading < Threading::Funneled {
        return Err(Error::new(
            Status::MpiUnusable,
            format!(
                "MPI gives thread level {threading:?}: Funneled is needed: use an MPI built with threads"
            ),
        ));
    }
    let comm = MpiComm { group: universe.world(), universe: Rc::new(universe) };
    if copies > comm.size() {
        return Err(singletons(copies, comm.size()));
    }
    Ok(comm)
}

/// MPI's own words about itself. May be asked before MPI is started.
#[must_use]
pub fn library_version() -> String {
    let version = mpi::environment::library_version().unwrap_or_default();
    // Open MPI tells where it was built, too, after a comma; MPICH a page of flags.
    let first = version.lines().next().unwrap_or_default().trim_end_matches('\0');
    first.split(',').next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// N copies that do not know of each other would all write the same file.
fn singletons(copies: usize, size: usize) -> Error {
    let mpi = library_version();
    Error::new(
        Status::MpiUnusable,
        format!(
            "{copies} copies were started, but MPI ({mpi}) sees {size}: launcher and MPI do not fit: \
             start with the mpirun of this MPI, or with srun --mpi=pmix"
        ),
    )
}

/// Waits for what was begun, asleep most of the time.
fn complete<'a, D: ?Sized, S: Scope<'a>>(mut request: Request<'a, D, S>) {
    let started = Instant::now();
    while let Err(pending) = request.test() {
        request = pending;
        if started.elapsed() < SPIN_TIME {
            std::thread::yield_now();
        } else {
            std::thread::sleep(POLL);
        }
    }
}

fn abort_world(code: i32) -> ! {
    SimpleCommunicator::world().abort(code)
}

impl Comm for MpiComm {
    fn rank(&self) -> usize {
        self.group.rank() as usize
    }

    fn size(&self) -> usize {
        self.group.size() as usize
    }

    fn broadcast(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let root = self.group.process_at_rank(ROOT as i32);
        let mut length = bytes.len() as u64;
        request::scope(|scope| complete(root.immediate_broadcast_into(scope, &mut length)));
        bytes.resize(length as usize, 0);
        for message in bytes.chunks_mut(MAX_MESSAGE_BYTES as usize) {
            request::scope(|scope| complete(root.immediate_broadcast_into(scope, message)));
        }
        bytes
    }

    fn exclusive_scan(&self, value: u64) -> u64 {
        // MPI leaves the first rank's result as it was.
        let mut before = 0;
        request::scope(|scope| {
            let sum = SystemOperation::sum();
            complete(self.group.immediate_exclusive_scan_into(scope, &value, &mut before, sum));
        });
        before
    }

    fn all_gather(&self, values: &[u64]) -> Vec<u64> {
        let mut all = vec![0; values.len() * self.size()];
        request::scope(|scope| {
            complete(self.group.immediate_all_gather_into(scope, values, &mut all[..]));
        });
        all
    }

    fn all_reduce_sum<const N: usize>(&self, values: [u64; N]) -> [u64; N] {
        let mut sums = [0; N];
        request::scope(|scope| {
            let sum = SystemOperation::sum();
            complete(self.group.immediate_all_reduce_into(scope, &values[..], &mut sums[..], sum));
        });
        sums
    }

    fn gather(&self, bytes: &[u8]) -> Option<Gathered> {
        let counts = self.gather_sizes(bytes.len() as u64);
        // An empty slice points to address 1, which is Open MPI's MPI_IN_PLACE: point to a real byte instead.
        let bytes = if bytes.is_empty() { &[0_u8][..0] } else { bytes };
        let root = self.group.process_at_rank(ROOT as i32);
        let Some(counts) = counts else {
            request::scope(|scope| complete(root.immediate_gather_varcount_into(scope, bytes)));
            return None;
        };
        let sizes = counts.iter().map(|&count| count as u64).collect();
        let starts = counts.iter().scan(0, |end, count| Some(std::mem::replace(end, *end + count)));
        let starts: Vec<i32> = starts.collect();
        let end: i32 = counts.iter().sum();
        // One byte more, for the same reason as above.
        let mut gathered = vec![0; end as usize + 1];
        let mut partition = PartitionMut::new(&mut gathered[..], counts, starts);
        request::scope(|scope| {
            complete(root.immediate_gather_varcount_into_root(scope, bytes, &mut partition));
        });
        gathered.truncate(end as usize);
        Some(Gathered::new(gathered, sizes))
    }

    fn split(&self, colour: u64) -> Self {
        let colours = self.all_gather(&[colour]);
        // MPI's colours are ints: the first rank of a colour stands for it.
        let first = colours.iter().position(|&other| other == colour).expect("this rank's own");
        let group = self.group.split_by_color(Color::with_value(first as i32));
        Self { group: group.expect("every colour has a group"), universe: Rc::clone(&self.universe) }
    }
}
