//! Sample points from global indices.
//!
//! A sample depends on its index in the whole grid only, never on a running sum nor on the part of the
//! grid that a rank holds, so the picture cannot depend on how the work was cut up.

use std::ops::Range;

use crate::region::{Interval, Region};

/// How sample points lie between the bounds of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// Both bounds are samples, as in numpy's `linspace`.
    Endpoints,
    /// The lower bound is a sample, the upper one is not: `start + (i*(stop-start))/n`.
    HalfOpen,
    /// The middles of `n` equal cells: `start + ((i+0.5)*(stop-start))/n`.
    Centres,
}

impl Sampling {
    /// Every sampling, in the order in which messages list them.
    pub const ALL: [Self; 3] = [Self::Endpoints, Self::HalfOpen, Self::Centres];

    /// The name used in configs and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints",
            Self::HalfOpen => "half-open",
            Self::Centres => "centres",
        }
    }
}

/// The samples of one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    start: f64,
    stop: f64,
    len: u64,
    sampling: Sampling,
}

impl Axis {
    /// `len` samples between the bounds of `interval`.
    ///
    /// # Panics
    ///
    /// When `len` is 0: a validated job has no empty axis.
    #[must_use]
    pub fn new(interval: &Interval, len: u64, sampling: Sampling) -> Self {
        assert!(len > 0, "an axis has at least one sample");
        Self { start: interval.lower.value(), stop: interval.upper.value(), len, sampling }
    }

    /// Number of samples.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an axis is never empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The sample with global index `index`, in exactly numpy's order of operations for
    /// [`Sampling::Endpoints`] (`numpy.linspace`: the last sample is the bound itself).
    ///
    /// ```
    /// # use mandel_mpi::{grid::{Axis, Sampling}, region::Interval};
    /// let axis = Axis::new(&Interval::parse(["0.1", "0.7"]).unwrap(), 4, Sampling::Endpoints);
    /// assert_eq!(axis.sample(1), 0.3); // 0.1 + 1 * ((0.7 - 0.1) / 3)
    /// assert_eq!(axis.sample(3), 0.7); // the bound, although 3 * step + start is 0.7000000000000001
    /// ```
    #[must_use]
    pub fn sample(&self, index: u64) -> f64 {
        debug_assert!(index < self.len);
        let (i, n, span) = (index as f64, self.len as f64, self.stop - self.start);
        match self.sampling {
            Sampling::Endpoints if self.len == 1 => self.start,
            Sampling::Endpoints if index == self.len - 1 => self.stop,
            Sampling::Endpoints => i * (span / (n - 1.0)) + self.start,
            Sampling::HalfOpen => self.start + (i * span) / n,
            Sampling::Centres => self.start + ((i + 0.5) * span) / n,
        }
    }

    /// The samples of an index range.
    #[must_use]
    pub fn samples(&self, range: Range<u64>) -> Vec<f64> {
        range.map(|index| self.sample(index)).collect()
    }

    /// The first index whose sample is the same f64 as the next one, when the axis has such neighbours.
    ///
    /// Samples that are at least four spacings of f64 apart (at the larger bound) cannot meet, whatever the
    /// three roundings of a sample do: that answers at once for all but the deepest regions.
    #[must_use]
    pub fn first_repeated(&self) -> Option<u64> {
        let distance = (self.stop - self.start) / self.len as f64;
        if distance >= 4.0 * self.spacing() {
            return None;
        }
        (1..self.len).find(|&index| self.sample(index) <= self.sample(index - 1)).map(|index| index - 1)
    }

    /// The spacing of f64 at the bound with the larger magnitude.
    #[must_use]
    pub fn spacing(&self) -> f64 {
        let largest = self.start.abs().max(self.stop.abs());
        largest.next_up() - largest
    }

    /// Whether every sample is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        ((self.len as f64) * (self.stop - self.start)).is_finite()
    }
}

/// `height x width` sample points on a region. Row 0 has the smallest imaginary part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// The columns.
    pub re: Axis,
    /// The rows.
    pub im: Axis,
}

impl Grid {
    /// The grid of `height x width` samples on `region`.
    #[must_use]
    pub fn new(region: &Region, width: u64, height: u64, sampling: Sampling) -> Self {
        Self { re: Axis::new(&region.re, width, sampling), im: Axis::new(&region.im, height, sampling) }
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> u64 {
        self.re.len()
    }

    /// Number of rows.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.im.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(lower: &str, upper: &str, len: u64, sampling: Sampling) -> Axis {
        Axis::new(&Interval::parse([lower, upper]).expect("an interval"), len, sampling)
    }

    #[test]
    fn one_sample_is_the_lower_bound_or_the_middle() {
        assert_eq!(axis("-2", "0.5", 1, Sampling::Endpoints).samples(0..1), [-2.0]);
        assert_eq!(axis("-2", "0.5", 1, Sampling::HalfOpen).samples(0..1), [-2.0]);
        assert_eq!(axis("-2", "0.5", 1, Sampling::Centres).samples(0..1), [-0.75]);
    }

    #[test]
    fn four_samples_of_each_sampling() {
        assert_eq!(axis("0", "3", 4, Sampling::Endpoints).samples(0..4), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(axis("0", "4", 4, Sampling::HalfOpen).samples(0..4), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(axis("0", "4", 4, Sampling::Centres).samples(0..4), [0.5, 1.5, 2.5, 3.5]);
    }

    #[test]
    fn a_range_of_samples_is_a_part_of_all_samples() {
        let whole = axis("-0.74877", "-0.74872", 1000, Sampling::Endpoints);
        assert_eq!(whole.samples(317..555), whole.samples(0..1000)[317..555]);
    }

    #[test]
    fn too_fine_a_region_is_noticed_at_the_first_repeated_sample() {
        assert_eq!(axis("-2", "2", 1000, Sampling::Endpoints).first_repeated(), None);
        assert_eq!(axis("1", "1.000000000000001", 3, Sampling::Endpoints).first_repeated(), None);
        assert!(axis("1", "1.000000000000001", 30, Sampling::Endpoints).first_repeated().is_some());
        // Near 0 f64 is fine enough for what it cannot resolve near 1.
        assert_eq!(axis("0", "0.000000000000001", 30, Sampling::Endpoints).first_repeated(), None);
    }
}
