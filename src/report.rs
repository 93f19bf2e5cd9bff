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
    #[serde(rename = "believed_band_costs")]
    pub predicted_band_costs: Vec<u64>,
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_phases(f)?;
        self.write_machine(f)?;
        self.write_journal(f)?;
        writeln!(f, "rate {:.3} Giter/s (sum of counts / wall time)", self.giter_per_s)?;
        let Self { checksum, sum, undecided, output, wall_s, .. } = self;
        writeln!(f, "checksum {checksum} (CRC-64/XZ, {} x {})", self.height, self.width)?;
        write!(f, "mandel-mpi: done output={output} checksum={checksum} sum={sum} ")?;
        write!(f, "undecided={undecided} wall_s={wall_s:.3}")
    }
}

impl Report {
    fn write_phases(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "phase        min/s      avg/s      max/s  slowest rank")?;
        for PhaseSummary { name, min_s, avg_s, max_s, slowest_rank } in &self.phases {
            let host = self.hosts.get(*slowest_rank).map_or("?", String::as_str);
            write!(f, "{name:<8} {min_s:>9.3}  {avg_s:>9.3}  {max_s:>9.3}  ")?;
            writeln!(f, "{slowest_rank} ({host})")?;
        }
        Ok(())
    }

    fn write_machine(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ranks, rounds, kernel, resumed_bands, bands, load_balance, .. } = self;
        let threads: u64 = self.threads.iter().sum();
        writeln!(f, "ranks {ranks}, threads {threads}, rounds {rounds}, kernel {kernel}")?;
        if *resumed_bands > 0 {
            writeln!(f, "resumed: {resumed_bands} of {bands} bands were in the journal")?;
        }
        write!(f, "load balance {load_balance:.3} (mean / max of compute), ")?;
        writeln!(f, "threads busy {:.1} %", 100.0 * self.busy)?;
        let (root, most) = (self.root_memory_bytes >> 20, self.most_memory_bytes >> 20);
        writeln!(f, "peak memory {root} MiB at root, {most} MiB at most")
    }

    fn write_journal(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { journal_s, journal_cpu_s, wall_s, .. } = self;
        let [percent, cpu_percent] = [journal_s, journal_cpu_s].map(|seconds| 100.0 * seconds / wall_s);
        write!(f, "journal {journal_s:.3} s ({percent:.1} % of the wall time), ")?;
        writeln!(f, "of CPU {journal_cpu_s:.3} s ({cpu_percent:.1} %)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_ends_with_a_line_for_scripts() {
        let phase = PhaseSummary { name: "compute", min_s: 1.0, avg_s: 1.5, max_s: 2.0, slowest_rank: 1 };
        let report = Report {
            schema_version: SCHEMA_VERSION,
            version: "0",
            commit: "0",
            job_hash: "0".to_owned(),
            height: 3,
            width: 4,
            max_iter: 80,
            checksum: "00ff".to_owned(),
            sum: "99".to_owned(),
            undecided: 5,
            ranks: 2,
            threads: vec![2, 1],
            hosts: vec!["n1".to_owned(), "n2".to_owned()],
            kernel: "avx2".to_owned(),
            rounds: 1,
            bands: 3,
            resumed_bands: 1,
            executed: 7,
            point_cost: 24,
            giter_per_s: 0.5,
            wall_s: 4.0,
            load_balance: 0.75,
            busy: 0.9,
            root_memory_bytes: 2 << 20,
            most_memory_bytes: 3 << 20,
            phases: vec![phase],
            gathered_bytes: 1,
            journal_s: 1.0,
            journal_cpu_s: 0.2,
            output: "a.h5".to_owned(),
            band_costs: Vec::new(),
            predicted_band_costs: Vec::new(),
        };
        let expected = "\
phase        min/s      avg/s      max/s  slowest rank
compute      1.000      1.500      2.000  1 (n2)
ranks 2, threads 3, rounds 1, kernel avx2
resumed: 1 of 3 bands were in the journal
load balance 0.750 (mean / max of compute), threads busy 90.0 %
peak memory 2 MiB at root, 3 MiB at most
journal 1.000 s (25.0 % of the wall time), of CPU 0.200 s (5.0 %)
rate 0.500 Giter/s (sum of counts / wall time)
checksum 00ff (CRC-64/XZ, 3 x 4)
mandel-mpi: done output=a.h5 checksum=00ff sum=99 undecided=5 wall_s=4.000";
        assert_eq!(report.to_string(), expected);
    }
}
