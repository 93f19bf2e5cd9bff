//! Every instruction set against the portable one, bit for bit.

use std::array::from_fn;

use super::arch;
use super::orbit::Orbit;
use super::portable::Portable;
use super::vector::{LANES, Simd, WithSimd, ZERO_COUNT};

/// What every implementation must agree on with the portable one, as bits.
struct Operations;

impl<S: Simd> WithSimd<S> for Operations {
    type Output = Vec<u64>;

    #[inline(always)]
    fn with_simd(self, simd: S) -> Vec<u64> {
        let values = [
            [0.5, -3.0, f64::NAN, 4.0, 1e-300, f64::INFINITY, -0.0, 7.25],
            [2.0, -3.0, 1.0, 4.5, 1e300, 1.0, 0.0, 0.1],
        ];
        let (a, b) = (simd.load(&values[0]), simd.load(&values[1]));
        let (le, lt, eq) = (simd.le(a, b), simd.lt(a, b), simd.eq(a, b));
        let mut seen = [le, lt, eq, simd.both(le, eq)].map(|mask| u64::from(simd.bits(mask))).to_vec();
        let mut see = |vector| {
            let mut stored = [0.0; LANES];
            simd.store(vector, &mut stored);
            // The sign of a NaN is nobody's business.
            seen.extend(stored.map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }));
        };
        see(simd.add(a, b));
        see(simd.sub(a, b));
        see(simd.mul(a, b));
        see(simd.sqrt(b));
        see(simd.abs(a));
        see(simd.twice_product_plus(a, b, simd.splat(0.1)));
        see(simd.select(le, a, b));
        let mut stored = values[1];
        simd.store_where(le, a, &mut stored);
        see(simd.load(&stored));
        let (z, c) = (Orbit { re: a, im: b }, Orbit { re: b, im: simd.splat(0.3) });
        for fused in [false, true] {
            let next = simd.step(z, c, fused);
            see(next.re);
            see(next.im);
        }
        // Inside, on the circle and outside, in both halves.
        let (re, im) = (
            [2.0, 0.5, 2.0_f64.next_up(), 0.0, -2.0, 1e300, 1.5, 0.1],
            [0.0, 0.5, 0.0, 2.5, 0.0, 1.0, 1.5, 1.0],
        );
        let (z, counts) =
            (Orbit { re: simd.load(&re), im: simd.load(&im) }, from_fn(|lane| ZERO_COUNT + lane as f64));
        let (next, counts) = simd.counted_step(z, Orbit { re: &c.re, im: &c.im }, simd.load(&counts));
        see(next.re);
        see(next.im);
        see(counts);
        seen
    }
}

/// Asserts that `simd` gives the same bits as the portable implementation; says so when there is no such CPU.
fn assert_agrees<S: Simd>(simd: Result<S, &'static str>) {
    match simd {
        Ok(simd) => assert_eq!(simd.vectorize(Operations), Portable.vectorize(Operations)),
        Err(lacks) => println!("skipped: this CPU lacks {lacks}"),
    }
}

#[test]
fn every_operation_of_avx2_agrees_with_the_portable_one() {
    assert_agrees(arch::avx2());
}

#[test]
fn every_operation_of_avx512_agrees_with_the_portable_one() {
    assert_agrees(arch::avx512());
}
