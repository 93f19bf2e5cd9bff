//! Tiles of points whose *rounded* orbits are proven never to escape, in whatever component of the set they lie.
//!
//! An orbit that nears an attracting cycle stays there; the definition goes on to `max_iter` all the same. Here
//! this is proven for all points of a tile at once, with rounding, by following discs that hold their orbits.
//!
//! # The proof
//!
//! Let the points be `c = c₀ + δ` with `|δ| ≤ r`. A *model* of their orbits at one step is the numbers `z`, `d`, `h`, `R`
//! and `e`: every orbit is at `z + dδ + hω` with some `|ω| ≤ R` (`ω` may depend on the orbit), but for an error of at
//! most `e`. With `s = |d| r + |h| R` it is nowhere farther from `z` than `s + e`. From
//! `(z + x)² + c₀ + δ = (z² + c₀) + 2zx + δ + x²` follows that the model of the next step is
//!
//! > `z² + c₀`, `2zd + 1`, `2zh`, `R` and `2|z| e + (s + e)² +` [`STEP_ERROR`](model::STEP_ERROR).
//!
//! While `|z| + s + e ≤ `[`REACH`]` < 2` none of the orbits escapes, and no number in a step exceeds 6: the definition's step
//! errs by less than `21u` (`u = 2⁻⁵³`), the same step of `z` here by no more, those of `dδ` and `hω` by less than `8u`
//! each, which [`STEP_ERROR`](model::STEP_ERROR) exceeds in sum. All that adds up to an error is positive, so its own rounding is relative,
//! less than `16u` a step, which [`UP`](model::UP) covers.
//!
//! 1. *A trap.* Start a model at any `z = α`, `d = a`, `h = 1`, `R > 0`, `e = 0`: the orbits in the disc of radius `R`
//!    around `α + aδ`, which differs from point to point. If after `p` steps
//!    `|z − α| + |d − a| r + |h| R + e ≤ R`, each orbit is back in its disc. So it goes round for ever.
//! 2. *The way in.* Start a model at `z = c₀`, `d = 1`, `R = 0`, `e = 0`: the orbits from their beginning. If after some
//!    steps `|z − α| + |d − a| r + e ≤ R`, every orbit is in its trap.
//!
//! Both together prove that none escapes. How `α`, `a`, `R` and `p` were found does not matter. They come from Newton's
//! method: `α` is the point of the cycle next to 0, `a` its derivative by `c`, and `R` is chosen by the error of a first try,
//! which grows as `R²`.

mod model;

use num_complex::Complex64;

use super::Stopped;
use super::complex::{NO_NUMBERS, PerLane, chunks, get, load, norm_sqr, numbers, reals, store_where};
use super::item::Terms;
use super::neighbours::{Disc, Points, Tile};
use super::orbit::Orbit;
use super::simd::{LANES, Simd, Work};
use super::sort::lanes;
use model::Models;

/// Covers the rounding of the few operations by which a radius is found or compared.
const A_LITTLE: f64 = 1e-9;
/// No orbit of a model comes so far from 0.
const REACH: f64 = 1.99;

/// Steps in which the period of a cycle must show: a quarter of `max_iter`, but no more than this.
const LONGEST_SURVEY: u32 = 2048;
/// An orbit is next to 0 where it is not this many times (squared) as far from 0 as it ever was.
const NEXT_TO_ZERO: f64 = 9.0;
/// Steps of Newton's method.
const NEWTON_STEPS: usize = 3;
/// A multiplier beyond which a cycle attracts too slowly to be of use.
const LARGEST_MULTIPLIER: f64 = 0.99;
/// Tries to find the radius of a trap.
const TRAPS: usize = 3;
/// Steps on the way into a trap, at most, for each step of the survey.
const WAY_PER_SURVEY: u32 = 4;
/// A step of eight models, beside steps of points that a kernel iterates.
const MODEL_COST: u64 = 32;

/// A cycle that may attract: its period, and where it is next to 0.
#[derive(Debug, Clone, Copy)]
struct Cycle {
    period: u32,
    at: Complex64,
}

/// A disc and a cycle that may attract the orbits of its points.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    disc: Disc,
    cycle: Cycle,
}

/// A cycle that attracts the orbit of a disc's centre, and the trap around it.
#[derive(Debug, Clone, Copy)]
struct Trap {
    disc: Disc,
    cycle: Cycle,
    /// The derivative of `cycle.at` by `c`.
    by_c: Complex64,
    /// By how much the cycle shrinks distances.
    multiplier: f64,
    /// 0 where no trap was found.
    radius: f64,
}

