//! What the lanes of the [`refill`](super::refill) kernel hold.
//!
//! In memory, because the hot loop works on vectors of lanes and all else on single lanes.

use super::points::Point;
use super::replay::{STRIDE, Saved};
use crate::kernel::simd::{LANES, Orbit, Simd, lanes};

/// Steps of a stride after which its flags are looked at, and lanes take new points.
pub(crate) const STEPS_BEFORE_LOOK: usize = 4;
/// Strides between two looks for lanes whose mark is due; the first mark is set at about this age.
pub(crate) const STRIDES_PER_MARK: u64 = 8;

/// A value for each lane of `G` vectors.
type PerLane<const G: usize> = [[f64; LANES]; G];

/// The state of every lane. A time is a number of strides.
#[repr(C, align(64))]
pub(crate) struct Lanes<const G: usize> {
    /// Where the orbits are, but for the hot loop, which has its own copy.
    z: Orbit<PerLane<G>>,
    c: Orbit<PerLane<G>>,
    /// The last state that was tested and found inside.
    saved: Orbit<PerLane<G>>,
    saved_at: PerLane<G>,
    /// Infinite for an idle lane.
    entered_at: PerLane<G>,
    /// With cycle detection: the state to come back to, and when the next one takes its place.
    mark: Orbit<PerLane<G>>,
    mark_due_at: PerLane<G>,
    /// Row and column of the point.
    index: [[[usize; 2]; LANES]; G],
    /// Lanes without a point.
    pub(crate) idle: u64,
}

/// The vectors of `per_lane`.
#[inline(always)]
fn load<S: Simd, const G: usize>(simd: S, per_lane: &Orbit<PerLane<G>>, group: usize) -> Orbit<S::Vector> {
    Orbit { re: simd.load(&per_lane.re[group]), im: simd.load(&per_lane.im[group]) }
}

impl<const G: usize> Lanes<G> {
    pub(crate) const ALL: u64 = u64::MAX >> (u64::BITS as usize - G * LANES);

    #[inline(always)]
    pub(crate) fn idle() -> Self {
        let zero = [[0.0; LANES]; G];
        let origin = Orbit { re: zero, im: zero };
        Self {
            z: origin,
            c: origin,
            saved: origin,
            saved_at: zero,
            entered_at: [[f64::INFINITY; LANES]; G],
            mark: origin,
            mark_due_at: zero,
            index: [[[0; 2]; LANES]; G],
            idle: Self::ALL,
        }
    }

    #[inline(always)]
    pub(crate) fn orbits<S: Simd>(&self, simd: S) -> [Orbit<S::Vector>; G] {
        let mut z = [load(simd, &self.z, 0); G];
        for group in 1..G {
            z[group] = load(simd, &self.z, group);
        }
        z
    }

    #[inline(always)]
    pub(crate) fn set_orbits<S: Simd>(&mut self, simd: S, z: &[Orbit<S::Vector>; G]) {
        for group in 0..G {
            simd.store(z[group].re, &mut self.z.re[group]);
            simd.store(z[group].im, &mut self.z.im[group]);
        }
    }

    /// Tests the orbits, saves those that are inside, and steps. Returns the lanes that are not inside.
    #[inline(always)]
    pub(crate) fn test<S: Simd, const FUSED: usize>(
        &mut self,
        simd: S,
        z: &mut [Orbit<S::Vector>; G],
        stride: u64,
    ) -> u64 {
        let now = simd.splat(stride as f64);
        let mut inside = self.idle;
        for group in 0..G {
            let squares = simd.squares(z[group]);
            let mask = simd.inside(squares);
            simd.store_where(mask, z[group].re, &mut self.saved.re[group]);
            simd.store_where(mask, z[group].im, &mut self.saved.im[group]);
            simd.store_where(mask, now, &mut self.saved_at[group]);
            inside |= u64::from(simd.bits(mask)) << (group * LANES);
            z[group] = simd.step_from(z[group], squares, load(simd, &self.c, group), group < FUSED);
        }
        !inside & Self::ALL
    }

    /// One step without a test.
    ///
    /// The points are read from memory at every step, as operands of the additions. By itself the compiler
    /// keeps the points in registers and the orbits on the stack. With AVX2 that is a quarter slower.
    #[inline(always)]
    pub(crate) fn step<S: Simd, const FUSED: usize>(&self, simd: S, z: &mut [Orbit<S::Vector>; G]) {
        std::hint::black_box(self);
        for group in 0..G {
            z[group] = simd.step(z[group], load(simd, &self.c, group), group < FUSED);
        }
    }

