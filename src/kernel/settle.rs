//! Counts of neighbours found together.
//!
//! Orbits of neighbours stay together for long, and as long as they do a [`series`](super::series) tells where each of them is.
//! Where they escape before they part, it tells all their counts for little more than what one orbit costs. A tile whose orbits
//! part earlier hands its series to its quarters. What is left open after the smallest tiles, and the points whose orbits
//! come closer to the circle `|z| = 2` than the error is, are left to iterate.

use num_complex::Complex64;

use super::Stopped;
use super::complex::{chunks, load, numbers, reals};
use super::item::{Item, Terms, load_up_to_eight};
use super::neighbours::{Disc, Points, Tile};
use super::series::{A_LITTLE, Eight, FARTHEST, Series};
use super::simd::{LANES, Simd, Work};
use super::sort::lanes;
use crate::dataset::Count;

// Measured: where the work that is left, 120 iterations for each point in it, is least, over parts of area2, the whole set and
// a valley at 1e-8; it changes little around there.

/// The largest error with which a series is followed.
const LARGEST_ERROR: f64 = 0.5;
/// The part of that which a tile may have that is divided before any orbit escapes. Its quarters go on from there, and their
/// own errors are smaller by the third power of their size.
const ERROR_BEFORE_DIVISION: f64 = 0.002;
/// A tile is divided if the orbit of its centre is over within as many steps as it has made, and these.
const LEAST_REST: u32 = 16;
/// Steps between two looks whether it is.
const STEPS_AT_ONCE: u32 = 8;
/// Steps between two looks whether an orbit repeats, or a stop is asked.
const STEPS_PER_LOOK: u32 = 64;
/// No orbit has escaped where none is farther from 0: a little less than 2.
const INSIDE: f64 = 1.999_999;

/// A step of eight series, and a look at eight points, beside steps of points that a kernel iterates: measured with AVX2.
const SERIES_COST: u64 = 150;
const LOOK_COST: u64 = 50;

/// Points whose series is followed. Which these are, `P`, is the reader's.
struct Candidate<P> {
    points: P,
    disc: Disc,
    /// Their series where it was begun, and then where it is of use.
    series: Series,
    /// How many times the points may be divided.
    divisions: u32,
}

/// Somebody to whom a series tells where orbits are.
trait Reader<P> {
    /// Some of the orbits have escaped. Says whether others are known to be inside.
    fn look<S: Simd>(&mut self, simd: S, points: &mut P, series: &Series) -> bool;
    /// Those that were inside do not escape before `max_iter`.
    fn stay(&mut self, points: &P);
}

/// Follows series, eight at a time.
struct Follower<'a> {
    terms: Terms<'a>,
    /// What was spent, in pixel-iterations.
    cost: u64,
}

impl Follower<'_> {
    /// Follows up to eight series and tells `reader` from the first escape on. Returns those whose points should be divided,
    /// because their orbits part earlier but not much.
    #[inline(always)]
    fn follow<S: Simd, P>(
        &mut self,
        simd: S,
        batch: &mut [Candidate<P>],
        reader: &mut impl Reader<P>,
    ) -> Result<u8, Stopped> {
        let max_iter = self.terms.max_iter;
        let series: Vec<Series> = batch.iter().map(|candidate| candidate.series).collect();
        let radii: Vec<f64> = batch.iter().map(|candidate| candidate.disc.radius).collect();
        let precision = |of: &Candidate<P>| LARGEST_ERROR * ERROR_BEFORE_DIVISION.powi(of.divisions as i32);
        let precision = simd.load(&reals(batch, precision));
        // No orbit gets to `max_iter` before.
        let first_done = max_iter - series.iter().map(|series| series.step).max().unwrap_or(0);
        let mut eight = Eight::new(simd, &series, &radii);
        let mut mark = eight.z;
        let (mut under_way, mut escaping, mut parted) = (u8::MAX >> (LANES - batch.len()), 0, 0);
        for n in 0..=max_iter {
            let spread = eight.spread(simd);
            let reach = simd.add(spread.all(simd), eight.error);
            let inside = simd.bits(simd.le(reach, simd.splat(INSIDE)));
            let near = simd.bits(simd.le(reach, simd.splat(FARTHEST)));
            let precise = simd.bits(simd.le(eight.error, precision));
            let of_use = near & simd.bits(simd.le(eight.error, simd.splat(LARGEST_ERROR)));
            if n >= first_done {
                for lane in lanes(under_way.into()).filter(|&lane| series[lane].step + n >= max_iter) {
                    reader.stay(&batch[lane].points);
                    under_way &= !(1 << lane);
                }
            }
            let lost = under_way & !(inside & precise | !inside & of_use);
            for lane in lanes((lost & near & !escaping).into()) {
                batch[lane].series = eight.lane(simd, lane, &series[lane], series[lane].step + n);
                parted |= u8::from(batch[lane].divisions > 0) << lane;
            }
            under_way &= !lost;
            escaping |= under_way & !inside;
            for lane in lanes((under_way & escaping).into()) {
                let series = eight.lane(simd, lane, &series[lane], series[lane].step + n);
                if !reader.look(simd, &mut batch[lane].points, &series) {
                    under_way &= !(1 << lane);
                }
            }
            if under_way == 0 {
                self.cost += u64::from(n) * SERIES_COST;
                return self.soon_over(simd, parted, batch);
            }
            if n % STEPS_PER_LOOK == 0 {
                self.terms.go_on()?;
                if self.terms.looks_for_cycles() && n > 0 {
                    // It goes on for ever. To look for the cycle of each point is then the better way.
                    let back = simd.both(simd.eq(eight.z.re, mark.re), simd.eq(eight.z.im, mark.im));
                    under_way &= !simd.bits(back);
                }
                if n.is_power_of_two() {
                    mark = eight.z;
                }
            }
            eight = eight.step(simd, spread);
        }
        unreachable!("every orbit gets to max_iter");
    }

    /// Those of `which` candidates the orbit of whose centre is soon over.
    #[inline(always)]
    fn soon_over<S: Simd, P>(&mut self, simd: S, which: u8, batch: &[Candidate<P>]) -> Result<u8, Stopped> {
        let c = load(simd, &numbers(batch, |of| of.series.centre));
        let mut z = load(simd, &numbers(batch, |of| of.series.z));
        let limits = simd.load(&reals(batch, |of| of.series.step.saturating_add(LEAST_REST).into()));
        let (mut over, mut n) = (0, 0.0);
        loop {
            self.terms.go_on()?;
            let inside = simd.bits(z.squares(simd).inside(simd));
            let in_time = which & simd.bits(simd.le(simd.splat(n), limits));
            over |= in_time & !inside;
            if in_time & inside == 0 {
                self.cost += n as u64 * LANES as u64;
                return Ok(over);
            }
            for _ in 0..STEPS_AT_ONCE {
                z = simd.step(z, c, false);
            }
            n += f64::from(STEPS_AT_ONCE);
        }
    }
}

