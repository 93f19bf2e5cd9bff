//! AVX-512: a vector is one register, a mask is a mask register.
#![expect(unsafe_code, reason = "calls the instructions of a CPU that was asked for them at run time")]

use std::arch::x86_64::{
    __m512d, __mmask8, _CMP_EQ_OQ, _CMP_LE_OQ, _CMP_LT_OQ, _mm512_abs_pd, _mm512_add_pd, _mm512_cmp_pd_mask,
    _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_mask_add_pd, _mm512_mask_mov_pd, _mm512_mask_storeu_pd,
    _mm512_mul_pd, _mm512_set1_pd, _mm512_sqrt_pd, _mm512_storeu_pd, _mm512_sub_pd,
};

use super::orbit::Orbit;
use super::vector::{LANES, Simd, WithSimd};

/// Proof that this CPU has the part of AVX-512 that all server CPUs since 2017 share, and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

/// The proof, or what is missing.
pub(crate) fn detect() -> Result<Avx512, &'static str> {
    let here = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt");
    if here { Ok(Avx512(())) } else { Err("AVX-512 (F, DQ, BW, VL)") }
}

/// Calls intrinsics that touch no memory.
macro_rules! pure {
    ($call:expr) => {{
        // SAFETY: `self` exists only where `detect` has seen every feature that is enabled below.
        unsafe { $call }
    }};
}

impl Simd for Avx512 {
    type Vector = __m512d;
    type Mask = __mmask8;

    #[inline(always)]
    fn splat(self, value: f64) -> __m512d {
        pure!(_mm512_set1_pd(value))
    }

    #[inline(always)]
    fn load(self, from: &[f64; LANES]) -> __m512d {
        // SAFETY: as in `pure!`; the reference covers the 64 bytes, and `loadu` asks for no alignment.
        unsafe { _mm512_loadu_pd(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m512d, to: &mut [f64; LANES]) {
        // SAFETY: as in `load`.
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn store_where(self, mask: __mmask8, vector: __m512d, to: &mut [f64; LANES]) {
        // SAFETY: as in `load`.
        unsafe { _mm512_mask_storeu_pd(to.as_mut_ptr(), mask, vector) }
    }

    #[inline(always)]
    fn add(self, a: __m512d, b: __m512d) -> __m512d {
        pure!(_mm512_add_pd(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m512d, b: __m512d) -> __m512d {
        pure!(_mm512_sub_pd(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512d, b: __m512d) -> __m512d {
        pure!(_mm512_mul_pd(a, b))
    }

    #[inline(always)]
    fn sqrt(self, a: __m512d) -> __m512d {
        pure!(_mm512_sqrt_pd(a))
    }

    #[inline(always)]
    fn abs(self, a: __m512d) -> __m512d {
        pure!(_mm512_abs_pd(a))
    }

    #[inline(always)]
    fn twice_product_plus(self, a: __m512d, b: __m512d, c: __m512d) -> __m512d {
        pure!(_mm512_fmadd_pd(_mm512_set1_pd(2.0), _mm512_mul_pd(a, b), c))
    }

    #[inline(always)]
    fn le(self, a: __m512d, b: __m512d) -> __mmask8 {
        pure!(_mm512_cmp_pd_mask::<_CMP_LE_OQ>(a, b))
    }

    #[inline(always)]
    fn lt(self, a: __m512d, b: __m512d) -> __mmask8 {
        pure!(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b))
    }

    #[inline(always)]
    fn eq(self, a: __m512d, b: __m512d) -> __mmask8 {
        pure!(_mm512_cmp_pd_mask::<_CMP_EQ_OQ>(a, b))
    }

    #[inline(always)]
    fn both(self, a: __mmask8, b: __mmask8) -> __mmask8 {
        a & b
    }

    #[inline(always)]
    fn bits(self, mask: __mmask8) -> u8 {
        mask
    }

    #[inline(always)]
    fn select(self, mask: __mmask8, yes: __m512d, no: __m512d) -> __m512d {
        pure!(_mm512_mask_mov_pd(no, mask, yes))
    }

    #[inline(always)]
    fn counted_step(
        self,
        z: Orbit<__m512d>,
        c: Orbit<&__m512d>,
        count: __m512d,
    ) -> (Orbit<__m512d>, __m512d) {
        let squares = self.squares(z);
        let z = self.step_from(z, squares, Orbit { re: *c.re, im: *c.im }, true);
        (z, pure!(_mm512_mask_add_pd(count, self.inside(squares), count, _mm512_set1_pd(1.0))))
    }

    #[inline(never)]
    fn vectorize<W: WithSimd<Self>>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi1,bmi2,popcnt")]
        fn run<W: WithSimd<Avx512>>(simd: Avx512, work: W) -> W::Output {
            work.with_simd(simd)
        }
        pure!(run(self, work))
    }
}
