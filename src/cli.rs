//! The command line: what was typed. `clap` and what belongs to it are named here and in the folder only.

mod generate;
mod key_flags;
mod man;

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::config::Settings;
use crate::error::{Error, Result, Status};
use crate::faults::Fault;
use crate::launcher::Launch;
use crate::telemetry::ProgressStyleChoice;

pub use generate::Generated;
pub use key_flags::KeyFlags;

/// Exact escape-time fields of the Mandelbrot set, by many ranks and threads, written as HDF5.
#[derive(Debug, Clone, Parser)]
#[command(name = "mandel-mpi", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(after_help = "One job:   mpirun -n 64 mandel-mpi --config area2.toml\n\
                        A picture: mandel-mpi render area2.h5 area2.png")]
pub struct CommandLine {
    /// A command on finished files; without one, a job.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The job.
    #[command(flatten)]
    pub job: JobArgs,
    /// Print a man page, completions for a shell or the table of config keys, and end
    #[arg(long, value_name = "KIND", value_enum)]
    pub generate: Option<Generated>,
}

/// How one job is asked for.
#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be given or not")]
pub struct JobArgs {
    /// The job's configuration, a TOML file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Set a key of the config, for example grid.width=1000; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Flags that set a key of the config.
    #[command(flatten)]
    pub key_flags: KeyFlags,
    /// Replace an existing output once the new one is complete
    #[arg(long)]
    pub force: bool,
    /// Set an existing journal aside and begin anew
    #[arg(long)]
    pub restart: bool,
    /// Write the report as JSON, too
    #[arg(long, value_name = "FILE.json")]
    pub summary: Option<PathBuf>,
    /// Write what each rank did when, as a timeline for Perfetto or Chrome
    #[arg(long, value_name = "FILE.json")]
    pub trace: Option<PathBuf>,
    /// How progress is shown
    #[arg(long, value_name = "STYLE", value_enum, default_value = "auto")]
    pub progress: ProgressStyleChoice,
    /// Check everything up to the first pixel, estimate the job and end
    #[arg(long)]
    pub dry_run: bool,
    /// Ranks of the job that --dry-run estimates
    #[arg(long, value_name = "N", requires = "dry_run", value_parser = clap::value_parser!(u32).range(1..))]
    pub ranks: Option<u32>,
    /// Print the effective config and end
    #[arg(long)]
    pub print_config: bool,
    /// Fail on purpose: RANK:PHASE:panic, :error or :slow
    #[cfg_attr(feature = "fault-points", arg(long, value_name = "RANK:PHASE:HOW", hide = true))]
    #[cfg_attr(not(feature = "fault-points"), arg(skip))]
    pub fail_at: Option<Fault>,
}

/// Commands on finished files. They never start MPI.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Draw a file as a picture, magma colours, row 0 at the bottom
    Render {
        /// The finished file
        file: PathBuf,
        /// The picture to write
        picture: PathBuf,
        /// Longest side in pixels; a larger picture is reduced by means over boxes
        #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..))]
        max_size: Option<u32>,
        /// Replace an existing picture
        #[arg(long)]
        force: bool,
    },
    /// Show what a file holds, or how much of an unfinished one is done
    Info {
        /// The finished file, NAME.h5, or a journal, NAME.journal.N
        file: PathBuf,
    },
    /// Make the finished file from a complete journal, without MPI
    Assemble {
        /// The output, NAME.h5, or its journal, NAME.journal.N
        file: PathBuf,
        /// Replace an existing output
        #[arg(long)]
        force: bool,
    },
    /// Recompute the checksum of a file, and with --sample some of its counts
    Verify {
        /// The finished file
        file: PathBuf,
        /// Random points to compute anew with the reference kernel
        #[arg(long, value_name = "POINTS", default_value_t = 0)]
        sample: u64,
    },
}

impl ValueEnum for ProgressStyleChoice {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Bar, Self::Lines, Self::Off]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Auto => PossibleValue::new("auto").help("A bar on a terminal, else lines"),
            Self::Bar => PossibleValue::new("bar").help("A bar"),
            Self::Lines => PossibleValue::new("lines").help("A line now and then"),
            Self::Off => PossibleValue::new("off").help("Nothing"),
        })
    }
}

impl CommandLine {
    /// Reads the command line; `version` is what `--version` tells. Ends the process after `--help`,
    /// `--version` and mistakes; under a launcher all copies do, and the first one speaks.
    #[must_use]
    pub fn read(version: String) -> Self {
        let matches = Self::command().long_version(version).try_get_matches();
        matches.and_then(|matches| Self::from_arg_matches(&matches)).unwrap_or_else(|error| {
            if Launch::here().is_first_copy() {
                // A closed pipe is no reason to fail.
                error.print().unwrap_or_default();
            }
            std::process::exit(error.exit_code())
        })
    }
}

impl JobArgs {
    /// The config's path.
    ///
    /// # Errors
    ///
    /// When none was given.
    pub fn config_path(&self) -> Result<&PathBuf> {
        self.config.as_ref().ok_or_else(|| {
            let advice = "mandel-mpi --config area2.toml computes a job, mandel-mpi --help shows more";
            Error::new(Status::Usage, format!("--config FILE is missing: {advice}"))
        })
    }

    /// Lays `--set` and the flags over the settings of the file.
    ///
    /// # Errors
    ///
    /// When a `--set` is no assignment.
    pub fn apply(&self, settings: &mut Settings) -> Result<()> {
        for assignment in &self.set {
            settings.set(assignment)?;
        }
        for (key, flag, value) in &self.key_flags.given {
            settings.set_flag(key, flag, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
