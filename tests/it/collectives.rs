//! Collectives: every group keeps the same contract, and every function that needs all ranks says so.

#[cfg(feature = "fault-points")]
use mandel_mpi::comm::as_threads;
use mandel_mpi::comm::{Comm, Gathered, SerialComm};
use mandel_mpi::error::{Error, Status};

use crate::functions::{Function, functions};
use crate::sources::sources;

/// What every group of ranks must do.
fn keep_the_contract<C: Comm>(comm: &C) {
    let (rank, size) = (comm.rank() as u64, comm.size() as u64);
    let ranks: Vec<u64> = (0..size).collect();
    assert!(rank < size && comm.is_root() == (rank == 0));
    assert_eq!(comm.broadcast(vec![rank as u8; 3 * usize::from(rank == 0)]), [0, 0, 0]);
    assert_eq!(comm.exclusive_scan(rank + 1), rank * (rank + 1) / 2);
    assert_eq!(comm.all_gather(&[rank]), ranks);
    assert_eq!(comm.all_reduce_sum([1, rank]), [size, ranks.iter().sum()]);
    keep_the_contract_of_bytes(comm);
    keep_the_contract_of_errors(comm);
}

fn keep_the_contract_of_bytes<C: Comm>(comm: &C) {
    // No bytes of the first rank, one of the second, ...
    let bytes = |rank: usize| vec![rank as u8; rank];
    let all: Vec<Vec<u8>> = (0..comm.size()).map(bytes).collect();
    let gathered = comm.gather(&bytes(comm.rank()));
    assert_eq!(gathered.is_some(), comm.is_root());
    if let Some(gathered) = gathered {
        assert!(gathered.pieces().eq(all.iter().map(Vec::as_slice)));
        assert_eq!(gathered.into_bytes(), all.concat());
    }
    assert_eq!(comm.share(&bytes(comm.rank())), all);
    assert_eq!(comm.gather(&[]).map(Gathered::into_bytes), comm.is_root().then(Vec::new));
}

fn keep_the_contract_of_errors<C: Comm>(comm: &C) {
    assert_eq!(comm.agree(Ok(comm.rank())), Ok(comm.rank()));
    let failed = |rank: usize| Error::new(Status::Io, format!("rank {rank} failed"));
    let last = comm.size() - 1;
    let mine = if comm.rank() + 2 > comm.size() / 2 { Err(failed(comm.rank())) } else { Ok(()) };
    let lowest = (comm.size() / 2).saturating_sub(1);
    assert_eq!(comm.agree(mine), Err(failed(lowest)));
    let of_last = if comm.rank() == last { Err(failed(last)) } else { Ok(()) };
    assert_eq!(comm.agree(of_last), Err(failed(last)));
}

/// Groups of a group are groups, of any colours, also when they are split again.
fn keep_the_contract_of_splits<C: Comm>(comm: &C) {
    let (rank, size) = (comm.rank(), comm.size());
    let colours = [u64::MAX, 3];
    let half = comm.split(colours[rank % 2]);
    assert_eq!((half.rank(), half.size()), (rank / 2, (size - rank % 2).div_ceil(2)));
    keep_the_contract(&half);
    let members = half.all_gather(&[rank as u64]);
    assert!(members.iter().all(|other| other % 2 == rank as u64 % 2) && members.is_sorted());
    // Both groups at once, without waiting for each other.
    let quarter = half.split(half.rank() as u64 / 2);
    keep_the_contract(&quarter);
    assert_eq!(comm.split(0).size(), size);
    let nodes = ["node1", "node10", "node1"];
    let node = comm.split_by_node(nodes[rank % 3]);
    assert_eq!(node.size(), (0..size).filter(|other| nodes[other % 3] == nodes[rank % 3]).count());
    keep_the_contract(&node);
}

#[test]
fn one_rank_keeps_the_contract() {
    keep_the_contract(&SerialComm);
    keep_the_contract_of_splits(&SerialComm);
}

#[cfg(feature = "fault-points")]
#[test]
fn threads_keep_the_contract() {
    for size in [1, 2, 3, 5, 8] {
        as_threads::run(size, |comm| {
            keep_the_contract(&comm);
            keep_the_contract_of_splits(&comm);
        });
    }
}

#[cfg(all(feature = "mpi", feature = "fault-points"))]
mod over_mpi {
    use mandel_mpi::comm;
    use mandel_mpi::comm::checked::Checked;

    use super::{keep_the_contract, keep_the_contract_of_splits};
    use crate::sandbox::{Sandbox, mpirun};

    /// Runs a test of this file on many ranks.
    fn on_ranks(ranks: usize, test: &str) -> crate::sandbox::Run {
        let mut command = mpirun(ranks);
        command.arg(std::env::current_exe().expect("this program"));
        let name = format!("collectives::over_mpi::{test}");
        Sandbox::new().finish(command.args(["--exact", &name, "--ignored", "--nocapture"]))
    }

    #[test]
    fn mpi_keeps_the_contract() {
        for ranks in [1, 2, 5] {
            let run = on_ranks(ranks, "as_a_rank");
            assert_eq!(run.stdout.matches("1 passed").count(), ranks, "{}\n{}", run.stdout, run.stderr);
            assert_eq!(run.code, 0, "{}", run.stderr);
        }
    }

