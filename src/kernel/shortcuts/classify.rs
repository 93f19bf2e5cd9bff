//! What is known of a point before it iterates.
//!
//! The fast loops test `|z| <= 2` only now and then and find a count by looking back. That is right where an
//! orbit that has left the disc of radius 2 never returns. For `|c|² <= 3.9` it cannot return: from `|z| > 2`
//! follows `|z² + c| >= |z|² - |c| > |z| + 0.025`, and the rounding error of a step is below 1e-15 of `|z|²`.
//! So the orbit grows until it is infinite or NaN, and stays so. The few points with `3.9 < |c|² <= 4` go to
//! the definition itself. (Without rounding, 4 would do; but from `c = -2` an orbit sits on the circle.)
//!
//! Points of a row with `0 < |c_im| < 1e-290` go to the definition, too. Only there can a subnormal `re im`
//! reach the sum `2 re im + c_im`. Elsewhere it is far below the rounding of the sum, or `c_im = 0` and `im`
//! stays 0.

use num_complex::Complex64;

use super::allowed::Allowed;
use crate::dataset::Count;
use crate::kernel::reference;
use crate::kernel::simd::{LANES, Simd, lanes};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::Params;

/// The largest `|c|²` with which a fast loop may be trusted.
const LARGEST_SAFE_NORM: f64 = 3.9;
/// The smallest `|c_im| > 0` with which the doubling may be folded into a fused addition.
const SMALLEST_SAFE_IM: f64 = 1e-290;

/// Points that are taken for interior by themselves lie within these bounds: the period-2 disc begins at
/// -5/4, the cardioid ends at 3/8 and is 3√3/8 high.
const INTERIOR_RE: [f64; 2] = [-1.26, 0.38];
const TALLEST_INTERIOR: f64 = 0.65;

/// What is to be done with up to eight points of one row. Bit `l` stands for the `l`-th of them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Classes {
    /// `|c| > 2`: the count is 0.
    outside: u8,
    /// Taken for interior alone, or proven so together: the count is `max_iter`, whatever else is known.
    interior: u8,
    /// Needs the definition.
    needs_reference: u8,
    /// All others.
    pub(crate) iterate: u8,
}

impl Classes {
    /// All eight points iterate.
    pub(crate) const ITERATE: Self = Self { outside: 0, interior: 0, needs_reference: 0, iterate: u8::MAX };

    /// Classifies the first `len` of the points `re + i im`.
    #[inline(always)]
    pub(crate) fn new<S: Simd>(simd: S, allowed: &Allowed, re: S::Vector, im: f64, len: usize) -> Self {
        let all = u8::MAX >> (LANES - len);
        let reference_row = 0.0 < im.abs() && im.abs() < SMALLEST_SAFE_IM;
        let interior_row = im.abs() <= TALLEST_INTERIOR;
        let im = simd.splat(im);
        let norm = simd.add(simd.mul(re, re), simd.mul(im, im));
        let outside = all & simd.bits(simd.le(simd.splat(4.0_f64.next_up()), norm));
        let safe = if reference_row { 0 } else { simd.bits(simd.le(norm, simd.splat(LARGEST_SAFE_NORM))) };
        let interior = match &allowed.interior {
            Some(interior) if interior_row => all & !outside & interior.contained(simd, re, im),
            _ => 0,
        };
        let iterate = all & safe & !interior;
        Self { outside, interior, needs_reference: all & !(outside | interior | iterate), iterate }
    }

    /// The same, with more points known to be interior.
    #[inline(always)]
    pub(crate) fn with_interior(self, proven: u8) -> Self {
        let proven = proven & (self.iterate | self.needs_reference);
        let Self { outside, interior, needs_reference, iterate } = self;
        Self {
            outside,
            interior: interior | proven,
            needs_reference: needs_reference & !proven,
            iterate: iterate & !proven,
        }
    }

    /// The same, but for points that have their counts.
    #[inline(always)]
    pub(crate) fn without(self, counted: u8) -> Self {
        Self { iterate: self.iterate & !counted, needs_reference: self.needs_reference & !counted, ..self }
    }

    /// Whether none of the points needs [`Self::write_counts`].
    #[inline(always)]
    pub(crate) fn all_iterate(self) -> bool {
        self.outside | self.interior | self.needs_reference == 0
    }

    /// Writes the counts of the points that need no fast loop: those of `re` in the row `im`. Returns the
    /// cost.
    #[inline(always)]
    pub(crate) fn write_counts<T: Count>(
        self,
        params: &Params<'_>,
        re: &[f64],
        im: f64,
        counts: &mut [T],
    ) -> Result<u64, Stopped> {
        if self.interior == u8::MAX {
            counts[..LANES].fill(T::from_count(params.max_iter));
            return Ok(0);
        }
        for lane in lanes(self.outside.into()) {
            counts[lane] = T::from_count(0);
        }
        for lane in lanes(self.interior.into()) {
            counts[lane] = T::from_count(params.max_iter);
        }
        let mut cost = 0;
        for lane in lanes(self.needs_reference.into()) {
            let count = reference::interruptible(Complex64::new(re[lane], im), params.max_iter, params.stop)
                .ok_or(Stopped)?;
            counts[lane] = T::from_count(count);
            cost += u64::from(count);
        }
        Ok(cost)
    }
}

/// Whether all points from `left` to `right` and from `low` to `high` iterate, seen without a look at each of
/// them.
#[inline(always)]
pub(crate) fn all_iterate(allowed: &Allowed, [left, right]: [f64; 2], [low, high]: [f64; 2]) -> bool {
    let (wide, tall) = (left.abs().max(right.abs()), low.abs().max(high.abs()));
    let crosses_real_axis = low <= SMALLEST_SAFE_IM && high >= -SMALLEST_SAFE_IM;
    let near_interior = right >= INTERIOR_RE[0]
        && left <= INTERIOR_RE[1]
        && high >= -TALLEST_INTERIOR
        && low <= TALLEST_INTERIOR;
    wide * wide + tall * tall <= LARGEST_SAFE_NORM
        && !crosses_real_axis
        && !(near_interior && allowed.interior.is_some())
}
