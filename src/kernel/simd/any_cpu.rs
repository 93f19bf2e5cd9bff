//! A CPU without instruction sets of its own: none is ever found, so that the portable one is taken.

use super::portable::Portable;

/// Stands where the proof of AVX2 would.
pub(crate) type Avx2 = Portable;

/// Stands where the proof of AVX-512 would.
pub(crate) type Avx512 = Portable;

const LACKS: &str = "an x86-64 CPU";

/// What is missing.
pub(crate) fn avx2() -> Result<Avx2, &'static str> {
    Err(LACKS)
}

/// What is missing.
pub(crate) fn avx512() -> Result<Avx512, &'static str> {
    Err(LACKS)
}
