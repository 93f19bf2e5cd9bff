//! Tracks series of orbits, eight at a time, until they escape, part or get to `max_iter`.

use super::expansion::{FARTHEST, Series, SeriesBatch, Spread};
use crate::kernel::shortcuts::allowed::Allowed;
use crate::kernel::shortcuts::patches::Disc;
use crate::kernel::simd::{LANES, Simd, lanes, load, numbers, reals};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::Params;

// Measured over parts of area2, the whole set and a valley at 1e-8. These numbers make the work that is left
// least, where a point that is left counts 120 iterations more. Around them that work changes little.

/// The largest error with which a series is tracked.
const LARGEST_ERROR: f64 = 0.5;
/// Before any orbit escapes, a patch that may be divided is tracked up to this part of that error only. Its
/// quarters go on from there, and their own errors are smaller by the third power of their size.
const ERROR_BEFORE_DIVISION: f64 = 0.002;
/// A patch is divided if the orbit of its centre escapes soon: within as many steps as it has made, and
/// these.
const LEAST_REST: u32 = 16;
/// Steps between two tests for that.
const STEPS_AT_ONCE: u32 = 8;
/// Steps between two looks for orbits that repeat, and at the stop flag.
const STEPS_PER_LOOK: u32 = 64;
/// No orbit has escaped where none is farther from 0: a little less than 2.
const INSIDE: f64 = 1.999_999;
/// A step of eight series, beside steps of points that a kernel iterates: measured with AVX2.
const SERIES_COST: u64 = 150;

/// Points whose series is tracked. The sink knows what `P` is.
pub(crate) struct Tracked<P> {
    pub(crate) points: P,
    pub(crate) disc: Disc,
    /// Their series: where it was begun, later where their parts can go on with it.
    pub(crate) series: Series,
    /// How many times the points may be divided.
    pub(crate) divisions: u32,
}

/// Takes what a series tells of the points `P`.
pub(crate) trait Sink<P> {
    /// Some of the orbits have escaped. Says whether others are known to be inside.
    fn escaped<S: Simd>(&mut self, simd: S, points: &mut P, series: &Series) -> bool;
    /// The points that were inside at the last call do not escape before `max_iter`.
    fn never(&mut self, points: &P);
}

/// Tracks series, eight at a time.
pub(crate) struct Tracker<'a> {
    pub(crate) params: Params<'a>,
    pub(crate) allowed: Allowed,
    /// What was spent, in pixel-iterations.
    pub(crate) cost: u64,
}

