//! What is computed: the part of a configuration that decides the counts, and its identity.

use std::fmt::Write as _;
use std::num::NonZeroU32;

use sha2::{Digest, Sha256};

use crate::grid::{Grid, Sampling};
use crate::region::Region;

/// Raised whenever a change to the program could change a count.
pub const ALGORITHM_VERSION: u32 = 1;

/// Everything that decides the counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    region: Region,
    sampling: Sampling,
    grid: Grid,
    max_iter: NonZeroU32,
}

impl Job {
    /// The job of counting up to `max_iter` on a grid of `height x width` samples.
    #[must_use]
    pub fn new(region: Region, width: u64, height: u64, sampling: Sampling, max_iter: NonZeroU32) -> Self {
        let grid = Grid::new(&region, width, height, sampling);
        Self { region, sampling, grid, max_iter }
    }

    /// The rectangle of the parameter plane.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// How the samples lie between the bounds.
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// The sample points.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The iteration limit; also the count of a point that did not escape.
    #[must_use]
    pub fn max_iter(&self) -> NonZeroU32 {
        self.max_iter
    }

    /// What makes two jobs the same, one `key = value` a line. Bounds are the bits of their f64, beside the
    /// number that they print as.
    #[must_use]
    pub fn identity(&self) -> String {
        let mut text = format!("algorithm = {ALGORITHM_VERSION}\nprecision = f64\n");
        for (key, bound) in [
            ("region.re lower", &self.region.re.lower),
            ("region.re upper", &self.region.re.upper),
            ("region.im lower", &self.region.im.lower),
            ("region.im upper", &self.region.im.upper),
        ] {
            // `+ 0.0` makes -0 and 0 the same bound.
            let value = bound.value() + 0.0;
            writeln!(text, "{key} = {:016x} ({value:?})", value.to_bits()).expect("a String takes all");
        }
        writeln!(text, "grid.width = {}", self.grid.width()).expect("a String takes all");
        writeln!(text, "grid.height = {}", self.grid.height()).expect("a String takes all");
        writeln!(text, "grid.sampling = {}", self.sampling.name()).expect("a String takes all");
        writeln!(text, "iteration.max_iter = {}", self.max_iter).expect("a String takes all");
        text
    }

    /// SHA-256 of [`Self::identity`].
    #[must_use]
    pub fn hash(&self) -> JobHash {
        JobHash(Sha256::digest(self.identity()).into())
    }
}

/// The hash that stands for a job in journals and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobHash(pub [u8; 32]);

impl std::fmt::Display for JobHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(upper: &str, max_iter: u32) -> Job {
        let region = Region::parse(["-2", upper], ["-1.25", "1.25"]).expect("a region");
        let max_iter = NonZeroU32::new(max_iter).expect("not zero");
        Job::new(region, 10, 10, Sampling::Endpoints, max_iter)
    }

    #[test]
    fn identity_is_that_of_the_values_not_of_their_text() {
        assert_eq!(job("0.5", 80).hash(), job("5e-1", 80).hash());
        assert_ne!(job("0.5", 80).hash(), job("0.5", 81).hash());
        assert_ne!(job("0.5", 80).hash(), job("0.5000000000000001", 80).hash());
    }

    #[test]
    fn a_job_keeps_its_hash() {
        let hash = "e9f795a4efbf7c38b140a0f05d0fc0bdedf5c53550c8b2e30c31409943c7c399";
        assert_eq!(job("0.5", 80).hash().to_string(), hash);
    }
}
