//! What the program says on standard output, above all the report of a run.

use std::fmt::{self, Display};
use std::io::{Write, stdout};

use serde::Serialize;

use crate::metrics::PhaseSummary;

/// Raised whenever a field of [`Report`] changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// Writes a line, or several, to standard output. A reader who has left (`| head`) is no reason to fail.
pub fn print(text: &dyn Display) {
    writeln!(stdout(), "{text}").unwrap_or_default();
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
    /// Predicted cost of a point beyond its iterations, in iterations.
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
    /// Seconds that root's writer spent on the journal. Only the last round's are not beside the computing.
    pub journal_s: f64,
    /// CPU seconds of these. Root's computing threads did not have them.
    pub journal_cpu_s: f64,
    /// The finished file.
    pub output: String,
    /// Executed pixel-iterations of each band, ascending: what a scaling model needs.
    pub band_costs: Vec<u64>,
    /// Predicted cost of each band, with `point_cost` for each of its points, in iterations.
    pub believed_band_costs: Vec<u64>,
}

impl Display for Report {
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
