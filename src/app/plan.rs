//! The bands that are left, and how they are shared out: arithmetic that every rank does alike, on integers.
//!
//! The list is cut once a round. Between two rounds ranks tell each other two numbers, how many bands they
//! finished and how fast they were; from these each rank makes the same next cut.

use std::ops::Range;

use crate::band::Geometry;
use crate::config::Partition;
use crate::partition::row_blocks;

/// Ranks' speeds are compared in this many steps of the fastest one's.
const SPEED_STEPS: u64 = 1 << 16;

/// The bands that are left, cut into row blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// Bands that are not finished, ascending.
    left: Vec<u64>,
    /// Predicted cost of each band of the grid.
    predicted_costs: Vec<u64>,
    /// What blocks are equal in, for each band of the grid.
    weights: Vec<u64>,
    /// Speed of each rank, relative to each other.
    speeds: Vec<u64>,
    /// Each rank's part of `left`.
    blocks: Vec<Range<usize>>,
}

/// What a rank did in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RankRound {
    /// Bands that it finished, the first ones of its block.
    pub(super) finished_bands: u64,
    /// Its speed; 0 when it had nothing to do.
    pub(super) speed: u64,
}

impl Plan {
    /// Shares out the bands that are `left` among `ranks`, at first as if these were equally fast.
    pub(super) fn new(left: Vec<u64>, predicted_costs: Vec<u64>, weights: Vec<u64>, ranks: usize) -> Self {
        let mut plan =
            Self { left, predicted_costs, weights, speeds: vec![SPEED_STEPS; ranks], blocks: Vec::new() };
        plan.cut();
        plan
    }

    /// Whether no band is left.
    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// The place of a rank's block in the list of what is left.
    pub(super) fn block(&self, rank: usize) -> Range<usize> {
        self.blocks[rank].clone()
    }

    /// The bands of a block, ascending.
    pub(super) fn bands(&self, block: Range<usize>) -> &[u64] {
        &self.left[block]
    }

    /// The predicted cost of each of some bands.
    pub(super) fn costs(&self, bands: &[u64]) -> Vec<u64> {
        bands.iter().map(|&band| self.predicted_costs[band as usize]).collect()
    }

    /// The predicted cost of the whole grid.
    pub(super) fn total_cost(&self) -> u64 {
        self.predicted_costs.iter().sum()
    }

    /// The predicted cost of what is finished.
    pub(super) fn finished_cost(&self) -> u64 {
        self.total_cost() - self.costs(&self.left).iter().sum::<u64>()
    }

    /// The predicted cost of every band of the grid.
    pub(super) fn into_predicted_costs(self) -> Vec<u64> {
        self.predicted_costs
    }

    /// Takes what every rank finished off the list, learns how fast ranks are, and cuts the rest anew.
    pub(super) fn finish_round(&mut self, ranks: &[RankRound]) {
        let rests = self.blocks.iter().zip(ranks).map(|(block, rank)| {
            let finished = rank.finished_bands as usize;
            assert!(finished <= block.len(), "a rank finishes bands of its own block only");
            block.start + finished..block.end
        });
        self.left = rests.flat_map(|rest| self.left[rest].to_vec()).collect();
        self.learn_speeds(ranks);
        self.cut();
    }

    /// A rank that had nothing to do keeps the speed that it had.
    fn learn_speeds(&mut self, ranks: &[RankRound]) {
        let fastest = ranks.iter().map(|rank| rank.speed).max().unwrap_or(0).max(1);
        let steps = |speed| u128::from(speed) * u128::from(SPEED_STEPS) / u128::from(fastest);
        for (known, rank) in self.speeds.iter_mut().zip(ranks).filter(|(_, rank)| rank.speed > 0) {
            *known = steps(rank.speed).max(1) as u64;
        }
    }

    fn cut(&mut self) {
        let weights: Vec<u64> = self.left.iter().map(|&band| self.weights[band as usize]).collect();
        self.blocks = row_blocks(&weights, &self.speeds);
    }
}

/// What blocks are to be equal in, for each band of the grid.
pub(super) fn weights(partition: Partition, geometry: &Geometry, predicted_costs: &[u64]) -> Vec<u64> {
    match partition {
        Partition::Cost => predicted_costs.to_vec(),
        Partition::Equal => (0..geometry.bands()).map(|band| geometry.row_count(band)).collect(),
    }
}

