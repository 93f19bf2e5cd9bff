//! How a run went, in numbers: phases, load balance, rate. Pure arithmetic on what ranks measured.

use std::fmt;

use serde::Serialize;

/// Raised whenever a field of [`Report`] changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

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
    /// Root's writer: journal and file. Most of it beside the computing.
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

/// Mean / maximum (POP's load balance): 1 when all ranks have the same, 1/n when one has all.
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

/// Everything that a run tells about itself: printed as a table, written as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of this program.
    pub version: &'static str,
    /// Commit that it was built from.
    pub commit: &'static str,
    /// SHA-256 of what decides the counts.
    pub job_hash: String,
    /// Rows.
    pub height: u64,
    /// Columns.
    pub width: u64,
    /// Iteration limit.
    pub max_iter: u32,
    /// CRC-64/XZ of the counts.
    pub checksum: String,
    /// Sum of the counts; a text, since it can pass 2^64.
    pub sum: String,
    /// Points that did not escape.
    pub undecided: u64,
    /// Number of ranks.
    pub ranks: usize,
    /// Threads of each rank.
    pub threads: Vec<u64>,
    /// Host of each rank.
    pub hosts: Vec<String>,
    /// Kernel of root; other ranks may have faster ones.
    pub kernel: String,
    /// Rounds of this start.
    pub rounds: u64,
    /// Bands of the grid.
    pub bands: u64,
    /// Bands that were in the journal already.
    pub resumed_bands: u64,
    /// Executed pixel-iterations of this start.
    pub executed: u64,
    /// What the partition takes a point for besides its iterations, in iterations.
    pub point_cost: u64,
    /// Sum of the counts that this start computed / (1e9 x wall seconds).
    pub giter_per_s: f64,
    /// Start to end, in seconds.
    pub wall_s: f64,
    /// Mean / maximum of the compute time over the ranks.
    pub load_balance: f64,
    /// Share of the rounds in which threads computed or encoded, the mean over the ranks.
    pub busy: f64,
    /// Peak memory of root, in bytes.
    pub root_memory_bytes: u64,
    /// Peak memory of the rank that had the most, in bytes.
    pub most_memory_bytes: u64,
    /// Each phase over all ranks.
    pub phases: Vec<PhaseSummary>,
    /// Bytes of the records that were gathered.
    pub gathered_bytes: u64,
    /// Seconds that root's writer spent on the journal: beside the computing, but for the last round's.
    pub journal_s: f64,
    /// CPU seconds of that, which root's threads did not have.
    pub journal_cpu_s: f64,
    /// The finished file.
    pub output: String,
    /// Executed pixel-iterations of each band, ascending: what a scaling model needs.
    pub band_costs: Vec<u64>,
    /// What each band was believed to cost, `point_cost` for each point included.
    pub believed_band_costs: Vec<u64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "phase        min/s      avg/s      max/s  slowest rank")?;
        for phase in &self.phases {
            let PhaseSummary { name, min_s, avg_s, max_s, slowest_rank } = phase;
            write!(f, "{name:<8} {min_s:>9.3}  {avg_s:>9.3}  {max_s:>9.3}  {slowest_rank}")?;
            writeln!(f, " ({})", self.hosts.get(*slowest_rank).map_or("?", String::as_str))?;
        }
        let threads: u64 = self.threads.iter().sum();
        writeln!(
            f,
            "ranks {}, threads {threads}, rounds {}, kernel {}",
            self.ranks, self.rounds, self.kernel
        )?;
        if self.resumed_bands > 0 {
            writeln!(f, "resumed: {} of {} bands were in the journal", self.resumed_bands, self.bands)?;
        }
        writeln!(
            f,
            "load balance {:.3} (mean / max of compute), threads busy {:.1} %",
            self.load_balance,
            100.0 * self.busy
        )?;
        let mib = |bytes: u64| bytes >> 20;
        let (root, most) = (mib(self.root_memory_bytes), mib(self.most_memory_bytes));
        writeln!(f, "peak memory {root} MiB at root, {most} MiB at most")?;
        let of_wall = |seconds: f64| 100.0 * seconds / self.wall_s;
        writeln!(
            f,
            "journal {:.3} s ({:.1} % of the wall time), of CPU {:.3} s ({:.1} %)",
            self.journal_s,
            of_wall(self.journal_s),
            self.journal_cpu_s,
            of_wall(self.journal_cpu_s)
        )?;
        writeln!(f, "rate {:.3} Giter/s (sum of counts / wall time)", self.giter_per_s)?;
        writeln!(f, "checksum {} (CRC-64/XZ, {} x {})", self.checksum, self.height, self.width)?;
        write!(
            f,
            "mandel-mpi: done output={} checksum={} sum={} undecided={} wall_s={:.3}",
            self.output, self.checksum, self.sum, self.undecided, self.wall_s
        )
    }
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
