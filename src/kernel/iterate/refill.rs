//! The kernel for all but the smallest `max_iter`: every lane on its own.
//!
//! A step of an orbit is six floating-point operations. Testing, counting and writing at every step would be
//! more operations than that. So the orbits go on in strides of [`STRIDE`] steps:
//!
//! 1. At the start of a stride every orbit is tested once. The state of each orbit that is inside is saved,
//!    with the number of the stride. An orbit that escaped grows for ever (see `shortcuts/classify.rs`). So
//!    it fails every later test too, and its saved state stays the last one inside: it can wait.
//! 2. When [`FINISHED_LANES`] lanes have failed, their saved states go to the [`replay`](super::replay)
//!    queue, which finds the exact counts. The lanes take the next points of the work item.
//! 3. An orbit that is inside at step `max_iter` or later has never escaped: its count is `max_iter`. The
//!    stride in which the oldest lane gets there is known beforehand. So this costs one comparison per
//!    stride, not one per lane.
//! 4. The flags are looked at a few steps after the test, when they have long been known. A wrong guess of
//!    the branch is then noticed while the vector units still have work.
//!
//! With `CYCLES` an orbit that comes back to exactly a former state is also finished: a step is a function of
//! the state, so the orbit would go round for ever. States are compared as numbers, in which 0 and -0 are
//! equal. That changes nothing: a step maps states that differ in the sign of zeros to states that differ in
//! no more.

use super::lanes::{Lanes, STEPS_BEFORE_LOOK, STRIDES_PER_MARK};
use super::points::PointSource;
use super::replay::{ReplayQueue, STRIDE};
use crate::dataset::Count;
use crate::kernel::shortcuts::allowed::Allowed;
use crate::kernel::shortcuts::attracting_cycle::Search;
use crate::kernel::shortcuts::series::Approximate;
use crate::kernel::simd::{Simd, WithSimd, lanes};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::WorkItem;

/// Lanes that have finished before their points are exchanged; a quarter of all lanes where that is fewer.
const FINISHED_LANES: u32 = 8;
/// Strides between two looks at the stop flag, about a millisecond.
const STRIDES_PER_STOP: u64 = 16_384;

/// Strides between two searches for orbits that came back.
const STRIDES_PER_SEARCH: u64 = 4;

/// Computes an item with `G` vectors of lanes. `FUSED` of them step in the fused form; `R` vectors are
/// replayed together.
pub(crate) struct Refill<'a, T, const G: usize, const FUSED: usize, const R: usize, const CYCLES: bool>(
    pub(crate) WorkItem<'a, T>,
    pub(crate) Allowed,
);

impl<S, T, const G: usize, const FUSED: usize, const R: usize, const CYCLES: bool> WithSimd<S>
    for Refill<'_, T, G, FUSED, R, CYCLES>
where
    S: Simd,
    T: Count,
{
    type Output = Result<u64, Stopped>;

    #[inline(always)]
    fn with_simd(self, simd: S) -> Self::Output {
        let Self(mut item, allowed) = self;
        // The corners of points that do not ascend enclose no patch.
        let allowed = Allowed { patches: allowed.patches && item.ascends(), ..allowed };
        let WorkItem { re, im, params, .. } = item;
        let (proven, proof_cost) = simd.vectorize(Search { re, im, params, allowed })?;
        let (counted, series_cost) =
            simd.vectorize(Approximate { item: &mut item, proven: &proven, allowed })?;
        let mut state = RefillState::<_, G, R, CYCLES> {
            item,
            lanes: Lanes::idle(),
            points: PointSource::new(proven, counted, allowed),
            queue: ReplayQueue::new(),
            expiry: 0,
            cost: proof_cost + series_cost,
        };
        state.iterate::<FUSED>(simd)?;
        Ok(state.cost + state.points.cost)
    }
}

/// All that a work item needs.
struct RefillState<'a, T, const G: usize, const R: usize, const CYCLES: bool> {
    item: WorkItem<'a, T>,
    lanes: Lanes<G>,
    points: PointSource,
    queue: ReplayQueue,
    /// No lane gets to `max_iter` before this stride.
    expiry: u64,
    cost: u64,
}

