//! What a kernel is to the rest of the program.
//!
//! A kernel is prepared once per job and rank, from the job. One that needs what root alone computes (a
//! reference orbit, say) gets those bytes when it is prepared, after they were broadcast. Then it is asked
//! how it wants to be called, and called with ranges of global rows and columns. No point appears here as a
//! number: a deep zoom has points that no f64 tells apart.

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use super::stopped::Stopped;
use crate::dataset::Fields;

/// A rectangle of the grid, by global indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its rows.
    pub rows: Range<u64>,
    /// Its columns.
    pub columns: Range<u64>,
}

impl Part {
    /// Number of rows and of columns: the shape of its fields.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        [&self.rows, &self.columns].map(|range| (range.end - range.start) as usize)
    }
}

/// How a kernel wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calling {
    /// By every thread of the team, with some thousand points at a time.
    EveryThread,
    /// By some threads only, with many whole bands at a time, while the others encode what is finished.
    ///
    /// That suits a kernel that computes elsewhere, on a device.
    FewThreads {
        /// Threads that call: one for each device, or two to keep one busy while results are copied.
        callers: NonZeroUsize,
        /// Points of a call, at most, unless one band has more.
        points: u64,
        /// Predicted cost of a call, at most, unless one band costs more.
        cost: u64,
    },
}

/// A way to compute the fields of a job, prepared for one rank.
pub trait FieldKernel: Debug + Send + Sync {
    /// What this rank really runs, for the log.
    fn name(&self) -> &'static str;

    /// How [`Self::compute`] is to be called.
    fn calling(&self) -> Calling;

    /// Fills `fields`, which have the shape of `part`, and returns the cost: the executed pixel-iterations.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when `stop` was set before the end. A kernel looks at it every 50 ms or more often.
    fn compute(&self, part: &Part, fields: &mut Fields, stop: &AtomicBool) -> Result<u64, Stopped>;

    /// Work on a point besides its iterations, in iterations: storing, encoding, whatever each point takes.
    /// The faster a kernel iterates, the more iterations that is.
    fn point_cost(&self) -> u64;

    /// What the points of `row` in these `columns`, a coarse sample of the grid, cost as points among
    /// neighbours.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when `stop` was set before the end.
    fn sample_cost(&self, row: u64, columns: &[u64], stop: &AtomicBool) -> Result<u64, Stopped>;
}
