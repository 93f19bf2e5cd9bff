//! What the program says while it runs: log events and progress, all on standard error.
//!
//! Root tells the story; other ranks speak up only to warn.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::comm::ROOT;
use crate::config::Log;
use crate::machine;

mod log;

use log::LogLines;

/// Time from one plain progress line to the next.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Time to the first one: shorter jobs end without.
const FIRST_LINE_AFTER: Duration = Duration::from_secs(3);

/// How progress is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProgressStyleChoice {
    /// A bar on a terminal, else lines.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// A line now and then.
    Lines,
    /// Not at all.
    Off,
}

/// Starts logging for this rank.
pub fn init(log: &Log, rank: usize) {
    // Debug and trace are for a look at all ranks; info is the story, told once.
    let is_root = rank == ROOT;
    let level =
        if is_root || log.level > LevelFilter::INFO { log.level } else { log.level.min(LevelFilter::WARN) };
    let lines = LogLines { rank, host: machine::host_name(), format: log.format };
    // A second job in the same process (tests) logs where the first one does.
    tracing_subscriber::registry().with(lines.with_filter(level)).try_init().unwrap_or_default();
}

/// Shows how far the job is, weighted by cost.
#[derive(Debug)]
pub struct Progress {
    display: Display,
    total: u64,
    started: Instant,
    done_before: u64,
    /// Executed pixel-iterations of the rounds before this one.
    executed_before: u64,
    executed: u64,
}

#[derive(Debug)]
enum Display {
    Bar(ProgressBar),
    Lines { next: Duration },
    Off,
}

impl Progress {
    /// Progress towards a predicted cost of `total`. Earlier starts did `done_before` of it. Only root shows
    /// any.
    #[must_use]
    pub fn new(style: ProgressStyleChoice, is_root: bool, total: u64, done_before: u64) -> Self {
        let display = match style {
            _ if !is_root => Display::Off,
            ProgressStyleChoice::Off => Display::Off,
            ProgressStyleChoice::Bar => Display::Bar(new_bar(total)),
            ProgressStyleChoice::Auto if stderr().is_terminal() => Display::Bar(new_bar(total)),
            ProgressStyleChoice::Auto | ProgressStyleChoice::Lines => {
                Display::Lines { next: FIRST_LINE_AFTER }
            }
        };
        Self {
            display,
            total: total.max(1),
            started: Instant::now(),
            done_before,
            executed_before: 0,
            executed: 0,
        }
    }

    /// Shows that `done` of the total is done, by `executed` pixel-iterations of this round.
    pub fn show(&mut self, done: u64, executed: u64) {
        if executed < self.executed {
            // Another round has begun.
            self.executed_before += self.executed;
        }
        self.executed = executed;
        let executed = self.executed_before + executed;
        let elapsed = self.started.elapsed();
        let done = done.min(self.total);
        let rate = executed as f64 / elapsed.as_secs_f64().max(1e-3) * 1e-9;
        let left_s = elapsed.as_secs_f64() * (self.total - done) as f64
            / done.saturating_sub(self.done_before).max(1) as f64;
        match &mut self.display {
            Display::Bar(bar) => {
                bar.set_position(done);
                bar.set_message(format!("{rate:.1} Giter/s, {} left", time_left(left_s)));
            }
            Display::Lines { next } if elapsed >= *next => {
                *next = elapsed + LINE_EVERY;
                let percent = 100.0 * done as f64 / self.total as f64;
                eprintln!("mandel-mpi: {percent:.1} % done, {rate:.1} Giter/s, {} left", time_left(left_s));
            }
            Display::Lines { .. } | Display::Off => {}
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {percent:>3} % {msg}");
    ProgressBar::new(total).with_style(style.expect("a template of known fields"))
}

fn time_left(seconds: f64) -> String {
    let seconds = seconds as u64;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
