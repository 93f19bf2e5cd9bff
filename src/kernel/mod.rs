//! Escape counts of a block of grid points.
//!
//! A [`Kernel`] is a value that is prepared once per job and rank and then called, by any thread, with work
//! items of rows. Every kernel returns the counts of [`mod@reference`], bit for bit; kernels differ in speed only.

#![expect(
    clippy::inline_always,
    reason = "code that is not inlined is compiled for the baseline CPU, see `simd`"
)]
#![expect(clippy::needless_range_loop, reason = "one index walks the vectors of several arrays")]

mod ask;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod complex;
mod feed;
pub mod interior;
mod item;
mod lanes;
mod neighbours;
mod orbit;
mod portable;
mod raw;
pub mod reference;
mod refill;
mod replay;
mod series;
mod settle;
mod simd;
mod sort;
#[cfg(test)]
mod tests;
mod tile;
mod trap;

#[cfg(not(target_arch = "x86_64"))]
#[path = "any_cpu.rs"]
mod cpu;
#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod cpu;

use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

use ask::Ask;
use cpu::Instructions;
use interior::Interior;
use item::{Item, Terms};
use ndarray::{Array2, ArrayViewMut2};
use num_complex::Complex64;

use crate::dataset::Count;

/// Which kernel the user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The fastest one that this CPU runs.
    Auto,
    /// AVX-512 (F, DQ, BW, VL).
    Avx512,
    /// AVX2 with FMA.
    Avx2,
    /// Plain arrays, compiled for the target CPU of the build.
    Portable,
    /// [`mod@reference`], point by point.
    Reference,
}

impl Choice {
    /// Every choice, in the order in which messages list them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Avx512, Self::Avx2, Self::Portable, Self::Reference];

    /// The name used in configs and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
            Self::Reference => "reference",
        }
    }
}

impl FromStr for Choice {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|choice| choice.name() == name).ok_or(())
    }
}

/// The kernel gave up because it was asked to; the counts of its work item are incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// This CPU has not got what the chosen kernel needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this CPU lacks {lacks}, which the kernel {} needs", .choice.name())]
pub struct Unavailable {
    choice: Choice,
    lacks: &'static str,
}

/// Points of a tile, as far as what it costs to settle is concerned: of large tiles and, where these fail, of their parts.
const POINTS_PER_TILE: u64 = 56;
/// Of so many points of a sample that escape one is asked for whether it does so with its neighbours: to ask costs as much as
/// to iterate it.
const ESCAPED_PER_QUESTION: usize = 4;

/// A way to compute escape counts, prepared for one job.
#[derive(Debug, Clone)]
pub struct Kernel {
    program: Program,
    max_iter: NonZeroU32,
    /// Points that need not be iterated.
    interior: Option<Interior>,
    shortcuts: bool,
}

#[derive(Debug, Clone, Copy)]
enum Program {
    Vectors(Instructions),
    Reference,
}

impl Kernel {
    /// Prepares the kernel of `choice` for counts up to `max_iter`.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when a kernel is asked for by name that this CPU cannot run.
    pub fn prepare(choice: Choice, max_iter: NonZeroU32) -> Result<Self, Unavailable> {
        let instructions = match choice {
            Choice::Auto => Ok(Instructions::best()),
            Choice::Avx512 => Instructions::avx512(),
            Choice::Avx2 => Instructions::avx2(),
            Choice::Portable => Ok(Instructions::portable()),
            Choice::Reference => {
                return Ok(Self { program: Program::Reference, max_iter, interior: None, shortcuts: false });
            }
        };
        let instructions = instructions.map_err(|lacks| Unavailable { choice, lacks })?;
        let program = Program::Vectors(instructions);
        Ok(Self { program, max_iter, interior: Some(Interior::PROVEN), shortcuts: true })
    }

    /// The same without any shortcut: every iteration of every count is executed. For benchmarks and comparisons.
    #[must_use]
    pub fn without_shortcuts(self) -> Self {
        Self { interior: None, shortcuts: false, ..self }
    }

    /// The kernels that this CPU runs, for `--version`.
    #[must_use]
    pub fn available() -> String {
        let runs = |choice: &Choice| Self::prepare(*choice, NonZeroU32::MIN).is_ok();
        let names: Vec<&str> = Choice::ALL[1..].iter().copied().filter(runs).map(Choice::name).collect();
        let best = Instructions::best().name();
        format!("{}; auto takes {best}", names.join(", "))
    }

