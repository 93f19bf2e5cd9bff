//! Escape counts, and the ways to find them.
//!
//! The rest of the program sees a [`FieldKernel`]. [`Kernel`] is the one for CPUs. Every kernel returns the
//! counts of [`mod@reference`], bit for bit: kernels differ in speed only. `README.md` in this folder walks
//! one orbit through the rooms. A room names rooms of its own row and of those below it, as
//! `tests/it/layers.rs` checks:
//!
//! | rooms | files | know |
//! |---|---|---|
//! | the choice of a way | `dispatch`, `cost` | what was measured |
//! | ways to iterate | `iterate` | lanes, strides, replay |
//! | what is known without iterating | `shortcuts` | proofs |
//! | what goes in | `work_item`, `choice`, `field_kernel` | points, kernels by name, calls from outside |
//! | ground | `simd`, `reference`, `stopped` | instruction sets; the definition |

#![expect(
    clippy::inline_always,
    reason = "code that is not inlined is compiled for the baseline CPU, see `simd`"
)]
#![expect(clippy::needless_range_loop, reason = "one index walks the vectors of several arrays")]

mod choice;
mod cost;
mod dispatch;
mod field_kernel;
mod iterate;
pub mod reference;
pub mod shortcuts;
mod simd;
mod stopped;
#[cfg(test)]
mod tests;
mod work_item;

use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use crate::dataset::{Counts, Fields};
use crate::grid::Grid;
use crate::job::Job;

pub use choice::{Choice, Shortcuts, Unavailable};
use dispatch::PointKernel;
pub use field_kernel::{Calling, FieldKernel, Part};
pub use stopped::Stopped;

/// The kernel of a CPU, whose points are pairs of f64.
#[derive(Debug, Clone)]
pub struct Kernel {
    points: PointKernel,
    grid: Grid,
    /// Of all columns.
    re: Vec<f64>,
}

impl Kernel {
    /// Prepares the kernel of `choice` for a job.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when a kernel is asked for by name that this CPU cannot run.
    pub fn prepare(choice: Choice, job: &Job, shortcuts: Shortcuts) -> Result<Self, Unavailable> {
        let points = PointKernel::prepare(choice, job.max_iter(), shortcuts)?;
        let grid = *job.grid();
        Ok(Self { points, grid, re: grid.re.samples(0..grid.width()) })
    }

    /// The kernels that this CPU runs, for `--version`.
    #[must_use]
    pub fn available() -> String {
        let prepare = |choice| PointKernel::prepare(choice, NonZeroU32::MIN, Shortcuts::Proven);
        let runs = |choice: &Choice| prepare(*choice).is_ok();
        let names: Vec<&str> = Choice::ALL[1..].iter().copied().filter(runs).map(Choice::name).collect();
        let best = prepare(Choice::Auto).expect("any CPU has one").name();
        format!("{}; auto takes {best}", names.join(", "))
    }
}

impl FieldKernel for Kernel {
    fn name(&self) -> &'static str {
        self.points.name()
    }

    fn calling(&self) -> Calling {
        Calling::EveryThread
    }

    fn compute(&self, part: &Part, fields: &mut Fields, stop: &AtomicBool) -> Result<u64, Stopped> {
        let re = &self.re[part.columns.start as usize..part.columns.end as usize];
        let im = self.grid.im.samples(part.rows.clone());
        match &mut fields.counts {
            Counts::U16(counts) => self.points.compute(re, &im, counts.view_mut(), stop),
            Counts::U32(counts) => self.points.compute(re, &im, counts.view_mut(), stop),
        }
    }

    fn point_cost(&self) -> u64 {
        self.points.point_cost
    }

    fn sample_cost(&self, row: u64, columns: &[u64], stop: &AtomicBool) -> Result<u64, Stopped> {
        let re: Vec<f64> = columns.iter().map(|&column| self.re[column as usize]).collect();
        let (im, radius) = (self.grid.im.sample(row), cost::patch_radius(&self.grid));
        cost::sample_cost(&self.points, &re, im, radius, stop)
    }
}
