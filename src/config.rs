//! A job that makes sense: what was written in the config, typed and checked once.
//!
//! Every rank reads the same text into the same [`Config`]; later code never checks again.

mod settings;

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use crate::band::{Deflate, Geometry};
use crate::error::{Error, Result, Status};
use crate::grid::{Axis, Sampling};
use crate::job::Job;
use crate::kernel::Choice;
use crate::region::{Bound, Interval, Region};

pub use settings::{Settings, Source};

/// Widest grid: one row of u32 counts is then 128 MiB, half of the longest message.
const MAX_WIDTH: u64 = 1 << 25;

/// Tallest grid.
const MAX_HEIGHT: u64 = 1 << 32;

/// Most bands: the list of them is kept on every rank. Bands of 16 MiB make this 256 TiB of counts.
const MAX_BANDS: u64 = 1 << 24;

/// Where results go, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The finished file; ends in `.h5`.
    pub path: PathBuf,
    /// Compression of the chunks.
    pub deflate: Deflate,
    /// Leave out what differs from run to run, so that the whole file is the same bytes.
    pub reproducible: bool,
}

/// What row blocks are equal in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partition {
    /// Predicted cost.
    Cost,
    /// Height, as the talk has it: to show what that costs.
    Equal,
}

/// How the job is shared out and kept within its means. Nothing here changes a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Threads per rank; `None` = by the environment.
    pub threads: Option<NonZeroUsize>,
    /// What row blocks are equal in.
    pub partition: Partition,
    /// How long a round may take, and so how much work a crash can lose.
    pub round: Duration,
    /// How long the job may take.
    pub max_time: Option<Duration>,
    /// Bytes at root for what is gathered, queued and its own encoded bands.
    pub root_memory_bytes: u64,
}

/// Severity from which on events are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing but errors.
    Error,
    /// And warnings.
    Warn,
    /// And the story of the run.
    Info,
    /// And its details.
    Debug,
    /// And everything.
    Trace,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the program says while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// From which severity on.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

/// Everything that a run needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What is computed.
    pub job: Job,
    /// With which kernel.
    pub kernel: Choice,
    /// Whether it may skip iterations that are proven to change nothing.
    pub shortcuts: bool,
    /// To where.
    pub output: Output,
    /// By whom.
    pub run: Run,
    /// With which words.
    pub log: Log,
}

impl Config {
    /// Checks everything that was set.
    ///
    /// # Errors
    ///
    /// [`Status::Usage`] for the first thing that makes no sense, naming its place, key, value and limit.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.refuse_unknown_keys()?;
        let config = Self {
            job: read_job(settings)?,
            kernel: settings
                .choice("iteration.kernel", &Choice::ALL.map(|choice| (choice.name(), choice)))?,
            shortcuts: settings.flag("iteration.shortcuts")?,
            output: Output {
                path: read_output_path(settings)?,
                deflate: read_deflate(settings)?,
                reproducible: settings.flag("output.reproducible")?,
            },
            run: Run {
                threads: NonZeroUsize::new(settings.whole("run.threads", 0..=4096)? as usize),
                partition: settings
                    .choice("run.partition", &[("cost", Partition::Cost), ("equal", Partition::Equal)])?,
                round: Duration::from_secs(settings.whole("run.round_seconds", 1..=86_400)?),
                max_time: read_max_time(settings)?,
                root_memory_bytes: settings.whole("run.root_memory_mib", 1..=1 << 24)? << 20,
            },
            log: Log { level: read_log_level(settings)?, format: read_log_format(settings)? },
        };
        config.refuse_small_budget(settings)?;
        Ok(config)
    }

    /// Reads the effective config that a journal keeps.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn of_journal(texts: &str) -> Result<Self> {
        Self::new(&Settings::parse("journal", texts)?)
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
    let width = settings.whole("grid.width", 1..=MAX_WIDTH)?;
    let height = settings.whole("grid.height", 1..=MAX_HEIGHT)?;
    let sampling = settings.choice("grid.sampling", &Sampling::ALL.map(|kind| (kind.name(), kind)))?;
    let max_iter = settings.whole("iteration.max_iter", 1..=u32::MAX.into())?;
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
    let interval = Interval { lower: parse(&lower)?, upper: parse(&upper)? };
    let (lower, upper) = (interval.lower.value(), interval.upper.value());
    if lower < upper {
        return Ok(interval);
    }
    let limit = if interval.lower.to_string() == interval.upper.to_string() || lower > upper {
        "the lower bound must be below the upper bound".to_owned()
    } else {
        format!("both bounds are {lower:?} in f64, whose spacing there is {:e}", spacing(lower))
    };
    Err(settings.refuse(key, &limit))
}

