//! What points of a coarse sample would be spared among their neighbours.

use num_complex::Complex64;

use super::allowed::Allowed;
use super::patches::Disc;
use super::{attracting_cycle, series};
use crate::kernel::simd::{Simd, WithSimd};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::Params;

/// Asks of discs around points, all of one radius, whether each gets its counts as a whole.
pub(crate) struct Query<'a> {
    /// Points that do not escape, and others that do.
    pub(crate) undecided: &'a [Complex64],
    pub(crate) escaped: &'a [Complex64],
    pub(crate) radius: f64,
    pub(crate) params: Params<'a>,
    pub(crate) allowed: Allowed,
}

/// Which points are spared.
#[derive(Debug, Default)]
pub(crate) struct Spared {
    pub(crate) undecided: Vec<bool>,
    pub(crate) escaped: Vec<bool>,
    /// What it costs to find out, in pixel-iterations.
    pub(crate) proofs: u64,
    pub(crate) series: u64,
}

impl<S: Simd> WithSimd<S> for Query<'_> {
    type Output = Result<Spared, Stopped>;

    #[inline(always)]
    fn with_simd(self, simd: S) -> Self::Output {
        let Self { undecided, escaped, radius, params, allowed } = self;
        let disc = |&centre: &Complex64| Disc { centre, radius };
        let (undecided, proofs) =
            attracting_cycle::interior(simd, params, allowed, undecided.iter().map(disc))?;
        let (escaped, series) = series::together(simd, params, allowed, escaped.iter().map(disc))?;
        Ok(Spared { undecided, escaped, proofs, series })
    }
}