/// Finds counts of whole tiles of an item.
pub(super) struct Settle<'a, 'b, T> {
    pub(super) item: &'a mut Item<'b, T>,
    /// Points that need no count.
    pub(super) proven: &'a Points,
}

impl<S: Simd, T: Count> Work<S> for Settle<'_, '_, T> {
    /// The points that have their counts, and what was spent, in pixel-iterations.
    type Output = Result<(Points, u64), Stopped>;

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let Self { item, proven } = self;
        let (re, im, terms) = (item.re, item.im, item.terms);
        let settled = Points::none(re.len(), im.len());
        if !(terms.tiles && item.ascends()) {
            return Ok((settled, 0));
        }
        let candidate = |tile: Tile, series: &dyn Fn(Complex64) -> Series| {
            let (disc, divisions) = (tile.disc(re, im), tile.divisions());
            let points = Open { tile, eights: Vec::new() };
            Candidate { points, disc, series: series(disc.centre), divisions }
        };
        let mut candidates: Vec<Candidate<Open>> =
            Tile::all(re.len(), im.len()).map(|tile| candidate(tile, &Series::new)).collect();
        let (mut follower, mut writer) = (Follower { terms, cost: 0 }, Writer { item, settled, looks: 0 });
        while !candidates.is_empty() {
            // Around a centre that is interior by itself most points are, and need no series.
            candidates.retain(|Candidate { points, disc, .. }| {
                !proven.contains_tile(&points.tile) && !terms.is_interior(disc.centre)
            });
            let mut parts = Vec::new();
            for mut batch in chunks(candidates.into_iter()) {
                for lane in lanes(follower.follow(simd, &mut batch, &mut writer)?.into()) {
                    let Candidate { points, series, .. } = &batch[lane];
                    let tiles = points.tile.parts().into_iter();
                    parts.extend(tiles.map(|part| candidate(part, &|centre| series.around(centre))));
                }
            }
            candidates = parts;
        }
        Ok((writer.settled, follower.cost + writer.looks * LOOK_COST))
    }
}

/// The points of a tile that are known to be inside.
struct Open {
    tile: Tile,
    /// A byte for each eight points. Empty before the first look.
    eights: Vec<u8>,
}

/// Writes the counts of an item.
struct Writer<'a, 'b, T> {
    item: &'a mut Item<'b, T>,
    settled: Points,
    /// At eight points.
    looks: u64,
}

impl<T: Count> Writer<'_, '_, T> {
    /// Writes the count of some of the eight points from column `x` on in row `y`.
    #[inline(always)]
    fn write(&mut self, (y, x): (usize, usize), points: u8, count: u32) {
        let mut row = self.item.counts.row_mut(y);
        let counts = &mut row.as_slice_mut().expect("rows are contiguous")[x..];
        let count = T::from_count(count.min(self.item.terms.max_iter));
        if points == u8::MAX && counts.len() >= LANES {
            counts[..LANES].fill(count);
            self.settled.add(y, x, points);
            return;
        }
        let within = u8::MAX >> LANES.saturating_sub(counts.len());
        for lane in lanes((points & within).into()) {
            counts[lane] = count;
        }
        self.settled.add(y, x, points);
    }
}

