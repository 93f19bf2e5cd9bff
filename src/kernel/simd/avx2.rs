//! AVX2 with FMA: a vector is a pair of registers, a mask is a register of all-ones or all-zeros lanes.
#![expect(unsafe_code, reason = "calls the instructions of a CPU that was asked for them at run time")]

use std::arch::asm;
use std::arch::x86_64::{
    __m256d, _CMP_EQ_OQ, _CMP_LE_OQ, _CMP_LT_OQ, _mm256_add_pd, _mm256_and_pd, _mm256_andnot_pd,
    _mm256_cmp_pd, _mm256_fmadd_pd, _mm256_loadu_pd, _mm256_mul_pd, _mm256_set1_pd, _mm256_sqrt_pd,
    _mm256_storeu_pd, _mm256_sub_pd,
};

use super::orbit::Orbit;
use super::vector::{LANES, Simd, WithSimd};

/// Proof that this CPU has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

/// The proof, or what is missing.
pub(crate) fn detect() -> Result<Avx2, &'static str> {
    let here = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt");
    if here { Ok(Avx2(())) } else { Err("AVX2 with FMA") }
}

/// Eight f64: lanes 0 to 3 and lanes 4 to 7.
type Pair = [__m256d; 2];

// Assembly, because the compiler replaces the intrinsics by what it takes for the same, and that is slower.
// Of load, blend and store it makes a masked store, which is microcode on AMD's CPUs up to Zen 3; of the
// signs of several masks it makes many shuffles.

