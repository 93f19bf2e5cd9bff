//! Series approximation: counts of neighbours found together.
//!
//! Orbits of neighbours stay together for long. As long as they do, a [`series`](expansion) tells where each
//! of them is. Where they escape before they part, it tells all their counts for little more than what one
//! orbit costs. A patch whose orbits part earlier hands its series to its quarters. What is left after the
//! smallest patches iterates, and so do the points whose orbits come closer to the circle `|z| = 2` than the
//! error is.

mod expansion;
mod tracker;

use num_complex::Complex64;

use super::allowed::Allowed;
use super::patches::{Disc, Patch, PointSet};
use crate::dataset::Count;
use crate::kernel::simd::{LANES, Simd, WithSimd, chunks, lanes, load_up_to_eight};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::{Params, WorkItem};

use expansion::{CIRCLE_SLACK, Series};
use tracker::{Sink, Tracked, Tracker};

/// A look at eight points, beside steps of points that a kernel iterates: measured with AVX2.
const LOOK_COST: u64 = 50;

/// Finds counts of whole patches of an item, whose points ascend where patches are allowed.
pub(crate) struct Approximate<'a, 'b, T> {
    pub(crate) item: &'a mut WorkItem<'b, T>,
    /// Points that have their counts, or need none.
    pub(crate) proven: &'a PointSet,
    pub(crate) allowed: Allowed,
}

impl<S: Simd, T: Count> WithSimd<S> for Approximate<'_, '_, T> {
    /// The points that have their counts, and what was spent, in pixel-iterations.
    type Output = Result<(PointSet, u64), Stopped>;

    #[inline(always)]
    fn with_simd(self, simd: S) -> Self::Output {
        let Self { item, proven, allowed } = self;
        let (re, im, params) = (item.re, item.im, item.params);
        let counted = PointSet::none(re.len(), im.len());
        if !allowed.patches {
            return Ok((counted, 0));
        }
        let tracked = |patch: Patch, series: &dyn Fn(Complex64) -> Series| {
            let (disc, divisions) = (patch.disc(re, im), patch.divisions());
            let points = PatchPoints { patch, inside: Vec::new() };
            Tracked { points, disc, series: series(disc.centre), divisions }
        };
        let mut patches: Vec<Tracked<PatchPoints>> =
            Patch::all(re.len(), im.len()).map(|patch| tracked(patch, &Series::new)).collect();
        let (mut tracker, mut sink) =
            (Tracker { params, allowed, cost: 0 }, CountSink { item, counted, looks: 0 });
        while !patches.is_empty() {
            // Around a centre that is interior by itself most points are interior, too, and need no series.
            patches.retain(|Tracked { points, disc, .. }| {
                !proven.contains_patch(&points.patch) && !allowed.is_interior(disc.centre)
            });
            let mut parts = Vec::new();
            for mut batch in chunks(patches.into_iter()) {
                for lane in lanes(tracker.follow(simd, &mut batch, &mut sink)?.into()) {
                    let Tracked { points, series, .. } = &batch[lane];
                    let quarters = points.patch.parts().into_iter();
                    parts.extend(quarters.map(|part| tracked(part, &|centre| series.around(centre))));
                }
            }
            patches = parts;
        }
        Ok((sink.counted, tracker.cost + sink.looks * LOOK_COST))
    }
}

/// The points of a patch.
struct PatchPoints {
    patch: Patch,
    /// Points that are known to be inside, a byte for each eight. Empty before the first look.
    inside: Vec<u8>,
}

/// Writes the counts of an item.
struct CountSink<'a, 'b, T> {
    item: &'a mut WorkItem<'b, T>,
    counted: PointSet,
    /// At eight points.
    looks: u64,
}

impl<T: Count> CountSink<'_, '_, T> {
    /// Writes the count of some of the eight points from column `x` on in row `y`.
    #[inline(always)]
    fn write(&mut self, (y, x): (usize, usize), points: u8, count: u32) {
        let mut row = self.item.counts.row_mut(y);
        let counts = &mut row.as_slice_mut().expect("rows are contiguous")[x..];
        let count = T::from_count(count.min(self.item.params.max_iter));
        if points == u8::MAX && counts.len() >= LANES {
            counts[..LANES].fill(count);
            self.counted.add(y, x, points);
            return;
        }
        let within = u8::MAX >> LANES.saturating_sub(counts.len());
        for lane in lanes((points & within).into()) {
            counts[lane] = count;
        }
        self.counted.add(y, x, points);
    }
}

impl<T: Count> Sink<PatchPoints> for CountSink<'_, '_, T> {
    #[inline(always)]
    fn escaped<S: Simd>(&mut self, simd: S, points: &mut PatchPoints, series: &Series) -> bool {
        let PatchPoints { patch, inside } = points;
        if inside.is_empty() {
            inside.extend(patch.eights().map(|_| u8::MAX));
        }
        let error = series.error + CIRCLE_SLACK;
        let (inner, outer) = (simd.splat((2.0 - error).powi(2)), simd.splat((2.0 + error).powi(2)));
        let mut any_inside = 0;
        for ((y, x), inside) in patch.eights().zip(inside).filter(|(_, inside)| **inside != 0) {
            let (re, _) = load_up_to_eight(simd, &self.item.re[x..]);
            let norm_sqr = series.norm_sqr(simd, re, self.item.im[y]);
            let outside = *inside & simd.bits(simd.le(outer, norm_sqr));
            self.write((y, x), outside, series.step);
            *inside &= !outside & simd.bits(simd.le(norm_sqr, inner));
            any_inside |= *inside;
            self.looks += 1;
        }
        any_inside != 0
    }

