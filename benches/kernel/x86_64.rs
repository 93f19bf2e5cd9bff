//! The loops for AVX2 and AVX-512.
#![expect(unsafe_code, reason = "calls functions for a CPU that was asked for its features at run time")]

use std::arch::x86_64::{
    __m256d, __m512d, _mm256_add_pd, _mm256_fmadd_pd, _mm256_loadu_pd, _mm256_mul_pd, _mm256_set1_pd,
    _mm256_sub_pd, _mm512_add_pd, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_mul_pd, _mm512_set1_pd,
    _mm512_sub_pd,
};
use std::hint::black_box;

use super::im;

pub(super) fn avx2(steps: u64) -> Option<u64> {
    let here = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    // SAFETY: the CPU has what the function is compiled for.
    here.then(|| unsafe { avx2_steps(steps) })
}

pub(super) fn avx512(steps: u64) -> Option<u64> {
    // SAFETY: the CPU has what the function is compiled for.
    is_x86_feature_detected!("avx512f").then(|| unsafe { avx512_steps(steps) })
}

/// Three pairs of registers, one pair in the fused form.
#[target_feature(enable = "avx2,fma")]
fn avx2_steps(steps: u64) -> u64 {
    const VECTORS: usize = 6;
    const FUSED: usize = 2;
    let mut c = [(_mm256_set1_pd(-0.1), _mm256_set1_pd(0.0)); VECTORS];
    for (vector, c) in c.iter_mut().enumerate() {
        // SAFETY: the array has four f64.
        c.1 = unsafe { _mm256_loadu_pd(im::<4>(4 * vector).as_ptr()) };
    }
    let mut z = c;
    for _ in 0..steps {
        let c = black_box(&c);
        for vector in 0..VECTORS {
            let (re, im): (__m256d, __m256d) = z[vector];
            let (re2, im2) = (_mm256_mul_pd(re, re), _mm256_mul_pd(im, im));
            let im = if vector < FUSED {
                _mm256_fmadd_pd(_mm256_set1_pd(2.0), _mm256_mul_pd(re, im), c[vector].1)
            } else {
                _mm256_add_pd(_mm256_mul_pd(_mm256_add_pd(re, re), im), c[vector].1)
            };
            z[vector] = (_mm256_add_pd(_mm256_sub_pd(re2, im2), c[vector].0), im);
        }
    }
    black_box(z);
    steps * 4 * VECTORS as u64
}

/// Seven registers, three in the fused form.
#[target_feature(enable = "avx512f")]
fn avx512_steps(steps: u64) -> u64 {
    const VECTORS: usize = 7;
    const FUSED: usize = 3;
    let mut c = [(_mm512_set1_pd(-0.1), _mm512_set1_pd(0.0)); VECTORS];
    for (vector, c) in c.iter_mut().enumerate() {
        // SAFETY: the array has eight f64.
        c.1 = unsafe { _mm512_loadu_pd(im::<8>(8 * vector).as_ptr()) };
    }
    let mut z = c;
    for _ in 0..steps {
        let c = black_box(&c);
        for vector in 0..VECTORS {
            let (re, im): (__m512d, __m512d) = z[vector];
            let (re2, im2) = (_mm512_mul_pd(re, re), _mm512_mul_pd(im, im));
            let im = if vector < FUSED {
                _mm512_fmadd_pd(_mm512_set1_pd(2.0), _mm512_mul_pd(re, im), c[vector].1)
            } else {
                _mm512_add_pd(_mm512_mul_pd(_mm512_add_pd(re, re), im), c[vector].1)
            };
            z[vector] = (_mm512_add_pd(_mm512_sub_pd(re2, im2), c[vector].0), im);
        }
    }
    black_box(z);
    steps * 8 * VECTORS as u64
}
