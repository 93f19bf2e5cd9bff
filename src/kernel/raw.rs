//! The bare iteration, without any test: what the arithmetic allows, for benchmarks to compare with.

use std::array::from_fn;

use super::orbit::Orbit;
use super::simd::{LANES, Simd, Work};

/// Iterates `G` vectors of points of the main cardioid, `FUSED` of them in the fused form, for a number of steps.
pub(super) struct Raw<const G: usize, const FUSED: usize>(pub(super) u64);

impl<S: Simd, const G: usize, const FUSED: usize> Work<S> for Raw<G, FUSED> {
    /// The executed pixel-iterations.
    type Output = u64;

    #[inline(always)]
    fn with(self, simd: S) -> u64 {
        let c: [_; G] =
            from_fn(|group| Orbit { re: simd.splat(-0.1 - 0.01 * group as f64), im: simd.splat(0.01) });
        let mut z = c;
        for _ in 0..self.0 {
            for group in 0..G {
                z[group] = simd.step(z[group], c[group], group < FUSED);
            }
        }
        let mut last = [0.0; LANES];
        for z in z {
            simd.store(z.re, &mut last);
            std::hint::black_box(last);
        }
        self.0 * (G * LANES) as u64
    }
}