/// Looks for tiles of the points `re` x `im` that are proven never to escape.
pub(super) struct Search<'a> {
    pub(super) re: &'a [f64],
    pub(super) im: &'a [f64],
    /// Whether they ascend. If not, corners do not enclose a tile.
    pub(super) ascends: bool,
    pub(super) terms: Terms<'a>,
}

impl<S: Simd> Work<S> for Search<'_> {
    /// Those that are proven, and what was spent, in pixel-iterations.
    type Output = Result<(Points, u64), Stopped>;

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let Self { re, im, ascends, terms } = self;
        let mut proven = Points::none(re.len(), im.len());
        if !(terms.tiles && ascends) {
            return Ok((proven, 0));
        }
        let mut prover = Prover::new(terms);
        let tiles = Tile::all(re.len(), im.len()).map(|tile| {
            let disc = tile.disc(re, im);
            (tile, disc)
        });
        let mut candidates = prover.find_cycles(simd, tiles)?;
        while !candidates.is_empty() {
            let mut parts = Vec::new();
            prover.prove(simd, candidates, |tile, verdict| match verdict {
                Ok(()) => proven.add_tile(&tile),
                Err(cycle) => parts.extend(tile.parts().into_iter().map(|part| {
                    let disc = part.disc(re, im);
                    (part, Candidate { disc, cycle })
                })),
            })?;
            candidates = parts;
        }
        Ok((proven, prover.cost))
    }
}

/// Whether it is proven of discs that none of their points escapes, and what the proofs cost, in pixel-iterations.
#[inline(always)]
pub(super) fn interior<S: Simd>(
    simd: S,
    terms: Terms<'_>,
    discs: impl Iterator<Item = Disc>,
) -> Result<(Vec<bool>, u64), Stopped> {
    let mut proven = Vec::new();
    let mut prover = Prover::new(terms);
    let numbered = discs.inspect(|_| proven.push(false)).enumerate();
    let candidates = prover.find_cycles(simd, numbered)?;
    prover.prove(simd, candidates, |number, verdict| proven[number] = verdict.is_ok())?;
    Ok((proven, prover.cost))
}

/// Where models are after a period.
struct Lap {
    z: Orbit<PerLane>,
    by_c: Orbit<PerLane>,
    by_start: Orbit<PerLane>,
    error: PerLane,
    /// The largest `|z| + s + e` on the way.
    farthest: PerLane,
}

/// Proves discs, eight at a time. What goes with a disc, `P`, is the caller's.
struct Prover<'a> {
    terms: Terms<'a>,
    /// Steps in which a cycle must show.
    survey: u32,
    /// What was spent, in pixel-iterations.
    cost: u64,
}

impl<'a> Prover<'a> {
    fn new(terms: Terms<'a>) -> Self {
        Self { terms, survey: (terms.max_iter / 4).min(LONGEST_SURVEY), cost: 0 }
    }

    /// The discs whose centres near a cycle.
    #[inline(always)]
    fn find_cycles<S: Simd, P>(
        &mut self,
        simd: S,
        discs: impl Iterator<Item = (P, Disc)>,
    ) -> Result<Vec<(P, Candidate)>, Stopped> {
        let mut candidates = Vec::new();
        for batch in chunks(discs) {
            self.terms.go_on()?;
            let (owners, discs): (Vec<P>, Vec<Disc>) = batch.into_iter().unzip();
            let cycles = self.survey(simd, &discs);
            for ((owner, disc), cycle) in owners.into_iter().zip(discs).zip(cycles) {
                candidates.extend(cycle.map(|cycle| (owner, Candidate { disc, cycle })));
            }
        }
        Ok(candidates)
    }

    /// Tries to prove that no point of the discs escapes, and gives its verdict on each whose cycle attracts. Where it
    /// fails a smaller disc may succeed, with the same cycle.
    #[inline(always)]
    fn prove<S: Simd, P>(
        &mut self,
        simd: S,
        candidates: Vec<(P, Candidate)>,
        mut verdict: impl FnMut(P, Result<(), Cycle>),
    ) -> Result<(), Stopped> {
        let mut trapped = Vec::new();
        for batch in chunks(candidates.into_iter()) {
            self.terms.go_on()?;
            let (owners, batch): (Vec<P>, Vec<Candidate>) = batch.into_iter().unzip();
            let traps = self.find_traps(simd, &batch);
            trapped.extend(owners.into_iter().zip(traps).filter_map(|(owner, trap)| Some((owner, trap?))));
        }
        // The slower a cycle attracts, the longer is the way in: those of a batch take about the same time.
        trapped.sort_by(|(_, a), (_, b)| a.multiplier.total_cmp(&b.multiplier));
        for batch in chunks(trapped.into_iter()) {
            self.terms.go_on()?;
            let (owners, traps): (Vec<P>, Vec<Trap>) = batch.into_iter().unzip();
            let entered = self.enter(simd, &traps);
            for (lane, owner) in owners.into_iter().enumerate() {
                verdict(owner, if entered >> lane & 1 == 1 { Ok(()) } else { Err(traps[lane].cycle) });
            }
        }
        Ok(())
    }

