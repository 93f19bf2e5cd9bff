//! What is known of counts besides the counts: it joins as they do, so that no rank needs them all.

use crate::checksum::Checksum;
use crate::dataset::{Count, CountSlice};

/// What is known of a stretch of counts besides the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Checksum of the counts.
    pub checksum: Checksum,
    /// Sum of the counts.
    pub sum: u128,
    /// Points that did not escape within `max_iter`.
    pub undecided: u64,
    /// The smallest count; `u32::MAX` of none.
    pub minimum: u32,
}

impl Summary {
    /// Of no counts at all.
    #[must_use]
    pub fn empty() -> Self {
        Self { checksum: Checksum::default(), sum: 0, undecided: 0, minimum: u32::MAX }
    }

    /// Of `counts` in row-major order.
    #[must_use]
    pub fn of<T: Count>(counts: &[T], max_iter: u32) -> Self {
        let mut summary = Self { checksum: Checksum::of_counts(counts), ..Self::empty() };
        for part in counts.chunks(1 << 12) {
            // The sum of 4096 halves of counts fits 32 bits. Without checks the compiler adds many at once.
            let (mut low, mut high, mut undecided) = (0_u32, 0_u32, 0_u32);
            for count in part.iter().map(|count| count.to_count()) {
                low = low.wrapping_add(count & 0xffff);
                high = high.wrapping_add(count >> 16);
                undecided = undecided.wrapping_add((count == max_iter).into());
            }
            summary.sum += u128::from(low) + (u128::from(high) << 16);
            summary.undecided += u64::from(undecided);
            let minimum = part.iter().copied().reduce(Ord::min).map_or(u32::MAX, Count::to_count);
            summary.minimum = summary.minimum.min(minimum);
        }
        summary
    }

    /// Of counts of either width.
    #[must_use]
    pub fn of_slice(counts: CountSlice<'_>, max_iter: u32) -> Self {
        match counts {
            CountSlice::U16(counts) => Self::of(counts, max_iter),
            CountSlice::U32(counts) => Self::of(counts, max_iter),
        }
    }

    /// Of these counts followed by those of `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            checksum: self.checksum.then(next.checksum),
            sum: self.sum + next.sum,
            undecided: self.undecided + next.undecided,
            minimum: self.minimum.min(next.minimum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_holds_the_largest_counts() {
        let summary = Summary::of(&vec![u32::MAX; 5_000], u32::MAX);
        assert_eq!(summary.sum, 5_000 * u128::from(u32::MAX));
        assert_eq!((summary.undecided, summary.minimum), (5_000, u32::MAX));
    }

    #[test]
    fn summaries_join_as_their_counts_do() {
        let counts: Vec<u16> = (0..1000).map(|i| i % 81).collect();
        let (left, right) = counts.split_at(300);
        let joined = Summary::of(left, 80).then(Summary::of(right, 80));
        assert_eq!(joined, Summary::of(&counts, 80));
        assert_eq!(joined.undecided, 12);
    }
}
