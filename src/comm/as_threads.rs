//! Ranks that are threads of one process, for tests: what many ranks do together, in milliseconds.
//!
//! All collectives are one meeting: every rank sends its bytes to all others and waits for theirs. A rank
//! that leaves while others wait for it ends them with a message, as MPI never does.

use std::any::Any;
use std::panic::Location;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::checked::Checked;
use super::{Comm, Gathered, MAX_MESSAGE_BYTES, ROOT};

/// Runs `rank` on `size` ranks and returns what each gave, in rank order. Their collectives are checked.
///
/// # Panics
///
/// When a rank does, with the message of every rank that did.
pub fn run<T: Send>(size: usize, rank: impl Fn(Checked<ThreadComm>) -> T + Sync) -> Vec<T> {
    let (rank, world) =
        (&rank, |me, ends| ThreadComm { me, members: (0..size).collect(), ends: Rc::new(ends) });
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let start = |(me, ends)| scope.spawn(move || rank(Checked(world(me, ends))));
        let ranks: Vec<_> = connect(size).into_iter().enumerate().map(start).collect();
        ranks.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let panics = outcomes.iter().enumerate().filter_map(|(rank, outcome)| {
        let panic = outcome.as_ref().err()?;
        Some(format!("rank {rank}: {}", message(panic.as_ref())))
    });
    let panics: Vec<String> = panics.collect();
    assert!(panics.is_empty(), "{}", panics.join("\n"));
    outcomes.into_iter().flatten().collect()
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

/// One rank's ends of the channels between all ranks.
#[derive(Debug, Default)]
struct Ends {
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
}

/// A channel from every rank to every rank.
fn connect(size: usize) -> Vec<Ends> {
    let mut all: Vec<Ends> = (0..size).map(|_| Ends::default()).collect();
    for from in 0..size {
        for to in 0..size {
            let (sender, receiver) = channel();
            all[from].to.push(sender);
            all[to].from.push(receiver);
        }
    }
    all
}

/// A rank that is a thread.
#[derive(Debug)]
pub struct ThreadComm {
    /// Its number among all threads.
    me: usize,
    /// The threads of this group, ascending.
    members: Vec<usize>,
    /// Groups share the channels: a rank is in one collective at a time.
    ends: Rc<Ends>,
}

impl ThreadComm {
    /// What all ranks of the group give. *Collective.*
    #[track_caller]
    fn meet(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let (me, place) = (self.me, Location::caller());
        for &to in &self.members {
            // A rank that has left is missed below.
            self.ends.to[to].send(bytes.to_vec()).unwrap_or_default();
        }
        let receive = |&from: &usize| {
            let received = self.ends.from[from].recv();
            received
                .unwrap_or_else(|_| panic!("rank {from} has left, while rank {me} waits for it at {place}"))
        };
        self.members.iter().map(receive).collect()
    }
}

impl Comm for ThreadComm {
    fn rank(&self) -> usize {
        self.members.partition_point(|&member| member < self.me)
    }

    fn size(&self) -> usize {
        self.members.len()
    }

    fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mine = if self.is_root() { bytes } else { Vec::new() };
        self.meet(&mine).swap_remove(ROOT)
    }

    fn exclusive_scan(&self, value: u64) -> u64 {
        self.all_gather(&[value])[..self.rank()].iter().sum()
    }

    fn all_gather(&self, values: &[u64]) -> Vec<u64> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let all = self.meet(&bytes);
        assert!(all.iter().all(|other| other.len() == bytes.len()), "every rank gives as many values");
        let value = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("8 bytes"));
        all.concat().chunks_exact(8).map(value).collect()
    }

    fn all_reduce_sum<const N: usize>(&self, values: [u64; N]) -> [u64; N] {
        let all = self.all_gather(&values);
        std::array::from_fn(|i| all.iter().skip(i).step_by(N).sum())
    }

    fn gather(&self, bytes: &[u8]) -> Option<Gathered> {
        let all = self.meet(bytes);
        let sizes: Vec<u64> = all.iter().map(|bytes| bytes.len() as u64).collect();
        assert!(sizes.iter().sum::<u64>() <= MAX_MESSAGE_BYTES, "the caller gathers in waves");
        self.is_root().then(|| Gathered::new(all.concat(), sizes))
    }

    fn split(&self, colour: u64) -> Self {
        let colours = self.all_gather(&[colour]);
        let of_colour = self.members.iter().zip(colours).filter(|(_, other)| *other == colour);
        let members = of_colour.map(|(member, _)| *member).collect();
        Self { me: self.me, members, ends: Rc::clone(&self.ends) }
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
