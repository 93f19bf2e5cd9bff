//! The instruction sets of x86-64 CPUs. Which of them there are is found out at run time, on every rank.

pub(crate) use super::avx2::Avx2;
pub(crate) use super::avx512::Avx512;

/// AVX2, or what is missing.
pub(crate) fn avx2() -> Result<Avx2, &'static str> {
    Avx2::detect()
}

/// AVX-512, or what is missing.
pub(crate) fn avx512() -> Result<Avx512, &'static str> {
    Avx512::detect()
}
