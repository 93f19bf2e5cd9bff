//! How a run went, in numbers: phases and load balance. Pure arithmetic on what ranks measured.

use serde::Serialize;

/// What a rank spends its time on, in seconds of wall time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Phases {
    /// From the start until the first round: config, journal, cost estimate.
    pub setup_s: f64,
    /// In the kernel, the mean over the rank's threads.
    pub compute_s: f64,
    /// Threads without work: the rest of the rounds, and root's last writing.
    pub wait_s: f64,
    /// Shuffling, compressing and checksums, the mean over the rank's threads.
    pub encode_s: f64,
    /// Sending records to root.
    pub gather_s: f64,
    /// Root's writer: journal and file. Most of this time is beside the computing.
    pub write_s: f64,
}

impl Phases {
    /// Names in the order of [`Self::to_us`].
    const NAMES: [&'static str; 6] = ["setup", "compute", "wait", "encode", "gather", "write"];

    /// Whole microseconds, as ranks exchange them.
    #[must_use]
    pub fn to_us(self) -> [u64; 6] {
        let Self { setup_s, compute_s, wait_s, encode_s, gather_s, write_s } = self;
        [setup_s, compute_s, wait_s, encode_s, gather_s, write_s].map(|seconds| (seconds * 1e6) as u64)
    }
}

/// A phase over all ranks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseSummary {
    /// The phase.
    pub name: &'static str,
    /// The least that a rank spent.
    pub min_s: f64,
    /// The mean over the ranks.
    pub avg_s: f64,
    /// The most that a rank spent.
    pub max_s: f64,
    /// The rank that spent the most.
    pub slowest_rank: usize,
}

/// Summarises what all ranks measured: [`Phases::to_us`] of one rank after the other.
///
/// # Panics
///
/// When `all_us` is of no rank.
#[must_use]
pub fn summarise(all_us: &[u64]) -> Vec<PhaseSummary> {
    let phases = Phases::NAMES.len();
    let summary = |(phase, name)| {
        let times: Vec<f64> = all_us.iter().skip(phase).step_by(phases).map(|us| *us as f64 * 1e-6).collect();
        let slowest_rank = (0..times.len()).max_by(|&a, &b| times[a].total_cmp(&times[b])).expect("a rank");
        PhaseSummary {
            name,
            min_s: times.iter().copied().fold(f64::INFINITY, f64::min),
            avg_s: times.iter().sum::<f64>() / times.len() as f64,
            max_s: times[slowest_rank],
            slowest_rank,
        }
    };
    Phases::NAMES.into_iter().enumerate().map(summary).collect()
}

/// Mean / maximum, POP's load balance: 1 when all ranks have the same, 1/n when one of n has all.
///
/// ```
/// # use mandel_mpi::metrics::load_balance;
/// assert_eq!(load_balance(3.0, 4.0), 0.75);
/// assert_eq!(load_balance(0.0, 0.0), 1.0); // nothing is shared out fairly
/// ```
#[must_use]
pub fn load_balance(mean: f64, max: f64) -> f64 {
    if max > 0.0 { mean / max } else { 1.0 }
}

/// Share of the rounds' time in which threads had work, from the phases' means over the ranks.
#[must_use]
pub fn busy(phases: &[PhaseSummary]) -> f64 {
    let mean = |name: &str| phases.iter().find(|phase| phase.name == name).map_or(0.0, |phase| phase.avg_s);
    let work = mean("compute") + mean("encode");
    load_balance(work, work + mean("wait"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_the_slowest_rank() {
        let fast = Phases { compute_s: 1.0, ..Phases::default() };
        let slow = Phases { compute_s: 3.0, wait_s: 0.5, ..Phases::default() };
        let summaries = summarise(&[fast.to_us(), slow.to_us()].concat());
        let compute = &summaries[1];
        assert_eq!((compute.name, compute.slowest_rank), ("compute", 1));
        assert_eq!((compute.min_s, compute.avg_s, compute.max_s), (1.0, 2.0, 3.0));
        assert_eq!((summaries[2].name, summaries[2].max_s), ("wait", 0.5));
    }
}
