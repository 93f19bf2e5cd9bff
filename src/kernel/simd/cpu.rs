//! Which instruction sets this CPU has.

use super::arch::{self, Avx2, Avx512};
use super::portable::Portable;

/// An instruction set that this CPU has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum InstructionSet {
    Avx512(Avx512),
    Avx2(Avx2),
    Portable(Portable),
}

impl InstructionSet {
    /// The fastest one.
    pub(crate) fn best() -> Self {
        Self::avx512().or_else(|_| Self::avx2()).unwrap_or(Self::portable())
    }

    /// AVX-512, or what is missing.
    pub(crate) fn avx512() -> Result<Self, &'static str> {
        arch::avx512().map(Self::Avx512)
    }

    /// AVX2, or what is missing.
    pub(crate) fn avx2() -> Result<Self, &'static str> {
        arch::avx2().map(Self::Avx2)
    }

    /// The one of every CPU.
    pub(crate) fn portable() -> Self {
        Self::Portable(Portable)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Avx512(_) => "avx512",
            Self::Avx2(_) => "avx2",
            Self::Portable(_) => "portable",
        }
    }
}