    /// Sets the state to come back to where that is due: whenever the age of the orbit has doubled (Brent).
    ///
    /// An orbit comes back to a mark that was set when it was in its cycle, if the cycle is shorter than its
    /// age. The age is that of the orbit, not of all lanes: so a point takes the same steps whatever its
    /// neighbours are.
    #[inline(always)]
    pub(crate) fn set_due_marks<S: Simd>(&mut self, simd: S, z: &[Orbit<S::Vector>; G], stride: u64) {
        let now = simd.splat(stride as f64);
        for group in 0..G {
            let due = simd.le(simd.load(&self.mark_due_at[group]), now);
            let next = simd.sub(simd.add(now, now), simd.load(&self.entered_at[group]));
            simd.store_where(due, z[group].re, &mut self.mark.re[group]);
            simd.store_where(due, z[group].im, &mut self.mark.im[group]);
            simd.store_where(due, next, &mut self.mark_due_at[group]);
        }
    }

    /// The lanes that are where their mark is.
    #[inline(always)]
    pub(crate) fn came_back<S: Simd>(&self, simd: S, z: &[Orbit<S::Vector>; G]) -> u64 {
        let mut back = 0;
        for group in 0..G {
            let mark = load(simd, &self.mark, group);
            let (re, im) = (simd.eq(z[group].re, mark.re), simd.eq(z[group].im, mark.im));
            back |= u64::from(simd.bits(re) & simd.bits(im)) << (group * LANES);
        }
        back & !self.idle
    }

    /// The lanes that were entered in stride `latest` or before.
    #[inline(always)]
    pub(crate) fn entered_by<S: Simd>(&self, simd: S, latest: f64) -> u64 {
        let latest = simd.splat(latest);
        let mut entered_by = 0;
        for group in 0..G {
            let entered = simd.le(simd.load(&self.entered_at[group]), latest);
            entered_by |= u64::from(simd.bits(entered)) << (group * LANES);
        }
        entered_by
    }

    /// The earliest stride in which a lane was entered; infinite when all are idle.
    #[inline(always)]
    pub(crate) fn oldest<S: Simd>(&self, simd: S) -> f64 {
        let mut oldest = simd.splat(f64::INFINITY);
        for group in 0..G {
            let entered = simd.load(&self.entered_at[group]);
            oldest = simd.select(simd.le(entered, oldest), entered, oldest);
        }
        let mut first = f64::INFINITY;
        for entered in simd.to_array(oldest) {
            first = entered.min(first);
        }
        first
    }

    /// Steps from the entry of a lane to its test in `stride`.
    #[inline(always)]
    pub(crate) fn steps(&self, lane: usize, stride: f64) -> f64 {
        (stride - self.entered_at.as_flattened()[lane]) * STRIDE as f64 - STEPS_BEFORE_LOOK as f64
    }

    /// Row and column of the lane's point.
    #[inline(always)]
    pub(crate) fn index(&self, lane: usize) -> [usize; 2] {
        self.index.as_flattened()[lane]
    }

    /// The saved state of a lane.
    #[inline(always)]
    pub(crate) fn saved(&self, lane: usize) -> Saved {
        let at = |per_lane: &Orbit<PerLane<G>>| Orbit {
            re: per_lane.re.as_flattened()[lane],
            im: per_lane.im.as_flattened()[lane],
        };
        // On entry the point itself is saved; then the step comes out negative.
        let step = self.steps(lane, self.saved_at.as_flattened()[lane]).max(0.0);
        Saved { z: at(&self.saved), c: at(&self.c), step, index: self.index(lane) }
    }

    /// Lets a point into a lane in `stride`.
    #[inline(always)]
    pub(crate) fn enter(&mut self, lane: usize, point: &Point, stride: u64) {
        for orbit in [&mut self.z, &mut self.c, &mut self.saved] {
            orbit.re.as_flattened_mut()[lane] = point.re;
            orbit.im.as_flattened_mut()[lane] = point.im;
        }
        // No state equals NaN.
        self.mark.re.as_flattened_mut()[lane] = f64::NAN;
        self.mark_due_at.as_flattened_mut()[lane] = (stride + STRIDES_PER_MARK / 2) as f64;
        self.saved_at.as_flattened_mut()[lane] = stride as f64;
        self.entered_at.as_flattened_mut()[lane] = stride as f64;
        self.index.as_flattened_mut()[lane] = point.index;
    }

    /// Leaves exactly these lanes empty, for good, at the fixed point 0 of `c = 0`.
    #[inline(always)]
    pub(crate) fn retire(&mut self, vacant: u64) {
        for lane in lanes(vacant & !self.idle) {
            self.enter(lane, &Point { re: 0.0, im: 0.0, index: [0; 2] }, 0);
            self.entered_at.as_flattened_mut()[lane] = f64::INFINITY;
        }
        self.idle = vacant;
    }
}
