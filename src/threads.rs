//! How many threads a rank starts, whether there are CPUs for them, and how they are started.
//!
//! Launchers bind ranks in many ways: two ranks may share eight CPUs or have one each. Ranks exchange the sets of CPUs
//! that they may run on, and so each knows its share. Threads are never pinned.

use std::num::NonZeroUsize;
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

use crate::checksum::Checksum;
use crate::error::{Error, Result, Status};
use crate::telemetry;

/// CPUs of a node that can be told apart, in words of 64.
const MASK_WORDS: usize = 16;

/// Where a rank runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Stands for the name of the host.
    host: u64,
    /// The CPUs that the rank may use, a bit each.
    cpus: [u64; MASK_WORDS],
}

impl Place {
    /// Numbers in which ranks exchange their places.
    pub const WORDS: usize = MASK_WORDS + 1;

    /// The place of this process.
    #[must_use]
    pub fn here(host: &str) -> Self {
        let host = Checksum::of_bytes(host.as_bytes()).crc();
        let mut cpus = [0; MASK_WORDS];
        if let Ok(allowed) = rustix::thread::sched_getaffinity(None) {
            for cpu in (0..64 * MASK_WORDS).filter(|&cpu| allowed.is_set(cpu)) {
                cpus[cpu / 64] |= 1 << (cpu % 64);
            }
        }
        Self { host, cpus }
    }

    /// As numbers.
    #[must_use]
    pub fn to_words(self) -> [u64; Self::WORDS] {
        let mut words = [self.host; Self::WORDS];
        words[1..].copy_from_slice(&self.cpus);
        words
    }

    /// From numbers, [`Self::WORDS`] of them.
    #[must_use]
    pub fn from_words(words: &[u64]) -> Self {
        Self { host: words[0], cpus: words[1..].try_into().expect("as many as were sent") }
    }

    fn cpu_count(&self) -> usize {
        self.cpus.iter().map(|word| word.count_ones() as usize).sum()
    }
}

/// Where a number of threads comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// `--threads` or `run.threads`.
    Config(NonZeroUsize),
    /// A variable of the environment.
    Environment(&'static str, NonZeroUsize),
    /// Nobody asked for any number.
    None,
}

impl Wish {
    /// What is asked for: by the config, else by `OMP_NUM_THREADS`, else by Slurm.
    ///
    /// # Errors
    ///
    /// When a variable has no number.
    pub fn new(config: Option<NonZeroUsize>, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        if let Some(threads) = config {
            return Ok(Self::Config(threads));
        }
        for name in ["OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK"] {
            let Some(text) = variable(name).filter(|text| !text.is_empty()) else { continue };
            // OpenMP allows a list, one number for each level of nesting.
            let first = text.split(',').next().unwrap_or_default().trim();
            let threads = first.parse().ok().and_then(NonZeroUsize::new).ok_or_else(|| {
                let message = format!("{name} = {text}: must be a whole number from 1: mend or unset it");
                Error::new(Status::Usage, message)
            })?;
            return Ok(Self::Environment(name, threads));
        }
        Ok(Self::None)
    }
}

/// The threads of a rank: what is wished, else its share of the CPUs that it may use.
#[must_use]
pub fn of_rank(wish: &Wish, places: &[Place], rank: usize) -> NonZeroUsize {
    match wish {
        Wish::Config(threads) | Wish::Environment(_, threads) => *threads,
        Wish::None => {
            let sharing = places.iter().filter(|place| **place == places[rank]).count();
            NonZeroUsize::new(places[rank].cpu_count() / sharing).unwrap_or(NonZeroUsize::MIN)
        }
    }
}

