//! A work item: the points of some rows and where their counts go.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::ArrayViewMut2;

use super::stopped::Stopped;

/// The points `re[x] + i im[y]` and their counts.
pub(crate) struct WorkItem<'a, T> {
    pub(crate) re: &'a [f64],
    pub(crate) im: &'a [f64],
    /// One count per point, shape `[im.len(), re.len()]`, rows contiguous.
    pub(crate) counts: ArrayViewMut2<'a, T>,
    pub(crate) params: Params<'a>,
}

impl<T> WorkItem<'_, T> {
    /// Whether rows and columns ascend, so that the corners of a patch enclose it.
    pub(crate) fn ascends(&self) -> bool {
        self.re.is_sorted() && self.im.is_sorted()
    }
}

/// What holds for every point of an item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a> {
    pub(crate) max_iter: u32,
    pub(crate) stop: &'a AtomicBool,
}

impl Params<'_> {
    /// Errs when the kernel was asked to stop.
    #[inline(always)]
    pub(crate) fn go_on(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) { Err(Stopped) } else { Ok(()) }
    }
}
