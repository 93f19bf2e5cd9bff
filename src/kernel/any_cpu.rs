//! The instruction sets of a CPU without kernels of its own: the portable one.

use super::Stopped;
use super::ask::{Answer, Ask};
use super::item::Item;
use super::portable::Portable;
use crate::dataset::Count;

/// The instruction set that a kernel uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instructions;

/// What this CPU lacks for the kernels of another.
const LACKS: &str = "an x86-64 CPU";

impl Instructions {
    /// The fastest.
    pub(super) fn best() -> Self {
        Self
    }

    /// AVX-512, or what is missing.
    pub(super) fn avx512() -> Result<Self, &'static str> {
        Err(LACKS)
    }

    /// AVX2, or what is missing.
    pub(super) fn avx2() -> Result<Self, &'static str> {
        Err(LACKS)
    }

    /// The one of every CPU.
    pub(super) fn portable() -> Self {
        Self
    }

    pub(super) fn name(self) -> &'static str {
        "portable"
    }

    pub(super) fn compute<T: Count>(self, item: Item<'_, T>) -> Result<u64, Stopped> {
        Portable.compute(item)
    }

    pub(super) fn ask(self, ask: Ask<'_>) -> Result<Answer, Stopped> {
        Portable.ask(ask)
    }

    pub(super) fn point_cost(self, max_iter: u32) -> u64 {
        Portable::point_cost(max_iter)
    }

    pub(super) fn raw(self, steps: u64) -> u64 {
        Portable.raw(steps)
    }
}