fn spacing(value: f64) -> f64 {
    value.abs().next_up() - value.abs()
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

fn read_output_path(settings: &Settings) -> Result<PathBuf> {
    let path = PathBuf::from(settings.text("output.path")?);
    let is_h5 = path.extension().is_some_and(|extension| extension == "h5");
    if is_h5 { Ok(path) } else { Err(settings.refuse("output.path", "must end in .h5")) }
}

fn read_deflate(settings: &Settings) -> Result<Deflate> {
    let level = settings.whole("output.deflate", 0..=9)?;
    Ok(Deflate::new(level as u8).expect("within the limits"))
}

fn read_max_time(settings: &Settings) -> Result<Option<Duration>> {
    let Some(text) = settings.optional_text("run.max_time")? else { return Ok(None) };
    let forms =
        "must be a time as Slurm's --time takes it: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS";
    let time = slurm_time(&text).ok_or_else(|| settings.refuse("run.max_time", forms))?;
    if time.is_zero() {
        Err(settings.refuse("run.max_time", "must be more than 0 seconds"))
    } else {
        Ok(Some(time))
    }
}

/// Reads the forms of Slurm's `--time`.
///
/// ```
/// # use mandel_mpi::config::slurm_time;
/// # use std::time::Duration;
/// assert_eq!(slurm_time("90"), Some(Duration::from_secs(5400)));
/// assert_eq!(slurm_time("1:30"), Some(Duration::from_secs(90)));
/// assert_eq!(slurm_time("2:00:01"), Some(Duration::from_secs(7201)));
/// assert_eq!(slurm_time("1-2"), Some(Duration::from_secs(93_600)));
/// assert_eq!(slurm_time("1-2:03"), Some(Duration::from_secs(93_780)));
/// assert_eq!(slurm_time("1-00:00:01"), Some(Duration::from_secs(86_401)));
/// assert_eq!(slurm_time("soon"), None);
/// ```
#[must_use]
pub fn slurm_time(text: &str) -> Option<Duration> {
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (Some(days.parse::<u32>().ok()?), clock),
        None => (None, text),
    };
    let fields = clock.split(':').map(|field| field.parse::<u32>().ok()).collect::<Option<Vec<u32>>>()?;
    let (hours, minutes, seconds) = match (days.is_some(), fields.as_slice()) {
        (true, [hours]) => (*hours, 0, 0),
        (true, [hours, minutes]) => (*hours, *minutes, 0),
        (false, [minutes]) => (0, *minutes, 0),
        (false, [minutes, seconds]) => (0, *minutes, *seconds),
        (_, [hours, minutes, seconds]) => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let [days, hours, minutes, seconds] = [days.unwrap_or(0), hours, minutes, seconds].map(u64::from);
    Some(Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds))
}

fn read_log_level(settings: &Settings) -> Result<LogLevel> {
    settings.choice(
        "log.level",
        &[
            ("error", LogLevel::Error),
            ("warn", LogLevel::Warn),
            ("info", LogLevel::Info),
            ("debug", LogLevel::Debug),
            ("trace", LogLevel::Trace),
        ],
    )
}

fn read_log_format(settings: &Settings) -> Result<LogFormat> {
    settings.choice("log.format", &[("text", LogFormat::Text), ("json", LogFormat::Json)])
}