    /// What this rank really runs, for the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.program {
            Program::Vectors(instructions) => instructions.name(),
            Program::Reference => "reference",
        }
    }

    /// What the points `re + i im` cost, each as one of a tile of neighbours that lie within `tile_radius` of it.
    ///
    /// That is less than what they cost by themselves: neighbours are proven interior together, and samples of a grid are
    /// too far apart for that.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when `stop` was set before the end.
    pub fn sample_cost(
        &self,
        re: &[f64],
        im: f64,
        tile_radius: f64,
        stop: &AtomicBool,
    ) -> Result<u64, Stopped> {
        let alone = |re: &[f64]| {
            let mut counts = Array2::<u32>::zeros((1, re.len()));
            let cost =
                self.run_as(re, &[im], counts.view_mut(), &Terms { tiles: false, ..self.terms(stop) })?;
            Ok((cost, counts))
        };
        let (cost, counts) = alone(re)?;
        let instructions = match self.program {
            Program::Vectors(instructions) if self.shortcuts => instructions,
            _ => return Ok(cost),
        };
        let points = re.iter().map(|&re| Complex64::new(re, im)).zip(counts.iter().copied());
        let (undecided, escaped): (Vec<_>, Vec<_>) =
            points.partition(|&(_, count)| count == self.max_iter.get());
        let escaped: Vec<_> = escaped.into_iter().step_by(ESCAPED_PER_QUESTION).collect();
        let only_points = |of: &[(Complex64, u32)]| of.iter().map(|&(c, _)| c).collect::<Vec<_>>();
        let answer = instructions.ask(Ask {
            undecided: &only_points(&undecided),
            escaped: &only_points(&escaped),
            radius: tile_radius,
            terms: self.terms(stop),
        })?;
        let proven = undecided.iter().zip(answer.undecided).filter(|&(_, proven)| proven);
        let proven: Vec<f64> = proven.map(|((c, _), _)| c.re).collect();
        let together = escaped.iter().zip(answer.escaped).filter(|&(_, together)| together);
        let together: u64 = together.map(|((_, count), _)| u64::from(*count)).sum();
        let spared = alone(&proven)?.0 + together * ESCAPED_PER_QUESTION as u64;
        let extra = answer.proofs + answer.series * ESCAPED_PER_QUESTION as u64;
        Ok(cost.saturating_sub(spared) + extra / POINTS_PER_TILE)
    }

    /// Work on a point besides its iterations, in iterations: entering and leaving a lane, the steps that are done too
    /// many or again, storing, encoding. The faster a kernel iterates, the more iterations that is.
    ///
    /// Measured, as what makes time most nearly proportional to cost over stretches of area2 and of the whole set (of
    /// area1 for tiles); in between where these differ: 310 and 110 for AVX-512, 180 and 70, 100 and 44 for the others.
    #[must_use]
    pub fn point_cost(&self) -> u64 {
        match self.program {
            Program::Vectors(instructions) => instructions.point_cost(self.max_iter.get()),
            Program::Reference => 4,
        }
    }

    /// Iterates points that never escape without testing them, `steps` times each, and returns the executed
    /// pixel-iterations: the arithmetic limit of this kernel, for benchmarks. The reference has none, and 0 is returned.
    #[must_use]
    pub fn raw(&self, steps: u64) -> u64 {
        match self.program {
            Program::Vectors(instructions) => instructions.raw(steps),
            Program::Reference => 0,
        }
    }

    /// Writes the escape count of `re[x] + i im[y]` to `counts[[y, x]]`, for all of them, and returns the cost:
    /// the executed pixel-iterations.
    ///
    /// `counts` has shape `[im.len(), re.len()]` and contiguous rows.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when `stop` was set before the end; it is looked at every 50 ms or more often.
    ///
    /// # Panics
    ///
    /// When the shapes disagree or a count does not fit `T`.
    pub fn run<T: Count>(
        &self,
        re: &[f64],
        im: &[f64],
        counts: ArrayViewMut2<'_, T>,
        stop: &AtomicBool,
    ) -> Result<u64, Stopped> {
        self.run_as(re, im, counts, &self.terms(stop))
    }

    fn terms<'a>(&self, stop: &'a AtomicBool) -> Terms<'a> {
        let Self { max_iter, interior, shortcuts, .. } = *self;
        Terms { max_iter: max_iter.get(), interior, shortcuts, tiles: shortcuts, stop }
    }

    fn run_as<T: Count>(
        &self,
        re: &[f64],
        im: &[f64],
        counts: ArrayViewMut2<'_, T>,
        terms: &Terms<'_>,
    ) -> Result<u64, Stopped> {
        assert_eq!(counts.dim(), (im.len(), re.len()), "one count per grid point");
        assert!(self.max_iter.get() <= T::MAX, "max_iter fits the type of the counts");
        if counts.is_empty() {
            return Ok(0);
        }
        match self.program {
            Program::Vectors(instructions) => instructions.compute(Item { re, im, counts, terms: *terms }),
            Program::Reference => reference::run(re, im, counts, terms),
        }
    }
}
