//! Which shortcuts a work item may take.

use num_complex::Complex64;

use super::cardioid_and_disc::Interior;

/// Which shortcuts a work item may take. Each is proven, and each has a price.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    /// Points that need not be iterated: their count is `max_iter`.
    pub(crate) interior: Option<Interior>,
    /// Whether patches of neighbours are tried as a whole, before any of their points is iterated.
    pub(crate) patches: bool,
    /// Whether to look for orbits that repeat.
    pub(crate) cycles: bool,
}

impl Allowed {
    pub(crate) const NONE: Self = Self { interior: None, patches: false, cycles: false };

    /// All that is known of neighbours.
    #[cfg(test)]
    pub(crate) const PATCHES: Self = Self { interior: Some(Interior::PROVEN), patches: true, cycles: false };

    /// Whether `c` is interior by itself.
    pub(crate) fn is_interior(&self, c: Complex64) -> bool {
        self.interior.is_some_and(|interior| interior.contains(c.re, c.im))
    }
}
