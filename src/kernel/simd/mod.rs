//! Ground floor: vectors of eight f64, and the instruction sets that make them fast.
//!
//! Everything above is written once, generic over [`Simd`]. A new instruction set is a file here that
//! implements the trait, a line in [`cpu`](self::cpu), and a row of the table in `dispatch.rs`.

#[cfg(all(target_arch = "x86_64", not(any_cpu)))]
mod avx2;
#[cfg(all(target_arch = "x86_64", not(any_cpu)))]
mod avx512;
mod complex;
mod cpu;
mod orbit;
mod portable;
#[cfg(test)]
mod tests;
mod vector;

// `--cfg any_cpu` builds what a CPU without instruction sets of its own gets, on any machine.
#[cfg(not(all(target_arch = "x86_64", not(any_cpu))))]
#[path = "any_cpu.rs"]
mod arch;
#[cfg(all(target_arch = "x86_64", not(any_cpu)))]
#[path = "x86_64.rs"]
mod arch;

pub(crate) use complex::{
    NO_NUMBERS, PerLane, add, chunks, get, load, norm, norm_sqr, numbers, product, reals, splat, store,
    store_where, taxicab, twice_product,
};
pub(crate) use cpu::InstructionSet;
pub(crate) use orbit::Orbit;
#[cfg(test)]
pub(crate) use portable::Portable;
pub(crate) use vector::{LANES, Simd, WithSimd, ZERO_COUNT, eight, eight_mut, lanes, load_up_to_eight};