    /// Follows the orbits of the centres until they have been next to 0 twice, late. None for a disc whose centre escapes, or
    /// is interior by itself.
    #[inline(always)]
    fn survey<S: Simd>(&mut self, simd: S, discs: &[Disc]) -> [Option<Cycle>; LANES] {
        let centres = numbers(discs, |disc| disc.centre);
        let is_open = |disc: &Disc| !self.terms.is_interior(disc.centre);
        let mut open = (0..discs.len()).fold(0, |open, lane| open | u8::from(is_open(&discs[lane])) << lane);
        let c = load(simd, &centres);
        let (mut z, mut nearest) = (c, simd.splat(f64::INFINITY));
        let mut first: [Option<Cycle>; LANES] = [None; LANES];
        let mut cycles = [None; LANES];
        for n in 0..self.survey {
            let norm = norm_sqr(simd, z);
            open &= simd.bits(simd.le(norm, simd.splat(4.0)));
            if open == 0 {
                self.cost += u64::from(n) * MODEL_COST;
                return cycles;
            }
            if n < self.survey / 2 {
                nearest = simd.select(simd.le(norm, nearest), norm, nearest);
            } else {
                let near = simd.le(norm, simd.mul(nearest, simd.splat(NEXT_TO_ZERO)));
                let now = open & simd.bits(near);
                if now != 0 {
                    let mut at = centres;
                    store_where(simd, near, z, &mut at);
                    for lane in lanes(now.into()) {
                        if let Some(before) = first[lane] {
                            cycles[lane] = Some(Cycle { period: n - before.period, ..before });
                            open &= !(1 << lane);
                        } else {
                            first[lane] = Some(Cycle { period: n, at: get(&at, lane) });
                        }
                    }
                }
            }
            z = simd.step(z, c, false);
        }
        self.cost += u64::from(self.survey) * MODEL_COST;
        cycles
    }

    /// Step 1 of the proof. None for a candidate whose cycle does not attract.
    #[inline(always)]
    fn find_traps<S: Simd>(&mut self, simd: S, candidates: &[Candidate]) -> [Option<Trap>; LANES] {
        let guess = |&Candidate { disc, cycle }: &Candidate| Trap {
            disc,
            cycle,
            by_c: Complex64::ZERO,
            multiplier: 1.0,
            radius: 0.0,
        };
        let mut guesses: Vec<Trap> = candidates.iter().map(guess).collect();
        for _ in 0..NEWTON_STEPS {
            let lap = self.go_around(simd, &guesses);
            for (lane, guess) in guesses.iter_mut().enumerate() {
                let (from, to) = (guess.cycle.at, get(&lap.z, lane));
                let multiplier = get(&lap.by_start, lane);
                let by_c = get(&lap.by_c, lane) - multiplier * guess.by_c;
                guess.cycle.at += (to - from) / (1.0 - multiplier);
                guess.by_c = by_c / (1.0 - multiplier);
                guess.multiplier = multiplier.norm();
                // Three quarters of what it may be for the map z -> Az² + B.
                guess.radius = 1.5 * (1.0 - guess.multiplier) * from.norm() / guess.multiplier;
            }
        }
        let mut found = [None; LANES];
        for (lane, guess) in guesses.iter().enumerate() {
            let attracts = guess.multiplier < LARGEST_MULTIPLIER;
            found[lane] = attracts.then_some(Trap { radius: 0.0, ..*guess });
        }
        for _ in 0..TRAPS {
            if found.iter().flatten().all(|trap| trap.radius > 0.0) {
                break;
            }
            let lap = self.go_around(simd, &guesses);
            for (lane, guess) in guesses.iter_mut().enumerate() {
                let Some(trap) = found[lane].as_mut().filter(|trap| trap.radius == 0.0) else { continue };
                let moved = (get(&lap.z, lane) - guess.cycle.at).norm()
                    + (get(&lap.by_c, lane) - guess.by_c).norm() * guess.disc.radius;
                let multiplier = get(&lap.by_start, lane).norm();
                let back = moved + multiplier * guess.radius + lap.error[lane];
                let is_trap = guess.radius > 0.0 && back <= guess.radius * (1.0 - A_LITTLE);
                if is_trap && lap.farthest[lane] <= REACH {
                    *trap = *guess;
                }
                let curvature = lap.error[lane] / (guess.radius * guess.radius);
                guess.radius = 0.8 * (1.0 - multiplier) / curvature;
            }
        }
        found
    }

