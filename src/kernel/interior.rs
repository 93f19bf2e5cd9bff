//! Points that are proven never to escape, rounding included.
//!
//! The disc of radius 1/4: where `|z| <= 1/2` and `|c| < 0.2499`, a step gives at most `1/4 + 0.2499` and a
//! rounding error below 1e-15, so `|z|` stays below 1/2 for ever; and the orbit starts at `c`.

use super::simd::Simd;

/// The largest `|c|²` for which the argument holds, with room for the rounding of `|c|²` itself: 0.2498².
const DISC: f64 = 0.0624;

/// Which of eight points are proven never to escape. May miss some, never claims one too many.
#[inline(always)]
pub(super) fn proven<S: Simd>(simd: S, re: S::Vector, im: S::Vector) -> u8 {
    let norm = simd.add(simd.mul(re, re), simd.mul(im, im));
    simd.bits(simd.le(norm, simd.splat(DISC)))
}
