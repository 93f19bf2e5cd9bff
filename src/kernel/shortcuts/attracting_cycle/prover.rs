//! The order in which discs of points are proven, eight at a time, and step 2 of the proof.

use super::cycle::{Cycle, find_periods};
use super::model::{FARTHEST, MODEL_COST, Models};
use super::trapping_disc::{self, Candidate, DISTANCE_SLACK, TrappingDisc};
use crate::kernel::shortcuts::allowed::Allowed;
use crate::kernel::shortcuts::patches::Disc;
use crate::kernel::simd::{Orbit, PerLane, Simd, chunks, get, lanes, load, norm_sqr, numbers, reals, store};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::Params;

/// Steps in which the period of a cycle must show: a quarter of `max_iter`, but no more than this.
const MOST_PERIOD_STEPS: u32 = 2048;
/// Steps on the way into a trapping disc, at most, for each step in which the period must show.
const WAY_PER_PERIOD_STEP: u32 = 4;

/// Proves discs, eight at a time. What goes with a disc, `P`, is the caller's.
pub(crate) struct Prover<'a> {
    params: Params<'a>,
    allowed: Allowed,
    /// Steps in which a cycle must show.
    period_steps: u32,
    /// What was spent, in pixel-iterations.
    pub(crate) cost: u64,
}

impl<'a> Prover<'a> {
    pub(crate) fn new(params: Params<'a>, allowed: Allowed) -> Self {
        let period_steps = (params.max_iter / 4).min(MOST_PERIOD_STEPS);
        Self { params, allowed, period_steps, cost: 0 }
    }

    /// The discs whose centres near a cycle. A centre that is interior by itself is not looked at.
    #[inline(always)]
    pub(crate) fn find_cycles<S: Simd, P>(
        &mut self,
        simd: S,
        discs: impl Iterator<Item = (P, Disc)>,
    ) -> Result<Vec<(P, Candidate)>, Stopped> {
        let mut candidates = Vec::new();
        for batch in chunks(discs) {
            self.params.go_on()?;
            let (owners, discs): (Vec<P>, Vec<Disc>) = batch.into_iter().unzip();
            let is_open = |disc: &Disc| !self.allowed.is_interior(disc.centre);
            let open = (0..discs.len()).fold(0, |open, lane| open | u8::from(is_open(&discs[lane])) << lane);
            let centres = numbers(&discs, |disc| disc.centre);
            let cycles = find_periods(simd, &centres, open, self.period_steps, &mut self.cost);
            for ((owner, disc), cycle) in owners.into_iter().zip(discs).zip(cycles) {
                candidates.extend(cycle.map(|cycle| (owner, Candidate { disc, cycle })));
            }
        }
        Ok(candidates)
    }

    /// Tries to prove that no point of the discs escapes, and gives a verdict on each disc whose cycle
    /// attracts. After a failure a smaller disc may succeed, with the same cycle.
    #[inline(always)]
    pub(crate) fn prove<S: Simd, P>(
        &mut self,
        simd: S,
        candidates: Vec<(P, Candidate)>,
        mut verdict: impl FnMut(P, Result<(), Cycle>),
    ) -> Result<(), Stopped> {
        let mut trapping = Vec::new();
        for batch in chunks(candidates.into_iter()) {
            self.params.go_on()?;
            let (owners, batch): (Vec<P>, Vec<Candidate>) = batch.into_iter().unzip();
            let found = trapping_disc::find(simd, &batch, &mut self.cost);
            trapping.extend(owners.into_iter().zip(found).filter_map(|(owner, disc)| Some((owner, disc?))));
        }
        // The slower a cycle attracts, the longer is the way in: those of a batch take about the same time.
        trapping.sort_by(|(_, a), (_, b)| a.multiplier.total_cmp(&b.multiplier));
        for batch in chunks(trapping.into_iter()) {
            self.params.go_on()?;
            let (owners, discs): (Vec<P>, Vec<TrappingDisc>) = batch.into_iter().unzip();
            let reached = self.reach(simd, &discs);
            for (lane, owner) in owners.into_iter().enumerate() {
                verdict(owner, if reached >> lane & 1 == 1 { Ok(()) } else { Err(discs[lane].cycle) });
            }
        }
        Ok(())
    }

    /// Step 2 of the proof: the lanes in which every orbit has reached its trapping disc.
    #[inline(always)]
    fn reach<S: Simd>(&mut self, simd: S, discs: &[TrappingDisc]) -> u8 {
        let mut under_way = 0;
        for (lane, disc) in discs.iter().enumerate() {
            under_way |= u8::from(disc.radius > 0.0) << lane;
        }
        let at = load(simd, &numbers(discs, |disc| disc.cycle.at));
        let near_sqr = simd.load(&reals(discs, |disc| disc.radius * disc.radius));
        let mut models = models_of(simd, discs);
        let mut reached = 0;
        for _ in 0..WAY_PER_PERIOD_STEP * self.period_steps {
            let (norm, spread) = models.extent(simd);
            let far = simd.add(simd.add(norm, spread), models.error);
            under_way &= simd.bits(simd.le(far, simd.splat(FARTHEST)));
            if under_way == 0 {
                break;
            }
            let from_cycle = Orbit { re: simd.sub(models.z.re, at.re), im: simd.sub(models.z.im, at.im) };
            let now = under_way & simd.bits(simd.le(norm_sqr(simd, from_cycle), near_sqr));
            if now != 0 {
                let (z, by_c) = (store(simd, models.z), store(simd, models.by_c));
                reached |= inside(now, discs, &z, &by_c, &simd.to_array(models.error));
                under_way &= !reached;
            }
            models = models.step(simd, (norm, spread));
            self.cost += MODEL_COST;
        }
        reached
    }
}

/// The lanes of `now` in which every orbit is in its trapping disc.
fn inside(now: u8, discs: &[TrappingDisc], z: &Orbit<PerLane>, by_c: &Orbit<PerLane>, error: &PerLane) -> u8 {
    let mut inside = 0;
    for lane in lanes(now.into()) {
        let disc = &discs[lane];
        let distance = (get(z, lane) - disc.cycle.at).norm()
            + (get(by_c, lane) - disc.by_c).norm() * disc.disc.radius
            + error[lane];
        inside |= u8::from(distance <= disc.radius * (1.0 - DISTANCE_SLACK)) << lane;
    }
    inside
}

/// The models of the orbits from their beginning.
#[inline(always)]
fn models_of<S: Simd>(simd: S, discs: &[TrappingDisc]) -> Models<S::Vector> {
    let c = load(simd, &numbers(discs, |disc| disc.disc.centre));
    let (zero, one) = (simd.splat(0.0), simd.splat(1.0));
    Models {
        c,
        z: c,
        by_c: Orbit { re: one, im: zero },
        disc_radius: simd.load(&reals(discs, |disc| disc.disc.radius)),
        by_start: Orbit { re: zero, im: zero },
        start_radius: zero,
        error: zero,
    }
}