impl<T: Count> Reader<Open> for Writer<'_, '_, T> {
    #[inline(always)]
    fn look<S: Simd>(&mut self, simd: S, points: &mut Open, series: &Series) -> bool {
        let Open { tile, eights } = points;
        if eights.is_empty() {
            eights.extend(tile.eights().map(|_| u8::MAX));
        }
        let error = series.error + A_LITTLE;
        let (inner, outer) = (simd.splat((2.0 - error).powi(2)), simd.splat((2.0 + error).powi(2)));
        let mut any_open = 0;
        for ((y, x), open) in tile.eights().zip(eights).filter(|(_, open)| **open != 0) {
            let (re, _) = load_up_to_eight(simd, &self.item.re[x..]);
            let norm_sqr = series.norm_sqr(simd, re, self.item.im[y]);
            let outside = *open & simd.bits(simd.le(outer, norm_sqr));
            self.write((y, x), outside, series.step);
            *open &= !outside & simd.bits(simd.le(norm_sqr, inner));
            any_open |= *open;
            self.looks += 1;
        }
        any_open != 0
    }

    #[inline(always)]
    fn stay(&mut self, points: &Open) {
        let max_iter = self.item.terms.max_iter;
        for (number, at) in points.tile.eights().enumerate() {
            self.write(at, points.eights.get(number).copied().unwrap_or(u8::MAX), max_iter);
        }
    }
}

/// Whether the points of discs get their counts together, and what it costs to find out, in pixel-iterations.
#[inline(always)]
pub(super) fn together<S: Simd>(
    simd: S,
    terms: Terms<'_>,
    discs: impl Iterator<Item = Disc>,
) -> Result<(Vec<bool>, u64), Stopped> {
    let (mut follower, mut answers) = (Follower { terms, cost: 0 }, Vec::new());
    let candidates = discs.enumerate().map(|(points, disc)| {
        let series = Series::new(disc.centre);
        Candidate { points, disc, series, divisions: 0 }
    });
    for mut batch in chunks(candidates) {
        answers.resize(answers.len() + batch.len(), false);
        follower.follow(simd, &mut batch, &mut answers)?;
    }
    Ok((answers, follower.cost))
}

impl Reader<usize> for Vec<bool> {
    #[inline(always)]
    fn look<S: Simd>(&mut self, _: S, points: &mut usize, _: &Series) -> bool {
        self[*points] = true;
        false
    }

    #[inline(always)]
    fn stay(&mut self, points: &usize) {
        self[*points] = true;
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::atomic::AtomicBool;

    use ndarray::Array2;

    use super::super::interior::Interior;
    use super::super::portable::Portable;
    use super::super::reference::escape_count;
    use super::*;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    fn axis(from: f64, to: f64, len: usize) -> Vec<f64> {
        (0..len).map(|i| from + (to - from) * i as f64 / (len - 1) as f64).collect()
    }

    fn terms(max_iter: u32, stop: &AtomicBool) -> Terms<'_> {
        Terms { max_iter, interior: Some(Interior::PROVEN), shortcuts: true, tiles: true, stop }
    }

    /// The share of the points that get their counts, all of which are asserted to be the definition's.
    fn settled(re: &[f64], im: &[f64], max_iter: u32) -> f64 {
        let mut counts = Array2::<u32>::from_elem((im.len(), re.len()), 123);
        let mut item = Item { re, im, counts: counts.view_mut(), terms: terms(max_iter, &GO_ON) };
        let proven = &Points::none(re.len(), im.len());
        let (settled, _) = Portable.outlined(Settle { item: &mut item, proven }).expect("not stopped");
        let limit = NonZeroU32::new(max_iter).expect("not zero");
        let mut share = 0.0;
        for ((y, x), &count) in counts.indexed_iter() {
            if settled.at(y, x / LANES * LANES) >> (x % LANES) & 1 == 1 {
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
        // The whole set, bulbs and a filament; the detail of the talk, all of it and some of its parts; far away.
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
                let share = settled(&re, &im, max_iter);
                println!("{} + {} i, max_iter {max_iter}: {share:.3}", re[0], im[0]);
                assert!(share >= least, "{share} at {} + {} i, {max_iter}", re[0], im[0]);
            }
        }
    }

    #[test]
    fn all_stay_where_none_escapes_in_time() {
        let (re, im) = (axis(-0.748_760_5, -0.748_759_5, 70), axis(0.065_054_5, 0.065_055_5, 70));
        for max_iter in [101, 190, 203] {
            assert!((settled(&re, &im, max_iter) - 1.0).abs() < 1e-9, "max_iter {max_iter}");
        }
    }

    #[test]
    fn a_stop_ends_a_series() {
        let stop = AtomicBool::new(true);
        let disc = Disc { centre: Complex64::new(-0.12, 0.74), radius: 1e-3 };
        assert_eq!(together(Portable, terms(u32::MAX, &stop), [disc].into_iter()), Err(Stopped));
    }
}
