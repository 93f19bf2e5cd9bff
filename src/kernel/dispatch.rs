//! Which way a work item is computed, and every number by which instruction sets differ in that.

use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use ndarray::ArrayViewMut2;

use super::choice::{Choice, Shortcuts, Unavailable};
use super::iterate::lockstep::Lockstep;
use super::iterate::one_by_one::one_by_one;
use super::iterate::refill::Refill;
use super::shortcuts::allowed::Allowed;
use super::shortcuts::cardioid_and_disc::Interior;
use super::shortcuts::neighbour_cost::{Query, Spared};
use super::simd::{InstructionSet, Simd};
use super::stopped::Stopped;
use super::work_item::{Params, WorkItem};
use crate::dataset::Count;

/// What is best on an instruction set, measured.
///
/// Source: `cargo bench` for ways and shapes. Point costs are chosen so that time is most nearly proportional
/// to cost over stretches of area2 and of the whole set (for lockstep: of area1). Where the two differ it is
/// a number between them: 110 and 310 for AVX-512, 70 and 180 for AVX2, 44 and 100 for the portable set.
struct Tuning {
    /// Up to this `max_iter` lockstep is the faster way; on areas 1 and 2 of the talk.
    lockstep_up_to: u32,
    /// Rows of a stack in lockstep.
    lockstep_rows: usize,
    /// Vectors of lanes that refill steps together.
    vectors: usize,
    /// How many of these step in the fused form. That puts multipliers and adders under the same load.
    fused: usize,
    /// Vectors of saved states that are replayed together.
    replayed: usize,
    /// `PointKernel::point_cost` with lockstep.
    lockstep_point_cost: u64,
    /// `PointKernel::point_cost` with refill.
    refill_point_cost: u64,
}

/// Seven vectors of two state registers and their temporaries fill the 32 registers.
const AVX512: Tuning = Tuning {
    lockstep_up_to: 512,
    lockstep_rows: 6,
    vectors: 7,
    fused: 3,
    replayed: 4,
    lockstep_point_cost: 16,
    refill_point_cost: 200,
};

/// Three pairs of two state registers leave four of the 16 registers for temporaries.
const AVX2: Tuning = Tuning {
    lockstep_up_to: 100,
    lockstep_rows: 2,
    vectors: 3,
    fused: 1,
    replayed: 2,
    lockstep_point_cost: 8,
    refill_point_cost: 120,
};

/// On x86-64 without AVX one vector is four registers of orbits, a quarter of all.
const PORTABLE: Tuning = Tuning {
    lockstep_up_to: 100,
    lockstep_rows: 1,
    vectors: 1,
    fused: 0,
    replayed: 1,
    lockstep_point_cost: 8,
    refill_point_cost: 70,
};

/// Of the reference, which only iterates.
const REFERENCE_POINT_COST: u64 = 4;

/// Up to this `max_iter` looking for cycles costs more than it saves, on any instruction set.
const NO_CYCLES_UP_TO: u32 = 4096;

/// Calls [`PointKernel::iterate`] with the numbers of a row of the table that shape code.
macro_rules! tuned {
    ($kernel:expr, $simd:expr, $row:ident, $item:expr) => {
        $kernel.iterate::<_, _, { $row.lockstep_rows }, { $row.vectors }, { $row.fused }, { $row.replayed }>(
            $simd, $item,
        )
    };
}

/// A way to compute escape counts of points that are pairs of f64, prepared for one job.
#[derive(Debug, Clone, Copy)]
pub(super) struct PointKernel {
    program: Program,
    pub(super) max_iter: u32,
    pub(super) allowed: Allowed,
    lockstep: bool,
    /// Work on a point besides its iterations, in iterations: entering and leaving a lane, the steps that are
    /// done too many or again, storing, encoding.
    pub(super) point_cost: u64,
}

#[derive(Debug, Clone, Copy)]
enum Program {
    Vectors(InstructionSet),
    Reference,
}