impl<T: Count, const G: usize, const R: usize, const CYCLES: bool> RefillState<'_, T, G, R, CYCLES> {
    /// The hot loop.
    #[inline(always)]
    fn iterate<const FUSED: usize>(&mut self, simd: impl Simd) -> Result<(), Stopped> {
        let mut stride = 0;
        let mut came_back = 0;
        let mut next = simd.vectorize(Exchange { state: self, failed: 0, came_back: 0, stride })?;
        let mut z = self.lanes.orbits(simd);
        while !next.over {
            for _ in STEPS_BEFORE_LOOK..STRIDE {
                self.lanes.step::<_, FUSED>(simd, &mut z);
            }
            stride += 1;
            // Keeps the saved states in memory, as `Lanes::step` keeps the points. With AVX2 that is 1.7
            // times as fast.
            std::hint::black_box(&mut self.lanes);
            if CYCLES && stride % STRIDES_PER_SEARCH == 0 {
                came_back |= self.lanes.came_back(simd, &z);
                if stride % STRIDES_PER_MARK == 0 {
                    self.lanes.set_due_marks(simd, &z, stride);
                }
            }
            let failed = self.lanes.test::<_, FUSED>(simd, &mut z, stride);
            for _ in 1..STEPS_BEFORE_LOOK {
                self.lanes.step::<_, FUSED>(simd, &mut z);
            }
            if (failed | came_back).count_ones() >= next.finished_lanes || stride >= next.deadline {
                self.lanes.set_orbits(simd, &z);
                next = simd.vectorize(Exchange { state: self, failed, came_back, stride })?;
                z = self.lanes.orbits(simd);
                came_back = 0;
            }
        }
        Ok(())
    }

    /// Takes the finished orbits out of their lanes and lets the next points in.
    #[inline(always)]
    fn exchange(&mut self, simd: impl Simd, failed: u64, came_back: u64, stride: u64) -> Result<(), Stopped> {
        self.item.params.go_on()?;
        let expired = if stride >= self.expiry { self.expired(simd, stride) } else { 0 };
        let undecided = (expired | came_back) & !failed & !self.lanes.idle;
        for lane in lanes(failed) {
            self.queue.push(&self.lanes.saved(lane));
        }
        for lane in lanes(undecided) {
            self.item.counts[self.lanes.index(lane)] = T::from_count(self.item.params.max_iter);
            self.cost += (self.lanes.steps(lane, stride as f64) as u64).min(self.item.params.max_iter.into());
        }
        self.fill(simd, failed | undecided | self.lanes.idle, stride)?;
        self.cost += self.queue.replay::<_, _, R>(simd, &mut self.item, false);
        if stride >= self.expiry {
            self.expiry = self.next_expiry(simd);
        }
        Ok(())
    }

    /// The lanes whose orbit has got to `max_iter`.
    #[inline(always)]
    fn expired(&self, simd: impl Simd, stride: u64) -> u64 {
        self.lanes.entered_by(simd, stride as f64 - self.lifetime() as f64)
    }

    /// The first stride in which a lane gets to `max_iter`, unless it escapes.
    #[inline(always)]
    fn next_expiry(&self, simd: impl Simd) -> u64 {
        (self.lanes.oldest(simd) + self.lifetime() as f64) as u64
    }

    /// Strides from a point's entry to the first test at step `max_iter` or later.
    fn lifetime(&self) -> u64 {
        (u64::from(self.item.params.max_iter) + STEPS_BEFORE_LOOK as u64).div_ceil(STRIDE as u64)
    }

    /// Lets the next points into lanes.
    #[inline(always)]
    fn fill(&mut self, simd: impl Simd, mut vacant: u64, stride: u64) -> Result<(), Stopped> {
        while vacant != 0 {
            let Some(point) = self.points.next(simd, &mut self.item)? else {
                self.lanes.retire(vacant);
                return Ok(());
            };
            self.lanes.enter(vacant.trailing_zeros() as usize, &point, stride);
            vacant &= vacant - 1;
        }
        self.lanes.idle = 0;
        Ok(())
    }
}

/// When the hot loop is to exchange points again.
struct NextExchange {
    /// So many lanes must have finished before the next exchange, ...
    finished_lanes: u32,
    /// ... which is in this stride at the latest.
    deadline: u64,
    over: bool,
}

/// Exchanges the points of finished lanes for new ones, outside the hot loop.
struct Exchange<'a, C> {
    state: &'a mut C,
    failed: u64,
    came_back: u64,
    stride: u64,
}

impl<S: Simd, T: Count, const G: usize, const R: usize, const CYCLES: bool> WithSimd<S>
    for Exchange<'_, RefillState<'_, T, G, R, CYCLES>>
{
    type Output = Result<NextExchange, Stopped>;

    #[inline(always)]
    fn with_simd(self, simd: S) -> Self::Output {
        let Self { state, failed, came_back, stride } = self;
        state.exchange(simd, failed, came_back, stride)?;
        let over = state.lanes.idle == Lanes::<G>::ALL;
        if over {
            state.cost += state.queue.replay::<_, _, R>(simd, &mut state.item, true);
        }
        let finished_lanes = if state.lanes.idle == 0 { FINISHED_LANES.min(2 * G as u32) } else { 1 };
        Ok(NextExchange { finished_lanes, deadline: state.expiry.min(stride + STRIDES_PER_STOP), over })
    }
}