    #[inline(always)]
    fn never(&mut self, points: &PatchPoints) {
        let max_iter = self.item.params.max_iter;
        for (number, at) in points.patch.eights().enumerate() {
            self.write(at, points.inside.get(number).copied().unwrap_or(u8::MAX), max_iter);
        }
    }
}

/// Says of each disc whether its points get their counts together. The second value is the cost of finding
/// out, in pixel-iterations.
#[inline(always)]
pub(crate) fn together<S: Simd>(
    simd: S,
    params: Params<'_>,
    allowed: Allowed,
    discs: impl Iterator<Item = Disc>,
) -> Result<(Vec<bool>, u64), Stopped> {
    let (mut tracker, mut answers) = (Tracker { params, allowed, cost: 0 }, Vec::new());
    let tracked = discs.enumerate().map(|(points, disc)| {
        let series = Series::new(disc.centre);
        Tracked { points, disc, series, divisions: 0 }
    });
    for mut batch in chunks(tracked) {
        answers.resize(answers.len() + batch.len(), false);
        tracker.follow(simd, &mut batch, &mut answers)?;
    }
    Ok((answers, tracker.cost))
}

impl Sink<usize> for Vec<bool> {
    #[inline(always)]
    fn escaped<S: Simd>(&mut self, _: S, points: &mut usize, _: &Series) -> bool {
        self[*points] = true;
        false
    }

    #[inline(always)]
    fn never(&mut self, points: &usize) {
        self[*points] = true;
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::atomic::AtomicBool;

    use ndarray::Array2;

    use super::*;
    use crate::kernel::reference::escape_count;
    use crate::kernel::simd::Portable;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    fn axis(from: f64, to: f64, len: usize) -> Vec<f64> {
        (0..len).map(|i| from + (to - from) * i as f64 / (len - 1) as f64).collect()
    }

    /// The share of the points that get their counts, all of which are asserted to be the definition's.
    fn counted(re: &[f64], im: &[f64], max_iter: u32) -> f64 {
        let mut counts = Array2::<u32>::from_elem((im.len(), re.len()), 123);
        let params = Params { max_iter, stop: &GO_ON };
        let mut item = WorkItem { re, im, counts: counts.view_mut(), params };
        let proven = &PointSet::none(re.len(), im.len());
        let approximate = Approximate { item: &mut item, proven, allowed: Allowed::PATCHES };
        let (counted, _) = Portable.vectorize(approximate).expect("not stopped");
        let limit = NonZeroU32::new(max_iter).expect("not zero");
        let mut share = 0.0;
        for ((y, x), &count) in counts.indexed_iter() {
            if counted.at(y, x / LANES * LANES) >> (x % LANES) & 1 == 1 {
                let c = Complex64::new(re[x], im[y]);
                assert_eq!(count, escape_count(c, limit), "{c}, max_iter {max_iter}");
                share += 1.0 / counts.len() as f64;
            } else {
                assert_eq!(count, 123, "what is left is not touched");
            }
        }
        share
    }

    #[test]
    fn counts_that_are_found_together_are_the_definitions() {
        // The whole set, bulbs and a filament; the detail of the talk, all of it and some of its parts; far
        // away.
        for (re, im, least) in [
            ([-2.0, 0.5], [-1.25, 1.25], 0.25),
            ([-0.25, 0.0], [0.62, 0.87], 0.02),
            ([-1.79, -1.74], [-0.025, 0.025], 0.15),
            ([-0.74877, -0.74872], [0.06505, 0.06510], 0.0),
            ([-0.748_763, -0.748_757], [0.065_052, 0.065_058], 0.9),
            ([-0.748_760_5, -0.748_759_5], [0.065_054_5, 0.065_055_5], 0.999),
            ([-0.743_643_887_037, -0.743_643_887_036], [0.131_825_904_205, 0.131_825_904_206], 0.0),
            ([-2.2, -1.8], [-0.1, 0.9], 0.85),
        ] {
            let (re, im) = (axis(re[0], re[1], 301), axis(im[0], im[1], 203));
            for max_iter in [101, 204, 2048] {
                let share = counted(&re, &im, max_iter);
                println!("{} + {} i, max_iter {max_iter}: {share:.3}", re[0], im[0]);
                assert!(share >= least, "{share} at {} + {} i, {max_iter}", re[0], im[0]);
            }
        }
    }

    #[test]
    fn all_stay_where_none_escapes_in_time() {
        let (re, im) = (axis(-0.748_760_5, -0.748_759_5, 70), axis(0.065_054_5, 0.065_055_5, 70));
        for max_iter in [101, 190, 203] {
            assert!((counted(&re, &im, max_iter) - 1.0).abs() < 1e-9, "max_iter {max_iter}");
        }
    }

    #[test]
    fn a_stop_ends_a_series() {
        let stop = AtomicBool::new(true);
        let disc = Disc { centre: Complex64::new(-0.12, 0.74), radius: 1e-3 };
        let params = Params { max_iter: u32::MAX, stop: &stop };
        let answer = together(Portable, params, Allowed::PATCHES, [disc].into_iter());
        assert_eq!(answer, Err(Stopped));
    }
}
