//! The instruction sets of x86-64 CPUs. Which of them there are is found out at run time, on every rank.

use super::Stopped;
use super::ask::{Answer, Ask};
use super::avx2::Avx2;
use super::avx512::Avx512;
use super::item::Item;
use super::portable::Portable;
use crate::dataset::Count;

/// The instruction set that a kernel uses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Instructions {
    Avx512(Avx512),
    Avx2(Avx2),
    Portable(Portable),
}

impl Instructions {
    /// The fastest.
    pub(super) fn best() -> Self {
        Self::avx512().or_else(|_| Self::avx2()).unwrap_or(Self::portable())
    }

    /// AVX-512, or what is missing.
    pub(super) fn avx512() -> Result<Self, &'static str> {
        Avx512::detect().map(Self::Avx512)
    }

    /// AVX2, or what is missing.
    pub(super) fn avx2() -> Result<Self, &'static str> {
        Avx2::detect().map(Self::Avx2)
    }

    /// The one of every CPU.
    pub(super) fn portable() -> Self {
        Self::Portable(Portable)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Avx512(_) => "avx512",
            Self::Avx2(_) => "avx2",
            Self::Portable(_) => "portable",
        }
    }

    pub(super) fn compute<T: Count>(self, item: Item<'_, T>) -> Result<u64, Stopped> {
        match self {
            Self::Avx512(simd) => simd.compute(item),
            Self::Avx2(simd) => simd.compute(item),
            Self::Portable(simd) => simd.compute(item),
        }
    }

    pub(super) fn ask(self, ask: Ask<'_>) -> Result<Answer, Stopped> {
        match self {
            Self::Avx512(simd) => simd.ask(ask),
            Self::Avx2(simd) => simd.ask(ask),
            Self::Portable(simd) => simd.ask(ask),
        }
    }

    pub(super) fn point_cost(self, max_iter: u32) -> u64 {
        match self {
            Self::Avx512(_) => Avx512::point_cost(max_iter),
            Self::Avx2(_) => Avx2::point_cost(max_iter),
            Self::Portable(_) => Portable::point_cost(max_iter),
        }
    }

    pub(super) fn raw(self, steps: u64) -> u64 {
        match self {
            Self::Avx512(simd) => simd.raw(steps),
            Self::Avx2(simd) => simd.raw(steps),
            Self::Portable(simd) => simd.raw(steps),
        }
    }
}