    #[test]
    #[ignore = "mpirun starts it on many ranks"]
    fn as_a_rank() {
        let comm = comm::start().expect("MPI");
        keep_the_contract(&comm);
        keep_the_contract_of_splits(&comm);
        let checked = Checked(comm);
        keep_the_contract(&checked);
        keep_the_contract_of_splits(&checked);
    }

    #[test]
    fn over_mpi_too_ranks_in_different_collectives_end_with_both_places() {
        let run = on_ranks(3, "as_a_rank_in_another_collective");
        assert_ne!(run.code, 0, "{}", run.stdout);
        let found = run.stderr.contains("rank 0 is in all_gather of 1 at tests/it/collectives.rs")
            && run.stderr.contains("rank 2 is in exclusive_scan at tests/it/collectives.rs");
        assert!(found, "{}", run.stderr);
    }

    #[test]
    #[ignore = "mpirun starts it on many ranks"]
    fn as_a_rank_in_another_collective() {
        use mandel_mpi::comm::Comm;
        let comm = Checked(comm::start().expect("MPI"));
        match comm.rank() {
            2 => comm.exclusive_scan(1),
            _ => comm.all_gather(&[1])[0],
        };
    }
}

/// The collectives that everything else is made of.
const COLLECTIVES: [&str; 10] = [
    "broadcast",
    "exclusive_scan",
    "all_gather",
    "all_reduce_sum",
    "gather",
    "split",
    "gather_to_all",
    "share",
    "split_by_node",
    "agree",
];

/// Those whose names other things have, too: they are meant where a communicator is asked.
const COMMON_NAMES: [&str; 2] = ["split", "share"];

/// Whether `body` has a call of `name`, which is a collective.
fn calls(body: &str, name: &str) -> bool {
    let of_comm = COLLECTIVES.contains(&name);
    body.match_indices(name).any(|(at, _)| {
        let (before, after) = (&body[..at], &body[at + name.len()..]);
        let is_call = after.starts_with('(') || after.starts_with("::<");
        // The group of one waits for nobody.
        let is_alone = after.lines().next().is_some_and(|line| line.contains("&SerialComm"));
        let is_part = |c: char| c.is_alphanumeric() || "_.:".contains(c);
        let path = before.rsplit(|c| !is_part(c)).next().unwrap_or_default();
        let is_meant = if path.ends_with('.') || before.trim_end().ends_with(").") {
            !COMMON_NAMES.contains(&name) || path.ends_with("comm.")
        } else if path.ends_with("::") {
            !of_comm && (path == "Self::" || path.starts_with(char::is_lowercase))
        } else {
            !of_comm && path.is_empty() && !before.ends_with("fn ")
        };
        is_call && !is_alone && is_meant
    })
}

/// The functions that call a collective and do not say so.
fn silent(functions: &[Function]) -> Vec<String> {
    let says = |function: &&Function| function.doc.contains("*Collective");
    let named = functions.iter().filter(says).map(|function| function.name.clone());
    let known: Vec<String> = named.chain(COLLECTIVES.map(str::to_owned)).collect();
    let should_say = functions.iter().filter(|function| !says(function) && !function.implements_trait);
    let called = |function: &Function| known.iter().find(|name| calls(&function.body, name)).cloned();
    should_say
        .filter_map(|function| {
            Some(format!("{}: {} calls {}", function.file, function.name, called(function)?))
        })
        .collect()
}

/// A forgotten call of a collective is a deadlock, and nothing in a signature tells: so the doc must.
#[test]
fn who_calls_a_collective_says_so() {
    let sources = sources();
    // Only what can name a communicator can call it. The program itself only starts them all.
    let with_comm = sources.iter().filter(|(name, text)| name != "src/main.rs" && text.contains("Comm"));
    let functions: Vec<_> = with_comm.flat_map(|(name, text)| functions(name, text)).collect();
    assert!(functions.len() > 100, "the sources are read: {}", functions.len());
    let silent = silent(&functions);
    assert!(silent.is_empty(), "these do not say *Collective*:\n{}", silent.join("\n"));
}

#[test]
fn a_silent_function_is_found() {
    let text = "\
/// Sends. *Collective.*
fn send_all<C: Comm>(comm: &C) {
    comm.all_gather(&[1]);
}

/// By a group of another name.
fn by_group<C: Comm>(node: &C) {
    node.gather(&[1]);
}

/// By way of another function.
fn by_way<C: Comm>(comm: &C) {
    send_all(comm);
}

/// Of one rank.
fn alone(text: &str) {
    send_all(&SerialComm);
    text.split(',');
}

trait Observer {
    /// By default.
    fn by_default(&self) {
        self.comm.agree(Ok(()));
    }
}

impl Observer for Run {
    fn by_default(&self) {
        self.comm.agree(Ok(()));
    }
}
";
    let found = silent(&functions("src/a.rs", text));
    let expected = ["by_group calls gather", "by_way calls send_all", "by_default calls agree"];
    assert_eq!(found, expected.map(|call| format!("src/a.rs: {call}")));
}
