//! Ranks that are threads of one process: what many ranks do together, tested in milliseconds.
//!
//! All collectives are one meeting: every rank puts its bytes down and takes everybody's. A rank that leaves
//! while others wait for it ends them with a message, as MPI never does.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::checked::Checked;
use super::{Comm, Gathered, MAX_MESSAGE_BYTES, ROOT};

/// Runs `rank` on `size` ranks and returns what each gave, in rank order. Their collectives are checked.
///
/// # Panics
///
/// When a rank does, with what each of the ranks that did had to say.
pub fn run<T: Send>(size: usize, rank: impl Fn(Checked<ThreadComm>) -> T + Sync) -> Vec<T> {
    let table = Arc::new(Table::new(size));
    let comm = |rank| Checked::new(ThreadComm { rank, table: Arc::clone(&table), splits: Cell::new(0) });
    let outcomes: Vec<std::thread::Result<T>> = std::thread::scope(|scope| {
        let start = |comm| scope.spawn(|| catch_unwind(AssertUnwindSafe(|| rank(comm))));
        let ranks: Vec<_> = (0..size).map(comm).map(start).collect();
        ranks.into_iter().map(|rank| rank.join().expect("its panic was caught")).collect()
    });
    let last_words = outcomes.iter().enumerate().filter_map(|(rank, outcome)| {
        let panic = outcome.as_ref().err()?;
        Some(format!("rank {rank}: {}", words(panic.as_ref())))
    });
    let last_words: Vec<String> = last_words.collect();
    assert!(last_words.is_empty(), "{}", last_words.join("\n"));
    outcomes.into_iter().flatten().collect()
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

/// A rank that is a thread.
#[derive(Debug)]
pub struct ThreadComm {
    rank: usize,
    table: Arc<Table>,
    /// How often this group was split.
    splits: Cell<u64>,
}

/// Where the ranks of a group meet.
#[derive(Debug)]
struct Table {
    size: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What ranks have put down for the meeting that is under way.
    given: Vec<Option<Vec<u8>>>,
    arrived: usize,
    /// What ranks gave at the last meeting.
    taken: Arc<Vec<Vec<u8>>>,
    meetings: u64,
    left: Vec<usize>,
    /// The groups that this one was split into, by number of the split and colour.
    groups: HashMap<(u64, u64), Arc<Table>>,
}

impl Table {
    fn new(size: usize) -> Self {
        let state = State { given: vec![None; size], ..State::default() };
        Self { size, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while it is held")
    }

    /// Puts `bytes` down for `rank`, waits for the other ranks, and takes what all gave. *Collective.*
    #[track_caller]
    fn meet(&self, rank: usize, bytes: Vec<u8>) -> Arc<Vec<Vec<u8>>> {
        let mut state = self.lock();
        state.given[rank] = Some(bytes);
        state.arrived += 1;
        if state.arrived == self.size {
            state.taken =
                Arc::new(state.given.iter_mut().map(|given| given.take().expect("arrived")).collect());
            state.arrived = 0;
            state.meetings += 1;
            self.changed.notify_all();
            return Arc::clone(&state.taken);
        }
        let meeting = state.meetings;
        let waits = |state: &mut State| state.meetings == meeting && state.left.is_empty();
        let state = self.changed.wait_while(state, waits).expect("nobody panics while it is held");
        if state.meetings > meeting {
            return Arc::clone(&state.taken);
        }
        let left = state.left[0];
        drop(state);
        panic!("rank {left} has left, while rank {rank} waits for it at {}", Location::caller());
    }
}

/// A rank that leaves, by its end or a panic, is missed by those that wait for it.
impl Drop for ThreadComm {
    fn drop(&mut self) {
        self.table.lock().left.push(self.rank);
        self.table.changed.notify_all();
    }
}

impl Comm for ThreadComm {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.table.size
    }

    fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mine = if self.is_root() { bytes } else { Vec::new() };
        self.table.meet(self.rank, mine)[ROOT].clone()
    }

    fn exclusive_scan(&self, value: u64) -> u64 {
        self.all_gather(&[value])[..self.rank].iter().sum()
    }

    fn all_gather(&self, values: &[u64]) -> Vec<u64> {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let all = self.table.meet(self.rank, bytes);
        assert!(all.iter().all(|bytes| bytes.len() == all[ROOT].len()), "every rank gives as many values");
        let value = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("8 bytes"));
        all.iter().flat_map(|bytes| bytes.chunks_exact(8)).map(value).collect()
    }

    fn all_reduce_sum<const N: usize>(&self, values: [u64; N]) -> [u64; N] {
        let all = self.all_gather(&values);
        std::array::from_fn(|i| all.iter().skip(i).step_by(N).sum())
    }

    fn gather(&self, bytes: &[u8]) -> Option<Gathered> {
        let all = self.table.meet(self.rank, bytes.to_vec());
        let gathered = self
            .is_root()
            .then(|| Gathered::new(all.concat(), all.iter().map(|bytes| bytes.len() as u64).collect()));
        let bytes: usize = all.iter().map(Vec::len).sum();
        assert!(bytes as u64 <= MAX_MESSAGE_BYTES, "the caller gathers in waves");
        gathered
    }

    fn split(&self, colour: u64) -> Self {
        let colours = self.all_gather(&[colour]);
        let split = self.splits.replace(self.splits.get() + 1);
        let members = |ranks: &[u64]| ranks.iter().filter(|&&other| other == colour).count();
        let table = || Arc::new(Table::new(members(&colours)));
        let table = Arc::clone(self.table.lock().groups.entry((split, colour)).or_insert_with(table));
        Self { rank: members(&colours[..self.rank]), table, splits: Cell::new(0) }
    }

    fn abort(&self, code: i32) -> ! {
        panic!("rank {} ends the job with {code}", self.rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_gets_what_all_gave() {
        let all = run(3, |comm| comm.share(&vec![7; comm.rank()]));
        assert_eq!(all, vec![vec![vec![], vec![7], vec![7, 7]]; 3]);
        assert_eq!(run(5, |comm| comm.exclusive_scan(comm.rank() as u64)), [0, 0, 1, 3, 6]);
    }

    #[test]
    #[should_panic(expected = "rank 1 has left, while rank 0 waits for it at src/comm/as_threads.rs")]
    fn a_rank_that_leaves_is_missed() {
        run(3, |comm| {
            if comm.rank() != 1 {
                comm.all_reduce_sum([1]);
            }
        });
    }

    #[test]
    #[should_panic(expected = "rank 2: not today")]
    fn a_rank_that_panics_is_heard_and_missed() {
        run(3, |comm| {
            assert!(comm.rank() != 2, "not today");
            comm.broadcast(Vec::new())
        });
    }
}