impl Tracker<'_> {
    /// Tracks up to eight series and tells `sink` from the first escape on. Returns the series whose points
    /// should be divided: their orbits part before they escape, but not long before.
    #[inline(always)]
    pub(crate) fn follow<S: Simd, P>(
        &mut self,
        simd: S,
        batch: &mut [Tracked<P>],
        sink: &mut impl Sink<P>,
    ) -> Result<u8, Stopped> {
        let series: Vec<Series> = batch.iter().map(|tracked| tracked.series).collect();
        let radii: Vec<f64> = batch.iter().map(|tracked| tracked.disc.radius).collect();
        let precision = simd.load(&reals(batch, precision_of));
        let mut eight = SeriesBatch::new(simd, &series, &radii);
        let mut mark = eight.z;
        let mut state = State::new(batch, &series, self.params.max_iter);
        for n in 0..=self.params.max_iter {
            let spread = eight.spread(simd);
            let seen = see(simd, &eight, spread, precision);
            state.leave_at_limit(n, sink);
            state.leave_where_lost(simd, n, &eight, &seen);
            state.tell(simd, n, &eight, &seen, sink);
            if state.under_way == 0 {
                self.cost += u64::from(n) * SERIES_COST;
                let parted = state.parted;
                return self.soon_over(simd, parted, batch);
            }
            if n % STEPS_PER_LOOK == 0 {
                self.params.go_on()?;
                if self.allowed.cycles && n > 0 {
                    // The orbit goes on for ever. To look for the cycle of each point is then the better way.
                    let back = simd.both(simd.eq(eight.z.re, mark.re), simd.eq(eight.z.im, mark.im));
                    state.under_way &= !simd.bits(back);
                }
                if n.is_power_of_two() {
                    mark = eight.z;
                }
            }
            eight = eight.step(simd, spread);
        }
        unreachable!("every orbit gets to max_iter");
    }

    /// The lanes of `which` in which the orbit of the centre escapes soon.
    #[inline(always)]
    fn soon_over<S: Simd, P>(&mut self, simd: S, which: u8, batch: &[Tracked<P>]) -> Result<u8, Stopped> {
        let c = load(simd, &numbers(batch, |of| of.series.centre));
        let mut z = load(simd, &numbers(batch, |of| of.series.z));
        let limits = simd.load(&reals(batch, |of| of.series.step.saturating_add(LEAST_REST).into()));
        let (mut over, mut n) = (0, 0.0);
        loop {
            self.params.go_on()?;
            let inside = simd.bits(simd.inside(simd.squares(z)));
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

/// The error up to which a series of these points is tracked before any of them escapes.
fn precision_of<P>(of: &Tracked<P>) -> f64 {
    LARGEST_ERROR * ERROR_BEFORE_DIVISION.powi(of.divisions as i32)
}

/// What is seen of eight series at one step, a bit for each.
struct Seen {
    /// No orbit has escaped.
    inside: u8,
    /// No orbit is too far away for the series to hold.
    near: u8,
    /// The error is small enough before any orbit escapes, ...
    precise: u8,
    /// ... and from then on.
    of_use: u8,
}

#[inline(always)]
fn see<S: Simd>(
    simd: S,
    eight: &SeriesBatch<S::Vector>,
    spread: Spread<S::Vector>,
    precision: S::Vector,
) -> Seen {
    let reach = simd.add(spread.all(simd), eight.error);
    let near = simd.bits(simd.le(reach, simd.splat(FARTHEST)));
    Seen {
        inside: simd.bits(simd.le(reach, simd.splat(INSIDE))),
        near,
        precise: simd.bits(simd.le(eight.error, precision)),
        of_use: near & simd.bits(simd.le(eight.error, simd.splat(LARGEST_ERROR))),
    }
}

/// How far eight series are; sets of them have a bit for each.
struct State<'a, P> {
    batch: &'a mut [Tracked<P>],
    /// Where they were begun.
    series: &'a [Series],
    max_iter: u32,
    /// No orbit gets to `max_iter` before this step.
    first_at_limit: u32,
    under_way: u8,
    escaping: u8,
    parted: u8,
}

impl<'a, P> State<'a, P> {
    #[inline(always)]
    fn new(batch: &'a mut [Tracked<P>], series: &'a [Series], max_iter: u32) -> Self {
        let first_at_limit = max_iter - series.iter().map(|series| series.step).max().unwrap_or(0);
        let under_way = u8::MAX >> (LANES - batch.len());
        Self { batch, series, max_iter, first_at_limit, under_way, escaping: 0, parted: 0 }
    }

    #[inline(always)]
    fn leave_at_limit(&mut self, n: u32, sink: &mut impl Sink<P>) {
        if n < self.first_at_limit {
            return;
        }
        for lane in lanes(self.under_way.into()) {
            if self.series[lane].step + n >= self.max_iter {
                sink.never(&self.batch[lane].points);
                self.under_way &= !(1 << lane);
            }
        }
    }

    /// Leaves the series whose error has become too large. Each is kept for its parts to go on with.
    #[inline(always)]
    fn leave_where_lost<S: Simd>(&mut self, simd: S, n: u32, eight: &SeriesBatch<S::Vector>, seen: &Seen) {
        let lost = self.under_way & !(seen.inside & seen.precise | !seen.inside & seen.of_use);
        for lane in lanes((lost & seen.near & !self.escaping).into()) {
            self.batch[lane].series = self.at(simd, lane, n, eight);
            self.parted |= u8::from(self.batch[lane].divisions > 0) << lane;
        }
        self.under_way &= !lost;
    }

    /// Tells `sink` of the series whose orbits have begun to escape.
    #[inline(always)]
    fn tell<S: Simd>(
        &mut self,
        simd: S,
        n: u32,
        eight: &SeriesBatch<S::Vector>,
        seen: &Seen,
        sink: &mut impl Sink<P>,
    ) {
        self.escaping |= self.under_way & !seen.inside;
        for lane in lanes((self.under_way & self.escaping).into()) {
            let series = self.at(simd, lane, n, eight);
            if !sink.escaped(simd, &mut self.batch[lane].points, &series) {
                self.under_way &= !(1 << lane);
            }
        }
    }

    /// The series of a lane, `n` steps after it was begun.
    #[inline(always)]
    fn at<S: Simd>(&self, simd: S, lane: usize, n: u32, eight: &SeriesBatch<S::Vector>) -> Series {
        eight.lane(simd, lane, &self.series[lane], self.series[lane].step + n)
    }
}
