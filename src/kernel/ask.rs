//! What points of a coarse sample would be spared among their neighbours.

use num_complex::Complex64;

use super::item::{Method, Terms};
use super::neighbours::Disc;
use super::simd::{Simd, Work};
use super::{Stopped, settle, trap};

/// Asks of discs around points, all of one radius, whether they are settled as a whole.
pub(super) struct Ask<'a> {
    /// Points that do not escape, and others that do.
    pub(super) undecided: &'a [Complex64],
    pub(super) escaped: &'a [Complex64],
    pub(super) radius: f64,
    pub(super) terms: Terms<'a>,
}

/// Which points are spared.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) undecided: Vec<bool>,
    pub(super) escaped: Vec<bool>,
    /// What it costs to find out, in pixel-iterations.
    pub(super) proofs: u64,
    pub(super) series: u64,
}

impl Ask<'_> {
    /// The answer of a kernel that takes tiles of orbits, and settles nothing, up to so small a `max_iter`.
    pub(super) fn answer<S: Simd>(self, simd: S, tiles_up_to: u32) -> Result<Answer, Stopped> {
        if self.terms.method(tiles_up_to) == Method::Tile {
            return Ok(Answer::default());
        }
        simd.outlined(self)
    }
}

impl<S: Simd> Work<S> for Ask<'_> {
    type Output = Result<Answer, Stopped>;

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let Self { undecided, escaped, radius, terms } = self;
        let disc = |&centre: &Complex64| Disc { centre, radius };
        let (undecided, proofs) = trap::interior(simd, terms, undecided.iter().map(disc))?;
        let (escaped, series) = settle::together(simd, terms, escaped.iter().map(disc))?;
        Ok(Answer { undecided, escaped, proofs, series })
    }
}
