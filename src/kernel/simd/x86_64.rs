//! The instruction sets of x86-64 CPUs. Which of them there are is found out at run time, on every rank.

pub(crate) use super::avx2::{Avx2, detect as avx2};
pub(crate) use super::avx512::{Avx512, detect as avx512};
