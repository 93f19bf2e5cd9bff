//! Step 1 of the proof: discs that the orbits in them come back to.

use num_complex::Complex64;

use super::cycle::Cycle;
use super::model::{FARTHEST, MODEL_COST, Models};
use crate::kernel::shortcuts::patches::Disc;
use crate::kernel::simd::{LANES, NO_NUMBERS, Orbit, PerLane, Simd, get, load, numbers, reals, store_where};

/// Steps of Newton's method.
const NEWTON_STEPS: usize = 3;
/// A multiplier beyond which a cycle attracts too slowly to be of use.
const LARGEST_MULTIPLIER: f64 = 0.99;
/// Tries to find the radius of a trapping disc.
const TRIES: usize = 3;
/// Covers the rounding of the few operations by which distances are compared with a radius.
pub(crate) const DISTANCE_SLACK: f64 = 1e-9;

/// A disc of points and a cycle that may attract their orbits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) disc: Disc,
    pub(crate) cycle: Cycle,
}

/// A cycle that attracts the orbit of a disc's centre, and the trapping disc around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrappingDisc {
    /// The points.
    pub(crate) disc: Disc,
    pub(crate) cycle: Cycle,
    /// The derivative of `cycle.at` by `c`.
    pub(crate) by_c: Complex64,
    /// By how much the cycle shrinks distances.
    pub(crate) multiplier: f64,
    /// 0 where none was found.
    pub(crate) radius: f64,
}

impl TrappingDisc {
    fn guess(&Candidate { disc, cycle }: &Candidate) -> Self {
        Self { disc, cycle, by_c: Complex64::ZERO, multiplier: 1.0, radius: 0.0 }
    }

    /// A step of Newton's method.
    fn improve(&mut self, after: &AfterPeriod, lane: usize) {
        let (from, to) = (self.cycle.at, get(&after.z, lane));
        let multiplier = get(&after.by_start, lane);
        let by_c = get(&after.by_c, lane) - multiplier * self.by_c;
        self.cycle.at += (to - from) / (1.0 - multiplier);
        self.by_c = by_c / (1.0 - multiplier);
        self.multiplier = multiplier.norm();
        // Three quarters of what it may be for the map z -> Az² + B.
        self.radius = 1.5 * (1.0 - self.multiplier) * from.norm() / self.multiplier;
    }

    /// Whether each orbit is back in its disc.
    fn is_trap(&self, after: &AfterPeriod, lane: usize) -> bool {
        let moved = (get(&after.z, lane) - self.cycle.at).norm()
            + (get(&after.by_c, lane) - self.by_c).norm() * self.disc.radius;
        let multiplier = get(&after.by_start, lane).norm();
        let back = moved + multiplier * self.radius + after.error[lane];
        let is_back = self.radius > 0.0 && back <= self.radius * (1.0 - DISTANCE_SLACK);
        is_back && after.farthest[lane] <= FARTHEST
    }

    /// Chooses the radius by the error of the last try, which grows as its square.
    fn resize(&mut self, after: &AfterPeriod, lane: usize) {
        let multiplier = get(&after.by_start, lane).norm();
        let curvature = after.error[lane] / (self.radius * self.radius);
        self.radius = 0.8 * (1.0 - multiplier) / curvature;
    }
}

/// Where models are after a period.
struct AfterPeriod {
    z: Orbit<PerLane>,
    by_c: Orbit<PerLane>,
    by_start: Orbit<PerLane>,
    error: PerLane,
    /// The largest `|z| + s + e` on the way.
    farthest: PerLane,
}

impl AfterPeriod {
    const NOT_YET: Self = Self {
        z: NO_NUMBERS,
        by_c: NO_NUMBERS,
        by_start: NO_NUMBERS,
        error: [f64::INFINITY; LANES],
        farthest: [f64::INFINITY; LANES],
    };
}

/// Looks for the trapping discs of up to eight candidates. None for a candidate whose cycle does not attract.
/// Radius 0 says that a smaller disc of points may have one.
#[inline(always)]
pub(crate) fn find<S: Simd>(
    simd: S,
    candidates: &[Candidate],
    cost: &mut u64,
) -> [Option<TrappingDisc>; LANES] {
    let mut guesses: Vec<TrappingDisc> = candidates.iter().map(TrappingDisc::guess).collect();
    for _ in 0..NEWTON_STEPS {
        let after = follow_period(simd, &guesses, cost);
        for (lane, guess) in guesses.iter_mut().enumerate() {
            guess.improve(&after, lane);
        }
    }
    let mut found = [None; LANES];
    for (lane, guess) in guesses.iter().enumerate() {
        let attracts = guess.multiplier < LARGEST_MULTIPLIER;
        found[lane] = attracts.then_some(TrappingDisc { radius: 0.0, ..*guess });
    }
    for _ in 0..TRIES {
        if found.iter().flatten().all(|disc| disc.radius > 0.0) {
            break;
        }
        let after = follow_period(simd, &guesses, cost);
        for (lane, guess) in guesses.iter_mut().enumerate() {
            let Some(disc) = found[lane].as_mut().filter(|disc| disc.radius == 0.0) else { continue };
            if guess.is_trap(&after, lane) {
                *disc = *guess;
            }
            guess.resize(&after, lane);
        }
    }
    found
}

/// Follows models round the cycles, from the trapping discs.
#[inline(always)]
fn follow_period<S: Simd>(simd: S, discs: &[TrappingDisc], cost: &mut u64) -> AfterPeriod {
    let longest = discs.iter().map(|disc| disc.cycle.period).max().unwrap_or(0);
    let periods = simd.load(&reals(discs, |disc| disc.cycle.period.into()));
    let mut models = models_of(simd, discs);
    let mut after = AfterPeriod::NOT_YET;
    let mut farthest = simd.splat(0.0);
    for n in 0..=longest {
        let there = simd.eq(periods, simd.splat(f64::from(n)));
        if simd.bits(there) != 0 {
            store_where(simd, there, models.z, &mut after.z);
            store_where(simd, there, models.by_c, &mut after.by_c);
            store_where(simd, there, models.by_start, &mut after.by_start);
            simd.store_where(there, models.error, &mut after.error);
            simd.store_where(there, farthest, &mut after.farthest);
        }
        let (norm, spread) = models.extent(simd);
        let far = simd.add(simd.add(norm, spread), models.error);
        // An infinite or undefined extent stays.
        farthest = simd.select(simd.le(far, farthest), farthest, far);
        models = models.step(simd, (norm, spread));
    }
    *cost += u64::from(longest) * MODEL_COST;
    after
}

/// The models that start at the trapping discs.
#[inline(always)]
fn models_of<S: Simd>(simd: S, discs: &[TrappingDisc]) -> Models<S::Vector> {
    let zero = simd.splat(0.0);
    Models {
        c: load(simd, &numbers(discs, |disc| disc.disc.centre)),
        z: load(simd, &numbers(discs, |disc| disc.cycle.at)),
        by_c: load(simd, &numbers(discs, |disc| disc.by_c)),
        disc_radius: simd.load(&reals(discs, |disc| disc.disc.radius)),
        by_start: Orbit { re: simd.splat(1.0), im: zero },
        start_radius: simd.load(&reals(discs, |disc| disc.radius)),
        error: zero,
    }
}