/// `yes` where the sign of `mask` is set, else `no`.
#[inline]
#[target_feature(enable = "avx")]
fn blend(mask: __m256d, yes: __m256d, no: __m256d) -> __m256d {
    let blended;
    // SAFETY: an instruction of AVX, from registers to a register.
    unsafe {
        asm!(
            "vblendvpd {}, {}, {}, {}",
            out(ymm_reg) blended, in(ymm_reg) no, in(ymm_reg) yes, in(ymm_reg) mask,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    blended
}

/// The signs of `mask`.
#[inline]
#[target_feature(enable = "avx")]
fn signs(mask: __m256d) -> u32 {
    let signs;
    // SAFETY: as in `blend`.
    unsafe {
        asm!(
            "vmovmskpd {:e}, {}",
            out(reg) signs, in(ymm_reg) mask,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    signs
}

/// In memory, as long as a register.
// SAFETY: four f64 are what it consists of.
static FOUR: __m256d = unsafe { std::mem::transmute([4.0_f64; 4]) };

/// The step of [`Simd::counted_step`] for four orbits. A mask that holds is the integer -1. The spacing of
/// counts is 1.
///
/// The orbits and counts of two pairs take twelve of the 16 registers. Here two more are enough for what is
/// formed on the way. The compiler takes more, and keeps orbits on the stack.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn counted_half_step(z: Orbit<__m256d>, c: Orbit<&__m256d>, mut count: __m256d) -> (Orbit<__m256d>, __m256d) {
    let Orbit { mut re, mut im } = z;
    // SAFETY: instructions of AVX2 and FMA, which read what the references cover and write registers.
    unsafe {
        asm!(
            "vmulpd {re2}, {re}, {re}",
            "vmulpd {im2}, {im}, {im}",
            "vmulpd {im}, {re}, {im}",
            "vsubpd {re}, {re2}, {im2}",
            "vaddpd {re2}, {re2}, {im2}",
            "vcmplepd {re2}, {re2}, [{four}]",
            "vpsubq {count}, {count}, {re2}",
            "vfmadd213pd {im}, {two}, [{c_im}]",
            "vaddpd {re}, {re}, [{c_re}]",
            re = inout(ymm_reg) re, im = inout(ymm_reg) im, count = inout(ymm_reg) count,
            re2 = out(ymm_reg) _, im2 = out(ymm_reg) _,
            two = in(ymm_reg) _mm256_set1_pd(2.0), four = in(reg) &raw const FOUR,
            c_re = in(reg) c.re, c_im = in(reg) c.im,
            options(pure, readonly, nostack),
        );
    }
    (Orbit { re, im }, count)
}

/// Calls what touches no memory but what a reference covers.
macro_rules! pure {
    ($call:expr) => {{
        // SAFETY: `self` exists only where `detect` has seen every feature that is enabled below.
        unsafe { $call }
    }};
}

impl Simd for Avx2 {
    type Vector = Pair;
    type Mask = Pair;

    #[inline(always)]
    fn splat(self, value: f64) -> Pair {
        [pure!(_mm256_set1_pd(value)); 2]
    }

    #[inline(always)]
    fn load(self, from: &[f64; LANES]) -> Pair {
        // SAFETY: as in `pure!`; the reference covers two times four f64, and `loadu` asks for no alignment.
        unsafe { [_mm256_loadu_pd(from.as_ptr()), _mm256_loadu_pd(from.as_ptr().add(4))] }
    }

    #[inline(always)]
    fn store(self, vector: Pair, to: &mut [f64; LANES]) {
        // SAFETY: as in `load`.
        unsafe {
            _mm256_storeu_pd(to.as_mut_ptr(), vector[0]);
            _mm256_storeu_pd(to.as_mut_ptr().add(4), vector[1]);
        }
    }

    #[inline(always)]
    fn store_where(self, mask: Pair, vector: Pair, to: &mut [f64; LANES]) {
        let old = self.load(to);
        self.store(self.select(mask, vector, old), to);
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_add_pd(a[0], b[0]), _mm256_add_pd(a[1], b[1])])
    }

    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_sub_pd(a[0], b[0]), _mm256_sub_pd(a[1], b[1])])
    }

    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_mul_pd(a[0], b[0]), _mm256_mul_pd(a[1], b[1])])
    }

    #[inline(always)]
    fn sqrt(self, a: Pair) -> Pair {
        [pure!(_mm256_sqrt_pd(a[0])), pure!(_mm256_sqrt_pd(a[1]))]
    }

    #[inline(always)]
    fn abs(self, a: Pair) -> Pair {
        let sign = pure!(_mm256_set1_pd(-0.0));
        pure!([_mm256_andnot_pd(sign, a[0]), _mm256_andnot_pd(sign, a[1])])
    }

    #[inline(always)]
    fn twice_product_plus(self, a: Pair, b: Pair, c: Pair) -> Pair {
        let product = self.mul(a, b);
        let two = pure!(_mm256_set1_pd(2.0));
        pure!([_mm256_fmadd_pd(two, product[0], c[0]), _mm256_fmadd_pd(two, product[1], c[1])])
    }

    /// One register after the other: side by side they need more temporaries than there are registers.
    #[inline(always)]
    fn step(self, mut z: Orbit<Pair>, c: Orbit<Pair>, fused: bool) -> Orbit<Pair> {
        for half in 0..2 {
            let (re, im) = (z.re[half], z.im[half]);
            let (re2, im2) = pure!((_mm256_mul_pd(re, re), _mm256_mul_pd(im, im)));
            z.im[half] = pure!(if fused {
                _mm256_fmadd_pd(_mm256_set1_pd(2.0), _mm256_mul_pd(re, im), c.im[half])
            } else {
                _mm256_add_pd(_mm256_mul_pd(_mm256_add_pd(re, re), im), c.im[half])
            });
            let difference = pure!(_mm256_sub_pd(re2, im2));
            z.re[half] = pure!(_mm256_add_pd(difference, c.re[half]));
        }
        z
    }

    #[inline(always)]
    fn le(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_cmp_pd::<_CMP_LE_OQ>(a[0], b[0]), _mm256_cmp_pd::<_CMP_LE_OQ>(a[1], b[1]),])
    }

    #[inline(always)]
    fn lt(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_cmp_pd::<_CMP_LT_OQ>(a[0], b[0]), _mm256_cmp_pd::<_CMP_LT_OQ>(a[1], b[1])])
    }

    #[inline(always)]
    fn eq(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_cmp_pd::<_CMP_EQ_OQ>(a[0], b[0]), _mm256_cmp_pd::<_CMP_EQ_OQ>(a[1], b[1])])
    }

    #[inline(always)]
    fn both(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_and_pd(a[0], b[0]), _mm256_and_pd(a[1], b[1])])
    }

    #[inline(always)]
    fn bits(self, mask: Pair) -> u8 {
        pure!(signs(mask[0]) | signs(mask[1]) << 4) as u8
    }

    #[inline(always)]
    fn select(self, mask: Pair, yes: Pair, no: Pair) -> Pair {
        pure!([blend(mask[0], yes[0], no[0]), blend(mask[1], yes[1], no[1])])
    }

    #[inline(always)]
    fn counted_step(self, mut z: Orbit<Pair>, c: Orbit<&Pair>, mut count: Pair) -> (Orbit<Pair>, Pair) {
        for half in 0..2 {
            let here = Orbit { re: z.re[half], im: z.im[half] };
            let c = Orbit { re: &c.re[half], im: &c.im[half] };
            let next;
            (next, count[half]) = pure!(counted_half_step(here, c, count[half]));
            (z.re[half], z.im[half]) = (next.re, next.im);
        }
        (z, count)
    }

    #[inline(never)]
    fn vectorize<W: WithSimd<Self>>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
        fn run<W: WithSimd<Avx2>>(simd: Avx2, work: W) -> W::Output {
            work.with_simd(simd)
        }
        pure!(run(self, work))
    }
}