/// What is wrong with the threads of a rank, if anything: more than its CPUs, or, with all ranks of its host together,
/// more than all of theirs.
#[must_use]
pub fn complaint(threads: &[u64], places: &[Place], rank: usize) -> Option<String> {
    let (mine, own_cpus) = (threads[rank], places[rank].cpu_count() as u64);
    let neighbours = || places.iter().zip(threads).filter(|(place, _)| place.host == places[rank].host);
    let host_threads: u64 = neighbours().map(|(_, threads)| threads).sum();
    let union = neighbours().fold([0; MASK_WORDS], |union, (place, _)| {
        std::array::from_fn(|word| union[word] | place.cpus[word])
    });
    let host_cpus: u64 = union.iter().map(|word| u64::from(word.count_ones())).sum();
    if own_cpus > 0 && mine > own_cpus {
        Some(format!(
            "{mine} threads on {own_cpus} CPU(s): the launcher binds this rank: \
             mpirun --bind-to none, or --map-by slot:PE={mine}, or srun --cpus-per-task={mine}"
        ))
    } else if host_cpus > 0 && host_threads > host_cpus {
        let ranks = neighbours().count();
        Some(format!("{host_threads} threads of {ranks} rank(s) share {host_cpus} CPU(s) of this host"))
    } else {
        None
    }
}

/// Starts a thread, as [`std::thread::spawn`] does, which panics when the system has none left.
///
/// # Errors
///
/// [`Status::OutOfMemory`] when the system refuses.
pub fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>> {
    Builder::new().spawn(work).map_err(|error| refused(&error))
}

/// Starts a thread that ends before `scope` does.
///
/// # Errors
///
/// [`Status::OutOfMemory`] when the system refuses.
pub fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    Builder::new().spawn_scoped(scope, work).map_err(|error| refused(&error))
}

/// Threads are refused like memory: by a limit on them, or because there is none left for their stacks.
fn refused(error: &std::io::Error) -> Error {
    let host = telemetry::host_name();
    let advice = "take fewer --threads, or raise the limits on processes (ulimit -u) and memory (ulimit -v)";
    Error::new(Status::OutOfMemory, format!("cannot start a thread: {error}: {host}: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: u64, cpus: u64) -> Place {
        let mut mask = [0; MASK_WORDS];
        mask[0] = cpus;
        Place { host, cpus: mask }
    }

    fn number(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).expect("not zero")
    }

    #[test]
    fn the_config_is_asked_first_then_openmp_then_slurm() {
        let both = |name: &str| Some(if name == "OMP_NUM_THREADS" { "4,2" } else { "8" }.to_owned());
        let slurm = |name: &str| (name == "SLURM_CPUS_PER_TASK").then(|| "8".to_owned());
        assert_eq!(Wish::new(Some(number(3)), both), Ok(Wish::Config(number(3))));
        assert_eq!(Wish::new(None, both), Ok(Wish::Environment("OMP_NUM_THREADS", number(4))));
        assert_eq!(Wish::new(None, slurm), Ok(Wish::Environment("SLURM_CPUS_PER_TASK", number(8))));
        assert_eq!(Wish::new(None, |_| None), Ok(Wish::None));
        let error = Wish::new(None, |_| Some("many".to_owned())).expect_err("no number");
        assert!(error.to_string().starts_with("OMP_NUM_THREADS = many: must be"), "{error}");
    }

    #[test]
    fn ranks_that_share_cpus_share_them_fairly() {
        let places = [place(1, 0xff), place(1, 0xff), place(2, 0xff), place(2, 0x100)];
        let threads: Vec<usize> = (0..4).map(|rank| of_rank(&Wish::None, &places, rank).get()).collect();
        assert_eq!(threads, [4, 4, 8, 1]);
        let crowd = [place(1, 0b11); 5];
        assert_eq!(of_rank(&Wish::None, &crowd, 0), number(1));
    }

    #[test]
    fn threads_without_cpus_are_complained_about() {
        let bound = [place(1, 0b01), place(1, 0b10)];
        assert_eq!(complaint(&[1, 1], &bound, 0), None);
        let starved = complaint(&[4, 4], &bound, 0).expect("four on one");
        assert!(starved.contains("4 threads on 1 CPU(s)") && starved.contains("slot:PE=4"), "{starved}");
        let shared = [place(1, 0b1111); 3];
        let crowded = complaint(&[2, 2, 2], &shared, 2).expect("six on four");
        assert!(crowded.contains("6 threads of 3 rank(s) share 4 CPU(s)"), "{crowded}");
        assert_eq!(complaint(&[2, 2], &shared[..2], 0), None);
    }

    #[test]
    fn a_place_survives_being_sent() {
        let here = Place::here("node7");
        assert_eq!(Place::from_words(&here.to_words()), here);
        assert!(here.cpu_count() > 0);
    }
}
