//! The loop of the [`refill`](super::refill) kernel without its tests: what the arithmetic allows, for benchmarks
//! to compare with.

use super::feed::Point;
use super::lanes::Lanes;
use super::simd::{LANES, Simd, Work};

/// Iterates `G` vectors of points that never escape, `FUSED` of them in the fused form, for a number of steps.
pub(super) struct Raw<const G: usize, const FUSED: usize>(pub(super) u64);

impl<S: Simd, const G: usize, const FUSED: usize> Work<S> for Raw<G, FUSED> {
    /// The executed pixel-iterations.
    type Output = u64;

    #[inline(always)]
    fn with(self, simd: S) -> u64 {
        let mut lanes = Lanes::<G>::idle();
        for lane in 0..G * LANES {
            lanes.enter(lane, &Point { re: -0.1, im: 0.001 * lane as f64, index: [0; 2] }, 0);
        }
        let mut z = lanes.orbits(simd);
        for _ in 0..self.0 {
            lanes.step::<_, FUSED>(simd, &mut z);
        }
        lanes.set_orbits(simd, &z);
        std::hint::black_box(lanes);
        self.0 * (G * LANES) as u64
    }
}
