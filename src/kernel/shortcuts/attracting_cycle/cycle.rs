//! Cycles that may attract the orbits of a disc.

use num_complex::Complex64;

use crate::kernel::simd::{LANES, Orbit, PerLane, Simd, get, lanes, load, norm_sqr, store};

use super::model::MODEL_COST;

/// An orbit is next to 0 where its squared distance from 0 is at most this many times the smallest one so
/// far.
const NEXT_TO_ZERO: f64 = 9.0;

/// A cycle that may attract: its period, and where it is next to 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cycle {
    pub(crate) period: u32,
    pub(crate) at: Complex64,
}

/// When orbits were next to 0, late.
#[derive(Default)]
struct Returns {
    /// The step and the place of the first time.
    first: [Option<Cycle>; LANES],
    /// Between the first time and the second one.
    cycles: [Option<Cycle>; LANES],
}

impl Returns {
    /// Notes that the orbits of `now` are next to 0 at `step`. Returns those that are so for the second time.
    fn note(&mut self, now: u8, step: u32, z: &Orbit<PerLane>) -> u8 {
        let mut second = 0;
        for lane in lanes(now.into()) {
            if let Some(before) = self.first[lane] {
                self.cycles[lane] = Some(Cycle { period: step - before.period, ..before });
                second |= 1 << lane;
            } else {
                self.first[lane] = Some(Cycle { period: step, at: get(z, lane) });
            }
        }
        second
    }
}

/// Follows the orbits of points `centres` until they have been next to 0 twice, in the second half of
/// `steps`. None for a point that escapes, or that is not in `open`.
#[inline(always)]
pub(crate) fn find_periods<S: Simd>(
    simd: S,
    centres: &Orbit<PerLane>,
    mut open: u8,
    steps: u32,
    cost: &mut u64,
) -> [Option<Cycle>; LANES] {
    let c = load(simd, centres);
    let (mut z, mut nearest) = (c, simd.splat(f64::INFINITY));
    let mut returns = Returns::default();
    for n in 0..steps {
        let norm = norm_sqr(simd, z);
        open &= simd.bits(simd.le(norm, simd.splat(4.0)));
        if open == 0 {
            *cost += u64::from(n) * MODEL_COST;
            return returns.cycles;
        }
        if n < steps / 2 {
            nearest = simd.select(simd.le(norm, nearest), norm, nearest);
        } else {
            let near = simd.le(norm, simd.mul(nearest, simd.splat(NEXT_TO_ZERO)));
            let now = open & simd.bits(near);
            if now != 0 {
                open &= !returns.note(now, n, &store(simd, z));
            }
        }
        z = simd.step(z, c, false);
    }
    *cost += u64::from(steps) * MODEL_COST;
    returns.cycles
}
