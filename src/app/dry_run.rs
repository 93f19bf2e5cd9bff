//! `--dry-run`: everything up to the first pixel, without MPI, and what the job would take.
//!
//! Some bands are timed, kernel and encoding, on one thread. The time per unit of predicted cost is taken to
//! be the same in all others.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::start::{self, prepare_kernel};
use crate::band::{Encoding, Geometry};
use crate::block::TeamWork;
use crate::cli::JobArgs;
use crate::comm::SerialComm;
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::estimate;
use crate::kernel::FieldKernel;
use crate::launcher::Launch;
use crate::store::FileFormat;
use crate::store::paths::{self, Paths};
use crate::threads::{self, CpuPlacement};
use crate::{machine, report};

/// How long the timed sample takes, about.
const SAMPLE: Duration = Duration::from_secs(2);

/// Bands of the sample, at most.
const SAMPLE_BANDS: u64 = 64;

/// The factor from the estimate to `--time`, for start-up, a slower node and a busy file system.
const TIME_RESERVE: f64 = 1.5;

/// What a job would take.
#[derive(Debug, Clone, PartialEq)]
struct Estimate {
    geometry: Geometry,
    kernel: &'static str,
    ranks: usize,
    threads: usize,
    core_s: f64,
    file_bytes: f64,
    free_bytes: u64,
    root_bytes: u64,
}

/// Checks a job and estimates it. Never starts MPI: under a launcher the first copy speaks.
///
/// # Errors
///
/// Whatever would end the job before its first pixel, and a file system without room for it.
pub fn run(args: &JobArgs, format: &dyn FileFormat) -> Result<()> {
    if !Launch::here().is_first_copy() {
        return Ok(());
    }
    let (config, _) = start::read_config(args, &SerialComm)?;
    let paths = Paths::new(&config.output.path);
    if let Some(finished) = start::find_complete(args, &config, &paths, format)? {
        start::say_complete(&paths, &finished);
        return Ok(());
    }
    try_directory(&paths)?;
    let kernel = prepare_kernel(&config)?;
    let estimate = estimate(args, &config, kernel.as_ref(), paths.directory())?;
    report::print(&estimate);
    estimate.refuse_small_disk(paths.directory())
}

/// Creates a file beside the output and removes it again.
fn try_directory(paths: &Paths) -> Result<()> {
    let probe = paths.output().with_extension(format!("probe-{}", std::process::id()));
    drop(paths::create_new(&probe)?);
    std::fs::remove_file(&probe).map_err(|error| Error::io(probe.display(), &error))
}

fn estimate(args: &JobArgs, config: &Config, kernel: &dyn FieldKernel, directory: &Path) -> Result<Estimate> {
    let geometry = Geometry::of(&config.job);
    let requested = threads::requested(config.run.threads, Launch::here().threads)?;
    let threads = threads::of_rank(requested, &[CpuPlacement::here()], 0).get();
    let never = AtomicBool::new(false);
    let (point_cost, one) = (kernel.point_cost(), NonZeroUsize::MIN);
    let costs = estimate::band_costs(&SerialComm, &geometry, kernel, point_cost, one, &never)?;
    let total: f64 = costs.iter().map(|&cost| cost as f64).sum();
    let sample = time_bands(config, kernel, &geometry, &costs);
    let free_bytes =
        machine::free_disk_bytes(directory).map_err(|error| Error::io(directory.display(), &error))?;
    Ok(Estimate {
        geometry,
        kernel: kernel.name(),
        ranks: args.ranks.unwrap_or(1) as usize,
        threads,
        core_s: sample.seconds / sample.cost * total,
        file_bytes: sample.bytes / sample.bands * geometry.bands() as f64,
        free_bytes,
        root_bytes: config.run.root_memory_bytes + 8 * geometry.width + 200 * geometry.bands(),
    })
}

/// What some bands took.
struct Sample {
    bands: f64,
    cost: f64,
    seconds: f64,
    bytes: f64,
}

