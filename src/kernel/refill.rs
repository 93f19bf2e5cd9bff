//! The kernel for all but the smallest `max_iter`: every lane on its own.
//!
//! An orbit step is six floating-point operations, and a loop that also tests, counts and writes at every step does
//! more of these than of those. So the orbits go on in blocks of [`STEPS`] steps:
//!
//! 1. At the start of a block every orbit is tested once. The state of those still inside is saved, with the
//!    number of the block. An orbit that escaped grows for ever (see [`sort`](super::sort)), so it
//!    fails every later test too, and its saved state stays the last one inside: nothing need be
//!    done about it at once.
//! 2. When [`PATIENCE`] lanes have failed, their saved states go to the [`replay`](super::replay) queue, which finds
//!    the exact counts, and the lanes take the next points of the work item.
//! 3. An orbit that is inside at step `max_iter` or later has never escaped: its count is `max_iter`. The block in
//!    which the oldest lane gets there is known beforehand, so this costs one comparison per block and not one per lane.
//! 4. The flags are looked at a few steps after the test, when they have long been known: a wrong guess of the branch is
//!    then noticed while the vector units still have work.
//!
//! With `CYCLES` an orbit that comes back to exactly a former state is also at its end: the step is a function of the
//! state, so it would go round for ever. States are compared as numbers; that 0 and -0 are equal changes nothing,
//! because a step maps states that differ in the sign of zeros to states that do.

use super::Stopped;
use super::feed::Feed;
use super::item::Item;
use super::lanes::Lanes;
use super::replay::Queue;
use super::settle::Settle;
use super::simd::{Simd, Work};
use super::sort::lanes;
use super::trap::Search;
use crate::dataset::Count;

/// Steps of a block.
pub(super) const STEPS: usize = 16;
/// Steps of a block after which its flags are looked at, and lanes take new points.
pub(super) const STEPS_BEFORE_LOOK: usize = 4;
/// Lanes that have failed before something is done about them; a quarter of all where that is fewer.
const PATIENCE: u32 = 8;
/// Blocks between two looks at the stop flag, about a millisecond.
const BLOCKS_PER_STOP: u64 = 16_384;

/// Blocks between two searches for orbits that came back.
const BLOCKS_PER_SEARCH: u64 = 4;
/// Blocks between two looks for lanes whose mark is due; the first mark is set at about this age.
pub(super) const BLOCKS_PER_MARK: u64 = 8;

/// Computes an item with `G` vectors of lanes, `FUSED` of them in the fused form, replaying `R` vectors at a time.
pub(super) struct Refill<'a, T, const G: usize, const FUSED: usize, const R: usize, const CYCLES: bool>(
    pub(super) Item<'a, T>,
);

impl<S, T, const G: usize, const FUSED: usize, const R: usize, const CYCLES: bool> Work<S>
    for Refill<'_, T, G, FUSED, R, CYCLES>
where
    S: Simd,
    T: Count,
{
    type Output = Result<u64, Stopped>;

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let mut item = self.0;
        let ascends = item.ascends();
        let Item { re, im, terms, .. } = item;
        let (proven, proof_cost) = simd.outlined(Search { re, im, ascends, terms })?;
        let (settled, settle_cost) = simd.outlined(Settle { item: &mut item, proven: &proven })?;
        let mut crew = Crew::<_, G, R, CYCLES> {
            item,
            lanes: Lanes::idle(),
            feed: Feed::new(proven, settled),
            queue: Queue::new(),
            expiry: 0,
            cost: proof_cost + settle_cost,
        };
        crew.iterate::<FUSED>(simd)?;
        Ok(crew.cost + crew.feed.cost)
    }
}

/// All that a work item needs.
struct Crew<'a, T, const G: usize, const R: usize, const CYCLES: bool> {
    item: Item<'a, T>,
    lanes: Lanes<G>,
    feed: Feed,
    queue: Queue,
    /// No lane gets to `max_iter` before this block.
    expiry: u64,
    cost: u64,
}

