//! The config of a run: every key with a type, checked once.
//!
//! Every rank reads the same text into the same [`Config`]; later code never checks again.

mod choices;
pub mod keys;
mod settings;
mod time;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::band::{Deflate, Geometry};
use crate::error::Result;
use crate::grid::{Axis, Sampling};
use crate::job::Job;
use crate::kernel::{Choice, Shortcuts};
use crate::region::{Bound, Interval, Region};

pub use choices::{LogFormat, Partition};
pub use settings::Settings;
pub use time::slurm_time;

/// Most bands: the list of them is kept on every rank. Bands of 16 MiB make this 256 TiB of counts.
const MAX_BANDS: u64 = 1 << 24;

/// The finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its path; ends in `.h5`.
    pub path: PathBuf,
    /// Compression of the chunks.
    pub deflate: Deflate,
    /// Leave out what differs from run to run, so that the whole file is the same bytes.
    pub reproducible: bool,
}

/// How the job is shared out and kept within its means. Nothing here changes a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSettings {
    /// Threads per rank; `None` = by the environment.
    pub threads: Option<NonZeroUsize>,
    /// The quantity that row blocks have equal shares of.
    pub partition: Partition,
    /// How long a round may take, and so how much work a crash can lose.
    pub round: Duration,
    /// How long the job may take.
    pub max_time: Option<Duration>,
    /// Bytes at root for what is gathered, queued and its own encoded bands.
    pub root_memory_bytes: u64,
}

/// Log lines: which, and in which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// The lowest severity that is logged.
    pub level: LevelFilter,
    /// The form of a line.
    pub format: LogFormat,
}

/// Everything that a run needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The counts to compute.
    pub job: Job,
    /// The kernel that computes it.
    pub kernel: Choice,
    /// Whether it may skip iterations that are proven to change nothing.
    pub shortcuts: Shortcuts,
    /// The finished file.
    pub output: Output,
    /// Threads, rounds and limits.
    pub run: RunSettings,
    /// Log lines.
    pub log: Log,
}

impl Config {
    /// Reads every key and checks it.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::error::Status::Usage) for the first thing that makes no sense, naming its place, key,
    /// value and limit.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.refuse_unknown_keys()?;
        let config = Self {
            job: read_job(settings)?,
            kernel: settings.choice("iteration.kernel")?,
            shortcuts: read_shortcuts(settings)?,
            output: read_output(settings)?,
            run: read_run(settings)?,
            log: Log { level: settings.choice("log.level")?, format: settings.choice("log.format")? },
        };
        config.refuse_small_budget(settings)?;
        Ok(config)
    }

    /// Root must be able to hold the band that it gathers beside the one that it writes.
    fn refuse_small_budget(&self, settings: &Settings) -> Result<()> {
        let least = (2 * Geometry::of(&self.job).worst_record_bytes()).div_ceil(1 << 20);
        if self.run.root_memory_bytes >> 20 < least {
            let limit = format!("must be at least {least}: two bands of this grid at their worst");
            return Err(settings.refuse("run.root_memory_mib", &limit));
        }
        Ok(())
    }
}

fn read_job(settings: &Settings) -> Result<Job> {
    let region =
        Region { re: read_interval(settings, "region.re")?, im: read_interval(settings, "region.im")? };
    let (width, height) = (settings.whole("grid.width")?, settings.whole("grid.height")?);
    let sampling: Sampling = settings.choice("grid.sampling")?;
    let max_iter = settings.whole("iteration.max_iter")?;
    let max_iter = NonZeroU32::new(max_iter as u32).expect("within the limits");
    let job = Job::new(region, width, height, sampling, max_iter);
    refuse_repeated_samples(settings, "region.re", &job.region().re, &job.grid().re)?;
    refuse_repeated_samples(settings, "region.im", &job.region().im, &job.grid().im)?;
    let bands = Geometry::of(&job).bands();
    if bands > MAX_BANDS {
        let limit = format!("the grid has {bands} bands of 16 MiB: at most {MAX_BANDS} are possible");
        return Err(settings.refuse("grid.height", &limit));
    }
    Ok(job)
}

fn read_interval(settings: &Settings, key: &str) -> Result<Interval> {
    let [lower, upper] = settings.pair(key)?;
    let parse = |text: &str| {
        Bound::parse(text).ok_or_else(|| settings.refuse(key, &format!("{text} must be a finite number")))
    };
    let interval = Interval { lower: parse(lower)?, upper: parse(upper)? };
    let (lower, upper) = (interval.lower.value(), interval.upper.value());
    if lower < upper {
        return Ok(interval);
    }
    let limit = if interval.lower.to_string() == interval.upper.to_string() || lower > upper {
        "the lower bound must be below the upper bound".to_owned()
    } else {
        let spacing = lower.abs().next_up() - lower.abs();
        format!("both bounds are {lower:?} in f64, whose spacing there is {spacing:e}")
    };
    Err(settings.refuse(key, &limit))
}

fn refuse_repeated_samples(settings: &Settings, key: &str, interval: &Interval, axis: &Axis) -> Result<()> {
    if !axis.is_finite() {
        return Err(settings.refuse(key, "the region is too large: its samples would not be finite"));
    }
    let Some(index) = axis.first_repeated() else { return Ok(()) };
    let (lower, upper) = (&interval.lower, &interval.upper);
    let nearest = if lower.value().abs() > upper.value().abs() { lower } else { upper };
    let limit = format!(
        "samples {index} and {} of {} are the same f64 ({:?}): the spacing of f64 at the bound {nearest} is {:e}, \
         so take fewer samples or a larger region",
        index + 1,
        axis.len(),
        axis.sample(index),
        axis.spacing(),
    );
    Err(settings.refuse(key, &limit))
}

fn read_output(settings: &Settings) -> Result<Output> {
    let path = PathBuf::from(settings.text("output.path")?);
    if path.extension().is_none_or(|extension| extension != "h5") {
        return Err(settings.refuse("output.path", "must end in .h5"));
    }
    let level = settings.whole("output.deflate")? as u8;
    let deflate = Deflate::new(level).expect("within the limits");
    Ok(Output { path, deflate, reproducible: settings.boolean("output.reproducible")? })
}

fn read_shortcuts(settings: &Settings) -> Result<Shortcuts> {
    let allowed = settings.boolean("iteration.shortcuts")?;
    Ok(if allowed { Shortcuts::Proven } else { Shortcuts::None })
}

fn read_run(settings: &Settings) -> Result<RunSettings> {
    Ok(RunSettings {
        threads: NonZeroUsize::new(settings.whole("run.threads")? as usize),
        partition: settings.choice("run.partition")?,
        round: Duration::from_secs(settings.whole("run.round_seconds")?),
        max_time: read_max_time(settings)?,
        root_memory_bytes: settings.whole("run.root_memory_mib")? << 20,
    })
}

fn read_max_time(settings: &Settings) -> Result<Option<Duration>> {
    let Some(text) = settings.optional_text("run.max_time")? else { return Ok(None) };
    let time = slurm_time(text).ok_or_else(|| settings.refuse_kind("run.max_time"))?;
    if time.is_zero() {
        return Err(settings.refuse("run.max_time", "must be more than 0 seconds"));
    }
    Ok(Some(time))
}

#[cfg(test)]
mod tests;