/// Times bands from all over the grid, in an order that spreads them evenly whenever it is broken off.
fn time_bands(config: &Config, kernel: &dyn FieldKernel, geometry: &Geometry, costs: &[u64]) -> Sample {
    let encoding = Encoding { geometry: *geometry, deflate: config.output.deflate };
    let work = TeamWork::new(&config.job, encoding, kernel);
    let (begun, bands) = (Instant::now(), geometry.bands());
    let mut sample = Sample { bands: 0.0, cost: 0.0, seconds: 0.0, bytes: 0.0 };
    for turn in 0..SAMPLE_BANDS.min(bands) {
        // The golden ratio's multiples, modulo 1, are spread evenly however many there are.
        let share = (turn as f64 * 0.618_033_988_749_895).fract();
        let first = (share * bands as f64) as u64;
        // Small bands are computed several at a time, as in the job.
        let together = (first..bands.min(first + 16)).collect::<Vec<u64>>();
        let costs = &costs[first as usize..first as usize + together.len()];
        let timed = time_block(&work, &together, costs);
        sample.bands += together.len() as f64;
        sample.cost += costs.iter().map(|&cost| cost as f64).sum::<f64>();
        sample.seconds += timed.0;
        sample.bytes += timed.1;
        if begun.elapsed() > SAMPLE {
            break;
        }
    }
    sample
}

/// CPU seconds and bytes of some bands on this thread. CPU time, because a login node is shared.
fn time_block(work: &TeamWork<'_>, bands: &[u64], costs: &[u64]) -> (f64, f64) {
    let started = machine::thread_cpu_s();
    let block = work.block(bands, costs, 1, u64::MAX);
    work.contribute(&block);
    (machine::thread_cpu_s() - started, block.held_bytes() as f64)
}

impl Estimate {
    fn wall_s(&self) -> f64 {
        self.core_s / (self.ranks * self.threads) as f64
    }

    /// The journal and the file are there together at the end.
    fn refuse_small_disk(&self, directory: &Path) -> Result<()> {
        let needed = 2.0 * self.file_bytes;
        if needed <= self.free_bytes as f64 {
            return Ok(());
        }
        let (needed, free) = (mebibytes(needed), mebibytes(self.free_bytes as f64));
        let message = format!("{} has {free} free, journal and file take {needed}", directory.display());
        Err(Error::new(Status::Io, message))
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { geometry, kernel, ranks, threads, .. } = self;
        let (height, width, bands) = (geometry.height, geometry.width, geometry.bands());
        writeln!(f, "grid        {height} x {width}, {bands} bands of {} row(s)", geometry.band_rows)?;
        writeln!(f, "kernel      {kernel} (on this machine)")?;
        writeln!(f, "ranks       {ranks} with {threads} thread(s) each")?;
        writeln!(f, "work        {:.1} core-seconds", self.core_s)?;
        writeln!(f, "wall time   {:.1} s, without starting and writing", self.wall_s())?;
        writeln!(f, "file        {}, and as much for the journal", mebibytes(self.file_bytes))?;
        writeln!(f, "free disk   {}", mebibytes(self.free_bytes as f64))?;
        writeln!(f, "root memory {}, at most", mebibytes(self.root_bytes as f64))?;
        let minutes = (self.wall_s() * TIME_RESERVE / 60.0).ceil().max(1.0) as u64 + 1;
        write!(f, "#SBATCH --ntasks={ranks} --cpus-per-task={threads} --time={minutes}")
    }
}

fn mebibytes(bytes: f64) -> String {
    let mebibytes = bytes / f64::from(1 << 20);
    if mebibytes < 10_240.0 {
        format!("{mebibytes:.1} MiB")
    } else {
        format!("{:.1} GiB", mebibytes / 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        assert_eq!(mebibytes(1_572_864.0), "1.5 MiB");
        assert_eq!(mebibytes(3e13), "27939.7 GiB");
    }
}
