//! Costs in, row blocks out: arithmetic that every rank does alike, on integers.

use std::ops::Range;

/// Cuts a list of items with the given costs into one contiguous block per rank such that the largest
/// block, in units of the time its rank needs for it (cost / speed), is as small as any contiguous cut can
/// make it.
///
/// `speeds` has one entry per rank; only ratios matter. Blocks may be empty. Among equally good cuts the one
/// nearest to an even spread is taken, rank by rank, so that no rank is idle without need.
///
/// ```
/// # use mandel_mpi::partition::row_blocks;
/// assert_eq!(row_blocks(&[1, 1, 1, 9, 1, 1], &[1, 1]), [0..3, 3..6]);
/// assert_eq!(row_blocks(&[1; 6], &[2, 1]), [0..4, 4..6]);
/// assert_eq!(row_blocks(&[5], &[1, 1, 1]).iter().filter(|block| !block.is_empty()).count(), 1);
/// ```
///
/// # Panics
///
/// When `speeds` is empty or has a zero.
#[must_use]
pub fn row_blocks(costs: &[u64], speeds: &[u64]) -> Vec<Range<usize>> {
    assert!(!speeds.is_empty() && speeds.iter().all(|&speed| speed > 0), "every rank has a speed");
    let prefix = prefix_sums(costs);
    let time = least_time(&prefix, speeds);
    let earliest = earliest_starts(&prefix, speeds, time);
    let total_speed: u128 = speeds.iter().map(|&speed| u128::from(speed)).sum();
    let total = *prefix.last().expect("starts with 0");
    let mut blocks = Vec::with_capacity(speeds.len());
    let (mut start, mut speed_before) = (0, 0);
    for (rank, &speed) in speeds.iter().enumerate() {
        speed_before += u128::from(speed);
        let furthest = last_within(&prefix, prefix[start] + time * u128::from(speed));
        let even = nearest(&prefix, total, speed_before, total_speed);
        let end = even.clamp(earliest[rank + 1].max(start), furthest);
        blocks.push(start..end);
        start = end;
    }
    blocks
}

/// Sums of the costs before each item, and of all. An item that is free counts as 1: it still takes a turn.
fn prefix_sums(costs: &[u64]) -> Vec<u128> {
    let mut sum = 0;
    let mut prefix = vec![0];
    prefix.extend(costs.iter().map(|&cost| {
        sum += u128::from(cost.max(1));
        sum
    }));
    prefix
}

/// The smallest time within which the ranks, in their order, can take all items.
fn least_time(prefix: &[u128], speeds: &[u64]) -> u128 {
    let total = *prefix.last().expect("starts with 0");
    let feasible = |time: u128| {
        let take = |start, &speed: &u64| last_within(prefix, prefix[start] + time * u128::from(speed));
        speeds.iter().fold(0, take) == prefix.len() - 1
    };
    let (mut low, mut high) = (0, total);
    while low < high {
        let middle = low + (high - low) / 2;
        if feasible(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// For each rank, and one past the last: the first item from which it and the ranks after it can take the
/// rest within `time`.
fn earliest_starts(prefix: &[u128], speeds: &[u64], time: u128) -> Vec<usize> {
    let mut starts = vec![prefix.len() - 1; speeds.len() + 1];
    for (rank, &speed) in speeds.iter().enumerate().rev() {
        let least = prefix[starts[rank + 1]].saturating_sub(time * u128::from(speed));
        starts[rank] = prefix.partition_point(|&sum| sum < least);
    }
    starts
}

/// The last cut before which the sum is within `limit`.
fn last_within(prefix: &[u128], limit: u128) -> usize {
    prefix.partition_point(|&sum| sum <= limit) - 1
}

/// The cut nearest to the share `part / whole` of the total.
fn nearest(prefix: &[u128], total: u128, part: u128, whole: u128) -> usize {
    // Sums of u64 costs over at most 2^32 items fit 96 bits, and speeds stay below 2^32 in sum.
    let ideal = total * part / whole;
    let after = prefix.partition_point(|&sum| sum < ideal);
    if after > 0 && ideal - prefix[after - 1] <= prefix[after] - ideal { after - 1 } else { after }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn largest(costs: &[u64], blocks: &[Range<usize>]) -> u64 {
        blocks.iter().map(|block| costs[block.clone()].iter().sum()).max().unwrap_or(0)
    }

    /// The smallest largest block, by dynamic programming over all cuts.
    fn best_by_trying(costs: &[u64], ranks: usize) -> u64 {
        let n = costs.len();
        let mut best = vec![u64::MAX; n + 1];
        best[0] = 0;
        for _ in 0..ranks {
            best = (0..=n)
                .map(|end| {
                    let with = |start: usize| best[start].max(costs[start..end].iter().sum());
                    (0..=end).map(with).min().expect("not empty")
                })
                .collect();
        }
        best[n]
    }

    #[test]
    fn blocks_tile_the_bands_whatever_the_rank_count() {
        let costs: Vec<u64> = (0..100).map(|i| i * i % 37).collect();
        for size in 1..=133 {
            let blocks = row_blocks(&costs, &vec![1; size]);
            assert_eq!(blocks.len(), size);
            assert!(blocks.iter().cloned().flatten().eq(0..costs.len()), "size {size}");
        }
    }

    #[test]
    fn equal_costs_give_equal_heights() {
        let heights: Vec<usize> = row_blocks(&[1; 1000], &[1; 3]).iter().map(Range::len).collect();
        assert_eq!(heights, [333, 333, 334]);
    }

    #[test]
    fn a_slow_rank_gets_less() {
        let blocks = row_blocks(&[10; 300], &[1000, 500]);
        assert_eq!(blocks, [0..200, 200..300]);
    }

    proptest! {
        #[test]
        fn no_cut_has_a_smaller_largest_block(
            costs in prop::collection::vec(1_u64..1000, 0..40),
            ranks in 1_usize..9,
        ) {
            let blocks = row_blocks(&costs, &vec![1; ranks]);
            prop_assert!(blocks.iter().cloned().flatten().eq(0..costs.len()));
            prop_assert_eq!(largest(&costs, &blocks), best_by_trying(&costs, ranks));
        }

        #[test]
        fn blocks_tile_for_any_speeds(
            costs in prop::collection::vec(0_u64..u64::MAX, 0..40),
            speeds in prop::collection::vec(1_u64..5000, 1..9),
        ) {
            let blocks = row_blocks(&costs, &speeds);
            prop_assert!(blocks.iter().cloned().flatten().eq(0..costs.len()));
        }
    }
}
