//! Patches of points whose *rounded* orbits are proven never to escape, in whatever component of the set they
//! lie.
//!
//! An orbit that nears an attracting cycle stays there, but the definition goes on to `max_iter`. Here it is
//! proven for all points of a patch at once that they stay, with rounding, by following discs that hold their
//! orbits.
//!
//! # The proof
//!
//! Let the points be `c = c₀ + δ` with `|δ| ≤ r`. A *model* of their orbits at one step is the numbers `z`,
//! `d`, `h`, `R` and `e`: every orbit is at `z + dδ + hω` with some `|ω| ≤ R` (`ω` may depend on the orbit),
//! but for an error of at most `e`. With `s = |d| r + |h| R` it is nowhere farther from `z` than `s + e`.
//! From `(z + x)² + c₀ + δ = (z² + c₀) + 2zx + δ + x²` follows that the model of the next step is
//!
//! > `z² + c₀`, `2zd + 1`, `2zh`, `R` and `2|z| e + (s + e)² +` [`STEP_ERROR`](model::STEP_ERROR).
//!
//! While `|z| + s + e ≤ `[`FARTHEST`](model::FARTHEST)` < 2` none of the orbits escapes, and no number in a
//! step exceeds 6: the definition's step errs by less than `21u` (`u = 2⁻⁵³`), the same step of `z` here by
//! no more, those of `dδ` and `hω` by less than `8u` each, which [`STEP_ERROR`](model::STEP_ERROR) exceeds in
//! sum. All that adds up to an error is positive, so its own rounding is relative, less than `16u` a step,
//! which [`UP`](model::UP) covers.
//!
//! 1. *A trapping disc.* Start a model at any `z = α`, `d = a`, `h = 1`, `R > 0`, `e = 0`: the orbits in the
//!    disc of radius `R` around `α + aδ`, which differs from point to point. If after `p` steps
//!    `|z − α| + |d − a| r + |h| R + e ≤ R`, each orbit is back in its disc. So it goes round for ever.
//! 2. *The way in.* Start a model at `z = c₀`, `d = 1`, `R = 0`, `e = 0`: the orbits from their beginning. If
//!    after some steps `|z − α| + |d − a| r + e ≤ R`, every orbit is in its trapping disc.
//!
//! Both together prove that none escapes. How `α`, `a`, `R` and `p` were found does not matter. They come
//! from Newton's method: `α` is the point of the cycle next to 0 and `a` its derivative by `c`. `R` is chosen
//! by the error of a first try, which grows as `R²`.

mod cycle;
mod model;
mod prover;
mod trapping_disc;

use super::allowed::Allowed;
use super::patches::{Disc, Patch, PointSet};
use crate::kernel::simd::{Simd, WithSimd};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::Params;

use prover::Prover;
use trapping_disc::Candidate;

/// Looks for patches of the points `re` x `im` that are proven never to escape. Both ascend where patches are
/// allowed.
pub(crate) struct Search<'a> {
    pub(crate) re: &'a [f64],
    pub(crate) im: &'a [f64],
    pub(crate) params: Params<'a>,
    pub(crate) allowed: Allowed,
}

impl<S: Simd> WithSimd<S> for Search<'_> {
    /// The points that are proven, and what was spent, in pixel-iterations.
    type Output = Result<(PointSet, u64), Stopped>;

    #[inline(always)]
    fn with_simd(self, simd: S) -> Self::Output {
        let Self { re, im, params, allowed } = self;
        let mut proven = PointSet::none(re.len(), im.len());
        if !allowed.patches {
            return Ok((proven, 0));
        }
        let mut prover = Prover::new(params, allowed);
        let patches = Patch::all(re.len(), im.len()).map(|patch| {
            let disc = patch.disc(re, im);
            (patch, disc)
        });
        let mut candidates = prover.find_cycles(simd, patches)?;
        while !candidates.is_empty() {
            let mut parts = Vec::new();
            prover.prove(simd, candidates, |patch, verdict| match verdict {
                Ok(()) => proven.add_patch(&patch),
                Err(cycle) => parts.extend(patch.parts().into_iter().map(|part| {
                    let disc = part.disc(re, im);
                    (part, Candidate { disc, cycle })
                })),
            })?;
            candidates = parts;
        }
        Ok((proven, prover.cost))
    }
}

/// Says of each disc whether all of its points are proven never to escape. The second value is the cost of
/// the proofs, in pixel-iterations.
#[inline(always)]
pub(crate) fn interior<S: Simd>(
    simd: S,
    params: Params<'_>,
    allowed: Allowed,
    discs: impl Iterator<Item = Disc>,
) -> Result<(Vec<bool>, u64), Stopped> {
    let mut proven = Vec::new();
    let mut prover = Prover::new(params, allowed);
    let numbered = discs.inspect(|_| proven.push(false)).enumerate();
    let candidates = prover.find_cycles(simd, numbered)?;
    prover.prove(simd, candidates, |number, verdict| proven[number] = verdict.is_ok())?;
    Ok((proven, prover.cost))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::atomic::AtomicBool;

    use num_complex::Complex64;

    use super::cycle::Cycle;
    use super::*;
    use crate::kernel::reference::escape_count;
    use crate::kernel::shortcuts::cardioid_and_disc::proven_interior;
    use crate::kernel::simd::{LANES, Portable};

    static GO_ON: AtomicBool = AtomicBool::new(false);

    fn axis(from: f64, to: f64, len: usize) -> Vec<f64> {
        (0..len).map(|i| from + (to - from) * i as f64 / (len - 1) as f64).collect()
    }

    fn search(re: &[f64], im: &[f64], max_iter: u32) -> PointSet {
        let params = Params { max_iter, stop: &GO_ON };
        let search = Search { re, im, params, allowed: Allowed::PATCHES };
        Portable.vectorize(search).expect("not stopped").0
    }

    /// The points that are proven.
    fn points<'a>(
        proven: &'a PointSet,
        re: &'a [f64],
        im: &'a [f64],
    ) -> impl Iterator<Item = Complex64> + 'a {
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
    fn no_trapping_disc_is_found_where_nothing_attracts() {
        // Just outside the period-3 bulb and at the root of a cusp; the cycles are those of the inside.
        for (disc, period) in [
            (Disc { centre: Complex64::new(-0.125, 0.84), radius: 1e-4 }, 3),
            (Disc { centre: Complex64::new(-1.75, 0.0), radius: 1e-9 }, 3),
        ] {
            let candidate = Candidate { disc, cycle: Cycle { period, at: Complex64::new(0.01, 0.01) } };
            let [found, ..] = trapping_disc::find(Portable, &[candidate], &mut 0);
            assert!(found.is_none_or(|found| found.radius == 0.0), "{disc:?}");
        }
    }
}
