//! What the lanes of the [`refill`](super::refill) kernel hold.

use super::feed::{Feed, MOST_LANES};
use super::orbit::Orbit;
use super::refill::{STEPS, STEPS_BEFORE_LOOK};
use super::replay::{Saved, ZERO_COUNT};
use super::simd::{LANES, Simd, eight};
use super::sort::lanes;

/// The state of every lane. A time is a number of blocks, as an f64 so that it moves between lanes as the rest.
pub(super) struct Lanes<V, const G: usize> {
    pub(super) z: [Orbit<V>; G],
    pub(super) c: [Orbit<V>; G],
    /// The last state that was tested and found inside.
    pub(super) saved: [Orbit<V>; G],
    pub(super) saved_at: [V; G],
    pub(super) entered_at: [V; G],
    pub(super) number: [V; G],
    /// With `CYCLES`: the state to come back to.
    pub(super) mark: [Orbit<V>; G],
    /// Lanes without a point.
    pub(super) idle: u64,
}

impl<V: Copy, const G: usize> Lanes<V, G> {
    #[inline(always)]
    pub(super) fn idle<S: Simd<Vector = V>>(simd: S) -> Self {
        let zero = [simd.splat(0.0); G];
        let origin = [Orbit { re: zero[0], im: zero[0] }; G];
        Self {
            z: origin,
            c: origin,
            saved: origin,
            saved_at: zero,
            entered_at: zero,
            number: zero,
            mark: origin,
            idle: u64::MAX >> (MOST_LANES - G * LANES),
        }
    }

    /// Tests `z` and saves the states that are inside; returns the lanes that are not.
    #[inline(always)]
    pub(super) fn test<S: Simd<Vector = V>, const FUSED: usize>(
        &mut self,
        simd: S,
        z: &mut [Orbit<V>; G],
        block: u64,
    ) -> u64 {
        let now = simd.splat(block as f64);
        let mut inside = self.idle;
        for group in 0..G {
            let squares = z[group].squares(simd);
            let mask = squares.inside(simd);
            self.saved[group].re = simd.select(mask, z[group].re, self.saved[group].re);
            self.saved[group].im = simd.select(mask, z[group].im, self.saved[group].im);
            self.saved_at[group] = simd.select(mask, now, self.saved_at[group]);
            inside |= u64::from(simd.bits(mask)) << (group * LANES);
            z[group] = z[group].step(simd, squares, self.c[group], group < FUSED);
        }
        !inside & (u64::MAX >> (MOST_LANES - G * LANES))
    }

    /// One step without a test.
    #[inline(always)]
    pub(super) fn step<S: Simd<Vector = V>, const FUSED: usize>(&self, simd: S, z: &mut [Orbit<V>; G]) {
        for group in 0..G {
            z[group] = z[group].step(simd, z[group].squares(simd), self.c[group], group < FUSED);
        }
    }

    /// The lanes for which `holds` is true of the block in which they entered.
    #[inline(always)]
    pub(super) fn entered<S: Simd<Vector = V>>(&self, simd: S, by: f64) -> u64 {
        let by = simd.splat(by);
        (0..G).fold(0, |bits, group| {
            bits | u64::from(simd.bits(simd.le(self.entered_at[group], by))) << (group * LANES)
        })
    }

    /// The lanes that are where their mark is.
    #[inline(always)]
    pub(super) fn came_back<S: Simd<Vector = V>>(&self, simd: S, z: &[Orbit<V>; G]) -> u64 {
        (0..G).fold(0, |bits, group| {
            let re = simd.bits(simd.eq(z[group].re, self.mark[group].re));
            let im = simd.bits(simd.eq(z[group].im, self.mark[group].im));
            bits | u64::from(re & im) << (group * LANES)
        }) & !self.idle
    }

    /// The saved state of a vector, as the replay wants it.
    #[inline(always)]
    pub(super) fn saved<S: Simd<Vector = V>>(&self, simd: S, group: usize) -> Saved<V> {
        let blocks = simd.sub(self.saved_at[group], self.entered_at[group]);
        let steps =
            simd.sub(simd.mul(blocks, simd.splat(STEPS as f64)), simd.splat(STEPS_BEFORE_LOOK as f64));
        // Not yet tested: what is saved is the point itself, at step 0.
        let steps = simd.select(simd.le(steps, simd.splat(0.0)), simd.splat(0.0), steps);
        Saved {
            z: self.saved[group],
            c: self.c[group],
            count: simd.add(simd.splat(ZERO_COUNT), steps),
            number: self.number[group],
        }
    }

    /// The earliest block in which a lane was entered that has a point; infinite when there is none.
    pub(super) fn oldest<S: Simd<Vector = V>>(&self, simd: S) -> f64 {
        let earliest = self.entered_at.into_iter().fold(simd.splat(f64::INFINITY), |earliest, entered| {
            simd.select(simd.le(entered, earliest), entered, earliest)
        });
        let mut entered = [0.0; LANES];
        simd.store(earliest, &mut entered);
        entered.into_iter().fold(f64::INFINITY, f64::min)
    }

    /// Lets points of `feed` into the chosen lanes, in `block`; those for which there are none become idle.
    #[inline(always)]
    pub(super) fn fill<S: Simd<Vector = V>>(&mut self, simd: S, feed: &mut Feed, vacant: u64, block: u64) {
        let waiting = feed.waiting();
        let now = simd.splat(block as f64);
        let mut next = feed.next;
        for group in 0..G {
            let lanes = (vacant >> (group * LANES)) as u8;
            let mask = simd.mask(lanes);
            let c = Orbit {
                re: simd.expand(lanes, eight(&feed.re, next), self.c[group].re),
                im: simd.expand(lanes, eight(&feed.im, next), self.c[group].im),
            };
            self.c[group] = c;
            for orbit in [&mut self.z[group], &mut self.saved[group]] {
                *orbit =
                    Orbit { re: simd.select(mask, c.re, orbit.re), im: simd.select(mask, c.im, orbit.im) };
            }
            self.saved_at[group] = simd.select(mask, now, self.saved_at[group]);
            self.entered_at[group] = simd.select(mask, now, self.entered_at[group]);
            self.mark[group].re = simd.select(mask, simd.splat(f64::NAN), self.mark[group].re);
            self.number[group] = simd.expand(lanes, eight(&feed.numbers, next), self.number[group]);
            next += lanes.count_ones() as usize;
        }
        self.idle = 0;
        if waiting < vacant.count_ones() as usize {
            next = feed.next + waiting;
            self.idle = lanes(vacant).skip(waiting).fold(0, |idle, lane| idle | 1 << lane);
            self.never_expire(simd);
        }
        feed.next = next;
    }

    /// Sets the time in which the idle lanes were entered to infinity.
    #[inline(always)]
    fn never_expire<S: Simd<Vector = V>>(&mut self, simd: S) {
        for group in 0..G {
            let idle = simd.mask((self.idle >> (group * LANES)) as u8);
            self.entered_at[group] = simd.select(idle, simd.splat(f64::INFINITY), self.entered_at[group]);
        }
    }
}
