//! How many threads a rank starts, whether there are CPUs for them, and how they are started.
//!
//! Launchers bind ranks in many ways: two ranks may share eight CPUs or have one each. Ranks exchange the
//! sets of CPUs that they may run on, and so each knows its share. Threads are never pinned.

use std::num::NonZeroUsize;
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

use crate::checksum::Checksum;
use crate::error::{Error, Result, Status};
use crate::launcher::Variable;
use crate::machine;

/// Words of 64 bits: more CPUs of a node cannot be told apart.
const MASK_WORDS: usize = 16;

/// Where a rank runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpuPlacement {
    /// Checksum of the host's name.
    host: u64,
    /// The CPUs that the rank may use, a bit each.
    cpus: [u64; MASK_WORDS],
}

impl CpuPlacement {
    /// How many numbers a placement is when ranks exchange it.
    pub const WORDS: usize = MASK_WORDS + 1;

    /// The placement of this process.
    #[must_use]
    pub fn here() -> Self {
        let mut cpus = [0; MASK_WORDS];
        for cpu in machine::allowed_cpus(64 * MASK_WORDS) {
            cpus[cpu / 64] |= 1 << (cpu % 64);
        }
        let host = Checksum::of_bytes(machine::host_name().as_bytes()).crc();
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

/// The threads that are asked for: by the config, else by a variable of the environment.
///
/// # Errors
///
/// When the variable has no number.
pub fn requested(config: Option<NonZeroUsize>, variable: Option<Variable>) -> Result<Option<NonZeroUsize>> {
    let Some((name, text)) = variable.filter(|_| config.is_none()) else { return Ok(config) };
    // OpenMP allows a list, one number for each level of nesting.
    let first = text.split(',').next().unwrap_or_default().trim();
    first.parse().map(Some).map_err(|_| {
        let message = format!("{name} = {text}: must be a whole number from 1: correct it, or unset it");
        Error::new(Status::Usage, message)
    })
}

/// The threads of a rank: what is requested, else its share of the CPUs that it may use.
#[must_use]
pub fn of_rank(requested: Option<NonZeroUsize>, placements: &[CpuPlacement], rank: usize) -> NonZeroUsize {
    requested.unwrap_or_else(|| {
        let sharing = placements.iter().filter(|placement| **placement == placements[rank]).count();
        NonZeroUsize::new(placements[rank].cpu_count() / sharing).unwrap_or(NonZeroUsize::MIN)
    })
}

/// What is wrong with the threads of a rank, if anything: more than its CPUs, or, with all ranks of its host
/// together, more than all of theirs.
#[must_use]
pub fn oversubscription(threads: &[u64], placements: &[CpuPlacement], rank: usize) -> Option<String> {
    let (mine, own_cpus) = (threads[rank], placements[rank].cpu_count() as u64);
    let neighbours =
        || placements.iter().zip(threads).filter(|(placement, _)| placement.host == placements[rank].host);
    let host_threads: u64 = neighbours().map(|(_, threads)| threads).sum();
    let union = neighbours().fold([0; MASK_WORDS], |union, (placement, _)| {
        std::array::from_fn(|word| union[word] | placement.cpus[word])
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
    let host = machine::host_name();
    let advice = "take fewer --threads, or raise the limits on processes (ulimit -u) and memory (ulimit -v)";
    Error::new(Status::OutOfMemory, format!("cannot start a thread: {error}: {host}: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(host: u64, cpus: u64) -> CpuPlacement {
        let mut mask = [0; MASK_WORDS];
        mask[0] = cpus;
        CpuPlacement { host, cpus: mask }
    }

    fn number(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).expect("not zero")
    }

    #[test]
    fn the_config_is_asked_before_the_environment() {
        let said = |text: &str| Some(("A_VARIABLE", text.to_owned()));
        assert_eq!(requested(Some(number(3)), said("8")), Ok(Some(number(3))));
        assert_eq!(requested(None, said("8")), Ok(Some(number(8))));
        assert_eq!(requested(None, said("4,2")), Ok(Some(number(4))));
        assert_eq!(requested(None, None), Ok(None));
        for text in ["many", "0", "-1"] {
            let error = requested(None, said(text)).expect_err("no number");
            assert!(error.to_string().starts_with(&format!("A_VARIABLE = {text}: must be")), "{error}");
        }
    }

    #[test]
    fn ranks_that_share_cpus_share_them_fairly() {
        let placements = [placement(1, 0xff), placement(1, 0xff), placement(2, 0xff), placement(2, 0x100)];
        let threads: Vec<usize> = (0..4).map(|rank| of_rank(None, &placements, rank).get()).collect();
        assert_eq!(threads, [4, 4, 8, 1]);
        let crowd = [placement(1, 0b11); 5];
        assert_eq!(of_rank(None, &crowd, 0), number(1));
    }

    #[test]
    fn threads_without_cpus_are_complained_about() {
        let bound = [placement(1, 0b01), placement(1, 0b10)];
        assert_eq!(oversubscription(&[1, 1], &bound, 0), None);
        let starved = oversubscription(&[4, 4], &bound, 0).expect("four on one");
        assert!(starved.contains("4 threads on 1 CPU(s)") && starved.contains("slot:PE=4"), "{starved}");
        let shared = [placement(1, 0b1111); 3];
        let crowded = oversubscription(&[2, 2, 2], &shared, 2).expect("six on four");
        assert!(crowded.contains("6 threads of 3 rank(s) share 4 CPU(s)"), "{crowded}");
        assert_eq!(oversubscription(&[2, 2], &shared[..2], 0), None);
    }

    #[test]
    fn a_place_survives_being_sent() {
        let here = CpuPlacement::here();
        assert_eq!(CpuPlacement::from_words(&here.to_words()), here);
        assert!(here.cpu_count() > 0);
    }
}