impl<T: Count, const G: usize, const R: usize, const CYCLES: bool> Crew<'_, T, G, R, CYCLES> {
    /// The hot loop.
    #[inline(always)]
    fn iterate<const FUSED: usize>(&mut self, simd: impl Simd) -> Result<(), Stopped> {
        let mut block = 0;
        let mut came_back = 0;
        let mut agenda = simd.outlined(Tend { crew: self, failed: 0, came_back: 0, block })?;
        let mut z = self.lanes.orbits(simd);
        while !agenda.over {
            for _ in STEPS_BEFORE_LOOK..STEPS {
                self.lanes.step::<_, FUSED>(simd, &mut z);
            }
            block += 1;
            // Keeps the saved states in memory, as `Lanes::step` does the points. With AVX2 that is worth 1.7 times.
            std::hint::black_box(&mut self.lanes);
            if CYCLES && block % BLOCKS_PER_SEARCH == 0 {
                came_back |= self.lanes.came_back(simd, &z);
                if block % BLOCKS_PER_MARK == 0 {
                    self.lanes.set_due_marks(simd, &z, block);
                }
            }
            let failed = self.lanes.test::<_, FUSED>(simd, &mut z, block);
            for _ in 1..STEPS_BEFORE_LOOK {
                self.lanes.step::<_, FUSED>(simd, &mut z);
            }
            if (failed | came_back).count_ones() >= agenda.patience || block >= agenda.deadline {
                self.lanes.set_orbits(simd, &z);
                agenda = simd.outlined(Tend { crew: self, failed, came_back, block })?;
                z = self.lanes.orbits(simd);
                came_back = 0;
            }
        }
        Ok(())
    }

    /// Takes the finished orbits out of their lanes and lets the next points in.
    #[inline(always)]
    fn tend(&mut self, simd: impl Simd, failed: u64, came_back: u64, block: u64) -> Result<(), Stopped> {
        self.item.terms.go_on()?;
        let expired = if block >= self.expiry { self.expired(simd, block) } else { 0 };
        let undecided = (expired | came_back) & !failed & !self.lanes.idle;
        for lane in lanes(failed) {
            self.queue.push(&self.lanes.saved(lane));
        }
        for lane in lanes(undecided) {
            self.item.counts[self.lanes.index(lane)] = T::from_count(self.item.terms.max_iter);
            self.cost += (self.lanes.steps(lane, block as f64) as u64).min(self.item.terms.max_iter.into());
        }
        self.fill(simd, failed | undecided | self.lanes.idle, block)?;
        self.cost += self.queue.replay::<_, _, R>(simd, &mut self.item, false);
        if block >= self.expiry {
            self.expiry = self.next_expiry(simd);
        }
        Ok(())
    }

    /// The lanes whose orbit has got to `max_iter`.
    #[inline(always)]
    fn expired(&self, simd: impl Simd, block: u64) -> u64 {
        self.lanes.entered_by(simd, block as f64 - self.lifetime() as f64)
    }

    /// The first block in which a lane gets to `max_iter`, unless it escapes.
    #[inline(always)]
    fn next_expiry(&self, simd: impl Simd) -> u64 {
        (self.lanes.oldest(simd) + self.lifetime() as f64) as u64
    }

    /// Blocks from a point's entry to the first test at step `max_iter` or later.
    fn lifetime(&self) -> u64 {
        (u64::from(self.item.terms.max_iter) + STEPS_BEFORE_LOOK as u64).div_ceil(STEPS as u64)
    }

    /// Lets the next points into lanes.
    #[inline(always)]
    fn fill(&mut self, simd: impl Simd, mut vacant: u64, block: u64) -> Result<(), Stopped> {
        while vacant != 0 {
            let Some(point) = self.feed.next(simd, &mut self.item)? else {
                self.lanes.retire(vacant);
                return Ok(());
            };
            self.lanes.enter(vacant.trailing_zeros() as usize, &point, block);
            vacant &= vacant - 1;
        }
        self.lanes.idle = 0;
        Ok(())
    }
}

/// What the hot loop has to know.
struct Agenda {
    /// Lanes that must have finished before they are tended.
    patience: u32,
    /// The block in which they are tended at the latest.
    deadline: u64,
    over: bool,
}

/// Tends the lanes, outside the hot loop.
struct Tend<'a, C> {
    crew: &'a mut C,
    failed: u64,
    came_back: u64,
    block: u64,
}

impl<S: Simd, T: Count, const G: usize, const R: usize, const CYCLES: bool> Work<S>
    for Tend<'_, Crew<'_, T, G, R, CYCLES>>
{
    type Output = Result<Agenda, Stopped>;

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let Self { crew, failed, came_back, block } = self;
        crew.tend(simd, failed, came_back, block)?;
        let over = crew.lanes.idle == Lanes::<G>::ALL;
        if over {
            crew.cost += crew.queue.replay::<_, _, R>(simd, &mut crew.item, true);
        }
        let patience = if crew.lanes.idle == 0 { PATIENCE.min(2 * G as u32) } else { 1 };
        Ok(Agenda { patience, deadline: crew.expiry.min(block + BLOCKS_PER_STOP), over })
    }
}