    /// Takes models round the cycles, from the discs of the traps.
    #[inline(always)]
    fn go_around<S: Simd>(&mut self, simd: S, traps: &[Trap]) -> Lap {
        let longest = traps.iter().map(|trap| trap.cycle.period).max().unwrap_or(0);
        let periods = simd.load(&reals(traps, |trap| trap.cycle.period.into()));
        let zero = simd.splat(0.0);
        let mut models = Models {
            c: load(simd, &numbers(traps, |trap| trap.disc.centre)),
            z: load(simd, &numbers(traps, |trap| trap.cycle.at)),
            by_c: load(simd, &numbers(traps, |trap| trap.by_c)),
            disc_radius: simd.load(&reals(traps, |trap| trap.disc.radius)),
            by_start: Orbit { re: simd.splat(1.0), im: zero },
            trap_radius: simd.load(&reals(traps, |trap| trap.radius)),
            error: zero,
        };
        let mut lap = Lap {
            z: NO_NUMBERS,
            by_c: NO_NUMBERS,
            by_start: NO_NUMBERS,
            error: [f64::INFINITY; LANES],
            farthest: [f64::INFINITY; LANES],
        };
        let mut farthest = zero;
        for n in 0..=longest {
            let there = simd.eq(periods, simd.splat(f64::from(n)));
            if simd.bits(there) != 0 {
                store_where(simd, there, models.z, &mut lap.z);
                store_where(simd, there, models.by_c, &mut lap.by_c);
                store_where(simd, there, models.by_start, &mut lap.by_start);
                simd.store_where(there, models.error, &mut lap.error);
                simd.store_where(there, farthest, &mut lap.farthest);
            }
            let (norm, spread) = models.reach(simd);
            let far = simd.add(simd.add(norm, spread), models.error);
            // An infinite or undefined reach stays.
            farthest = simd.select(simd.le(far, farthest), farthest, far);
            models = models.step(simd, (norm, spread));
        }
        self.cost += u64::from(longest) * MODEL_COST;
        lap
    }