/// A bad usage or config.
fn usage(message: impl Into<String>) -> Error {
    Error::new(Status::Usage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: &str = "[region]\nre = [-2, 0.5]\nim = [-1.25, 1.25]\n\n[grid]\nwidth = 10\nheight = 10\n\n\
                        [iteration]\nmax_iter = 80\n";

    fn read(text: &str, sets: &[&str]) -> Result<Config> {
        let mut settings = Settings::parse("area.toml", text)?;
        for set in sets {
            settings.set(set)?;
        }
        Config::new(&settings)
    }

    fn refused(text: &str, sets: &[&str]) -> String {
        let error = read(text, sets).expect_err("must be refused");
        assert_eq!(error.status(), Status::Usage);
        error.to_string()
    }

    #[test]
    fn a_small_config_takes_every_default() {
        let config = read(AREA, &[]).expect("a good config");
        assert_eq!(config.output.path, PathBuf::from("area.h5"));
        assert_eq!(config.job.sampling(), Sampling::Endpoints);
        assert_eq!(config.job.region().re.lower.to_string(), "-2");
        assert_eq!((config.output.deflate.level(), config.run.root_memory_bytes), (1, 256 << 20));
    }

    #[test]
    fn every_digit_of_a_bound_is_kept() {
        let deep = "-0.743643887037158704752191506114774";
        let config = read(&AREA.replace("-2,", &format!("{deep},")), &[]).expect("a good config");
        assert_eq!(config.job.region().re.lower.to_string(), deep);
    }

    #[test]
    fn a_message_names_place_key_value_and_limit() {
        let text = AREA.replace("width = 10", "width = 0");
        assert_eq!(
            refused(&text, &[]),
            "grid.width = 0: must be a whole number from 1 to 33554432\n  --> area.toml:6:9"
        );
    }

    #[test]
    fn what_is_set_by_hand_wins_and_is_named_in_messages() {
        assert_eq!(read(AREA, &["grid.width=7"]).expect("good").job.grid().width(), 7);
        let message = refused(AREA, &["grid.height = -3"]);
        assert_eq!(
            message,
            "grid.height = -3: must be a whole number from 1 to 4294967296\n  --> --set grid.height=-3"
        );
    }

    #[test]
    fn bad_values_are_refused_with_their_limit() {
        for (set, words) in [
            ("iteration.max_iter=0", "from 1 to 4294967295"),
            ("iteration.max_iter=4294967296", "from 1 to 4294967295"),
            ("iteration.max_iter=99999999999999999999999", "from 1 to 4294967295"),
            ("iteration.max_iter=80.5", "must be a whole number"),
            ("grid.width=\"wide\"", "must be a whole number"),
            ("grid.sampling=\"middle\"", "\"endpoints\", \"half-open\" or \"centres\""),
            ("grid.sampling=3", "\"endpoints\", \"half-open\" or \"centres\""),
            ("region.re=[0.5, -2]", "the lower bound must be below the upper bound"),
            ("region.re=[0.5, 0.5]", "the lower bound must be below the upper bound"),
            ("region.re=[0.5, 0.50000000000000000001]", "both bounds are 0.5 in f64"),
            ("region.re=[nan, 1]", "must be a finite number"),
            ("region.im=[-inf, 1]", "must be a finite number"),
            ("region.im=[-1e999, 1]", "must be a finite number"),
            ("region.im=[-1, 1, 2]", "must be two numbers"),
            ("region.im=3", "must be two numbers"),
            ("region.re=[-1e308, 1e308]", "too large"),
            ("region.re=[1, 1.000000000000001]", "the spacing of f64 at the bound 1.000000000000001 is 2.2"),
            ("output.path=\"area.png\"", "must end in .h5"),
            ("output.deflate=10", "from 0 to 9"),
            ("run.root_memory_mib=0", "from 1 to"),
            ("run.partition=\"rows\"", "\"cost\" or \"equal\""),
            ("run.max_time=\"soon\"", "must be a time as Slurm's --time takes it"),
            ("run.max_time=0", "must be more than 0 seconds"),
            ("grid.with=3", "unknown key"),
            ("colour=3", "unknown key"),
        ] {
            let message = refused(AREA, &[set]);
            assert!(message.contains(words), "{set}: {message}");
        }
    }

    #[test]
    fn a_retired_key_is_taken_only_with_the_value_that_always_holds() {
        let plain = read(AREA, &[]).expect("a good config");
        assert_eq!(read(AREA, &["iteration.unproven_shortcuts=false"]).expect("a good config"), plain);
        let refused = refused(AREA, &["iteration.unproven_shortcuts=true"]);
        assert_eq!(
            refused,
            "iteration.unproven_shortcuts = true: is retired and always false: take the line out\n  \
             --> --set iteration.unproven_shortcuts=true"
        );
    }

    #[test]
    fn bad_texts_are_refused() {
        for (text, words) in [
            ("", "area.toml is empty"),
            ("# nothing\n", "area.toml is empty"),
            ("[grid\n", "area.toml:1:"),
            ("[grid]\nwidth = 3\nwidth = 4\n", "area.toml:3:1"),
            ("grid = 3\n", "unknown key"),
            ("[grid]\nwidth = 10\n", "region.re is missing"),
        ] {
            let message = refused(text, &[]);
            assert!(message.contains(words), "{text:?}: {message}");
        }
    }

    #[test]
    fn a_budget_below_two_bands_is_refused() {
        let large = ["grid.width=8388608", "grid.height=100", "run.root_memory_mib=16"];
        assert!(refused(AREA, &large).contains("must be at least 37"), "{}", refused(AREA, &large));
    }

    #[test]
    fn the_effective_config_reads_as_the_same_config() {
        let mut settings = Settings::parse("area.toml", AREA).expect("TOML");
        settings.set("run.threads=3").expect("a setting");
        let text = settings.to_toml();
        let again = Settings::parse("area.toml", &text).expect("TOML");
        assert_eq!(Config::new(&again), Config::new(&settings), "{text}");
    }
}