/// Cost per millisecond of work.
pub(super) fn speed(cost: u64, busy_s: f64) -> u64 {
    (cost as f64 / (busy_s * 1e3).max(1.0)) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RANKS: usize = 9;

    /// Of a rank in a round: the share of its block that it finishes, in percent, and its speed.
    fn rank_rounds() -> impl Strategy<Value = Vec<(u64, u64)>> {
        prop::collection::vec((0_u64..=100, prop_oneof![Just(0), 0_u64..100, any::<u64>()]), RANKS)
    }

    /// What all ranks do in a round of the script; after its end all finish all.
    fn act(plan: &Plan, script: Option<&Vec<(u64, u64)>>, ranks: usize) -> Vec<RankRound> {
        let act = |rank: usize| {
            let (percent, speed) = script.map_or((100, 1), |round| round[rank]);
            RankRound { finished_bands: plan.block(rank).len() as u64 * percent / 100, speed }
        };
        (0..ranks).map(act).collect()
    }

    /// Asserts that each rank's block begins where the scan of the heights before it says, and that all is
    /// shared out.
    fn assert_scan_agrees(plan: &Plan, ranks: usize) {
        let mut scan = 0;
        for rank in 0..ranks {
            assert_eq!(plan.block(rank).start, scan, "rank {rank} of {ranks}");
            scan += plan.block(rank).len();
        }
        assert_eq!(scan, plan.left.len());
    }

    proptest! {
        #[test]
        fn every_band_is_computed_once_whoever_finishes_when(
            bands in prop::collection::vec((any::<bool>(), 0_u64..1 << 40), 0..60),
            ranks in 1..=RANKS,
            script in prop::collection::vec(rank_rounds(), 0..6),
        ) {
            let costs: Vec<u64> = bands.iter().map(|(_, cost)| *cost).collect();
            let unfinished = (0..bands.len()).filter(|&band| bands[band].0).map(|band| band as u64).collect();
            let mut computed: Vec<u32> = bands.iter().map(|(is_left, _)| u32::from(!is_left)).collect();
            let mut plan = Plan::new(unfinished, costs.clone(), costs, ranks);
            for round in 0.. {
                assert_scan_agrees(&plan, ranks);
                if plan.is_done() {
                    break;
                }
                prop_assert!(round <= script.len(), "it does not end");
                let all = act(&plan, script.get(round), ranks);
                for (rank, did) in all.iter().enumerate() {
                    let block = plan.bands(plan.block(rank));
                    prop_assert!(block.is_sorted());
                    for &band in &block[..did.finished_bands as usize] {
                        computed[band as usize] += 1;
                    }
                }
                plan.finish_round(&all);
            }
            prop_assert!(computed.iter().all(|&times| times == 1), "{computed:?}");
            prop_assert_eq!(plan.finished_cost(), plan.total_cost());
        }
    }

    #[test]
    fn a_rank_that_was_half_as_fast_gets_half_as_much() {
        let mut plan = Plan::new((0..600).collect(), vec![10; 600], vec![10; 600], 2);
        assert_eq!([plan.block(0), plan.block(1)], [0..300, 300..600]);
        let did = |finished_bands, speed| RankRound { finished_bands, speed };
        plan.finish_round(&[did(200, 4000), did(100, 2000)]);
        assert_eq!((plan.left[0], plan.left[100], plan.left.len()), (200, 400, 300));
        assert_eq!([plan.block(0), plan.block(1)], [0..200, 200..300]);
        // Who had nothing to do is as fast as before.
        plan.finish_round(&[did(50, 4000), did(100, 0)]);
        assert_eq!([plan.block(0), plan.block(1)], [0..100, 100..150]);
        assert_eq!((plan.total_cost(), plan.finished_cost()), (6000, 4500));
    }

    #[test]
    fn speed_is_cost_per_millisecond() {
        assert_eq!(speed(6000, 0.002), 3000);
        // Shorter times cannot be told apart.
        assert_eq!([speed(6000, 1e-6), speed(6000, 0.0), speed(0, 0.0)], [6000, 6000, 0]);
    }
}