    /// Step 2 of the proof: the lanes whose orbits have all entered their trap.
    #[inline(always)]
    fn enter<S: Simd>(&mut self, simd: S, traps: &[Trap]) -> u8 {
        let mut under_way = 0;
        for (lane, trap) in traps.iter().enumerate() {
            under_way |= u8::from(trap.radius > 0.0) << lane;
        }
        let at = load(simd, &numbers(traps, |trap| trap.cycle.at));
        let near_sqr = simd.load(&reals(traps, |trap| trap.radius * trap.radius));
        let c = load(simd, &numbers(traps, |trap| trap.disc.centre));
        let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
        let mut models = Models {
            c,
            z: c,
            by_c: Orbit { re: one, im: zero },
            disc_radius: simd.load(&reals(traps, |trap| trap.disc.radius)),
            by_start: Orbit { re: zero, im: zero },
            trap_radius: zero,
            error: zero,
        };
        let mut entered = 0;
        for _ in 0..WAY_PER_SURVEY * self.survey {
            let (norm, spread) = models.reach(simd);
            let far = simd.add(simd.add(norm, spread), models.error);
            under_way &= simd.bits(simd.le(far, simd.splat(REACH)));
            if under_way == 0 {
                break;
            }
            let from_trap = Orbit { re: simd.sub(models.z.re, at.re), im: simd.sub(models.z.im, at.im) };
            let near = simd.le(norm_sqr(simd, from_trap), near_sqr);
            let now = under_way & simd.bits(near);
            if now != 0 {
                let (mut z, mut by_c, mut error) = (NO_NUMBERS, NO_NUMBERS, [0.0; LANES]);
                store_where(simd, near, models.z, &mut z);
                store_where(simd, near, models.by_c, &mut by_c);
                simd.store_where(near, models.error, &mut error);
                for lane in lanes(now.into()) {
                    let trap = &traps[lane];
                    let distance = (get(&z, lane) - trap.cycle.at).norm()
                        + (get(&by_c, lane) - trap.by_c).norm() * trap.disc.radius
                        + error[lane];
                    if distance <= trap.radius * (1.0 - A_LITTLE) {
                        entered |= 1 << lane;
                    }
                }
                under_way &= !entered;
            }
            models = models.step(simd, (norm, spread));
            self.cost += MODEL_COST;
        }
        entered
    }
}
#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::atomic::AtomicBool;

    use super::super::interior::{Interior, proven_interior};
    use super::super::portable::Portable;
    use super::super::reference::escape_count;
    use super::*;

    static GO_ON: AtomicBool = AtomicBool::new(false);
    const TERMS: Terms<'_> = Terms {
        max_iter: 2048,
        interior: Some(Interior::PROVEN),
        shortcuts: true,
        tiles: true,
        stop: &GO_ON,
    };

    fn axis(from: f64, to: f64, len: usize) -> Vec<f64> {
        (0..len).map(|i| from + (to - from) * i as f64 / (len - 1) as f64).collect()
    }

    fn search(re: &[f64], im: &[f64], max_iter: u32) -> Points {
        let search = Search { re, im, ascends: true, terms: Terms { max_iter, ..TERMS } };
        Portable.outlined(search).expect("not stopped").0
    }

    /// The points that are proven.
    fn points<'a>(proven: &'a Points, re: &'a [f64], im: &'a [f64]) -> impl Iterator<Item = Complex64> + 'a {
        let is_proven = |y: usize, x: usize| proven.at(y, x / LANES * LANES) >> (x % LANES) & 1 == 1;
        im.iter().enumerate().flat_map(move |(y, &im)| {
            let there = re.iter().enumerate().filter(move |(x, _)| is_proven(y, *x));
            there.map(move |(_, &re)| Complex64::new(re, im))
        })
    }

    fn stays(c: Complex64, steps: u32) -> bool {
        let steps = NonZeroU32::new(steps).expect("not zero");
        escape_count(c, steps) == steps.get()
    }

    /// Bulbs of the set and a copy far from it, the detail of the talk, and a copy of size 1e-9.
    const REGIONS: [([f64; 2], [f64; 2]); 5] = [
        ([-0.25, 0.0], [0.62, 0.87]),
        ([-1.79, -1.74], [-0.025, 0.025]),
        ([-0.74877, -0.74872], [0.06505, 0.06510]),
        ([0.2, 0.45], [0.3, 0.65]),
        ([-0.749_705_699, -0.749_705_693], [0.115_617_837, 0.115_617_843]),
    ];

    #[test]
    fn what_is_proven_does_not_escape() {
        for (re, im) in REGIONS {
            let (re, im) = (axis(re[0], re[1], 203), axis(im[0], im[1], 197));
            for max_iter in [600, 3000] {
                let proven = search(&re, &im, max_iter);
                for c in points(&proven, &re, &im) {
                    assert!(stays(c, 20_000), "{c}");
                }
            }
        }
    }

    #[test]
    fn much_of_what_stays_is_proven() {
        for (number, (re, im)) in REGIONS.into_iter().enumerate() {
            let (re, im) = (axis(re[0], re[1], 400), axis(im[0], im[1], 400));
            let found = points(&search(&re, &im, 2048), &re, &im).count();
            let all = im.iter().flat_map(|&im| re.iter().map(move |&re| Complex64::new(re, im)));
            let all = all.filter(|&c| !proven_interior(c.re, c.im) && stays(c, 2048)).count();
            println!("region {number}: {found} of {all}");
            assert!(3 * found > all, "region {number}: {found} of {all}");
        }
    }

    #[test]
    fn no_trap_is_found_where_nothing_attracts() {
        // Just outside the period-3 bulb and at the root of a cusp; the cycles are those of the inside.
        for (disc, period) in [
            (Disc { centre: Complex64::new(-0.125, 0.84), radius: 1e-4 }, 3),
            (Disc { centre: Complex64::new(-1.75, 0.0), radius: 1e-9 }, 3),
        ] {
            let candidate = Candidate { disc, cycle: Cycle { period, at: Complex64::new(0.01, 0.01) } };
            let [trap, ..] = Prover::new(TERMS).find_traps(Portable, &[candidate]);
            assert!(trap.is_none_or(|trap| trap.radius == 0.0), "{disc:?}");
        }
    }
}