impl PointKernel {
    /// Prepares the kernel of `choice` for counts up to `max_iter`. The reference takes no shortcuts.
    pub(super) fn prepare(
        choice: Choice,
        max_iter: NonZeroU32,
        shortcuts: Shortcuts,
    ) -> Result<Self, Unavailable> {
        let max_iter = max_iter.get();
        let instructions = match choice {
            Choice::Auto => Ok(InstructionSet::best()),
            Choice::Avx512 => InstructionSet::avx512(),
            Choice::Avx2 => InstructionSet::avx2(),
            Choice::Portable => Ok(InstructionSet::portable()),
            Choice::Reference => return Ok(Self::reference(max_iter)),
        };
        let instructions = instructions.map_err(|lacks| Unavailable { choice, lacks })?;
        let cycles = max_iter > NO_CYCLES_UP_TO;
        let allowed = match shortcuts {
            Shortcuts::None => Allowed::NONE,
            Shortcuts::Proven => Allowed { interior: Some(Interior::PROVEN), patches: true, cycles },
        };
        let tuning = tuning(instructions);
        let lockstep = max_iter <= tuning.lockstep_up_to;
        let point_cost = if lockstep { tuning.lockstep_point_cost } else { tuning.refill_point_cost };
        Ok(Self { program: Program::Vectors(instructions), max_iter, allowed, lockstep, point_cost })
    }

    fn reference(max_iter: u32) -> Self {
        let (program, allowed) = (Program::Reference, Allowed::NONE);
        Self { program, max_iter, allowed, lockstep: false, point_cost: REFERENCE_POINT_COST }
    }

    /// The same without regard to neighbours.
    pub(super) fn without_patches(&self) -> Self {
        Self { allowed: Allowed { patches: false, ..self.allowed }, ..*self }
    }

    pub(super) fn name(&self) -> &'static str {
        match self.program {
            Program::Vectors(instructions) => instructions.name(),
            Program::Reference => "reference",
        }
    }

    /// Writes the escape count of `re[x] + i im[y]` to `counts[[y, x]]`, for all of them, and returns the
    /// cost.
    ///
    /// `counts` has shape `[im.len(), re.len()]` and contiguous rows.
    pub(super) fn compute<T: Count>(
        &self,
        re: &[f64],
        im: &[f64],
        counts: ArrayViewMut2<'_, T>,
        stop: &AtomicBool,
    ) -> Result<u64, Stopped> {
        assert_eq!(counts.dim(), (im.len(), re.len()), "one count per grid point");
        assert!(self.max_iter <= T::MAX, "max_iter fits the type of the counts");
        if counts.is_empty() {
            return Ok(0);
        }
        let item = WorkItem { re, im, counts, params: self.params(stop) };
        match self.program {
            Program::Reference => one_by_one(item, self.allowed),
            Program::Vectors(InstructionSet::Avx512(simd)) => tuned!(self, simd, AVX512, item),
            Program::Vectors(InstructionSet::Avx2(simd)) => tuned!(self, simd, AVX2, item),
            Program::Vectors(InstructionSet::Portable(simd)) => tuned!(self, simd, PORTABLE, item),
        }
    }

    /// Takes the fastest way on an instruction set.
    fn iterate<S, T, const ROWS: usize, const G: usize, const FUSED: usize, const R: usize>(
        &self,
        simd: S,
        item: WorkItem<'_, T>,
    ) -> Result<u64, Stopped>
    where
        S: Simd,
        T: Count,
    {
        if self.lockstep {
            simd.vectorize(Lockstep::<_, ROWS>(item, self.allowed))
        } else if self.allowed.cycles {
            simd.vectorize(Refill::<_, G, FUSED, R, true>(item, self.allowed))
        } else {
            simd.vectorize(Refill::<_, G, FUSED, R, false>(item, self.allowed))
        }
    }

    /// Which points of a sample would be spared among their neighbours. In lockstep none are: each is
    /// iterated.
    #[allow(
        clippy::match_same_arms,
        reason = "they are, on a CPU for which all of them are the portable one"
    )]
    pub(super) fn neighbour_cost(&self, query: Query<'_>) -> Result<Spared, Stopped> {
        match self.program {
            Program::Vectors(_) if self.lockstep => Ok(Spared::default()),
            Program::Reference => Ok(Spared::default()),
            Program::Vectors(InstructionSet::Avx512(simd)) => simd.vectorize(query),
            Program::Vectors(InstructionSet::Avx2(simd)) => simd.vectorize(query),
            Program::Vectors(InstructionSet::Portable(simd)) => simd.vectorize(query),
        }
    }

    pub(super) fn params<'a>(&self, stop: &'a AtomicBool) -> Params<'a> {
        Params { max_iter: self.max_iter, stop }
    }
}

fn tuning(instructions: InstructionSet) -> &'static Tuning {
    match instructions {
        InstructionSet::Avx512(_) => &AVX512,
        InstructionSet::Avx2(_) => &AVX2,
        InstructionSet::Portable(_) => &PORTABLE,
    }
}
