//! Vectors as plain arrays, for every CPU: the compiler makes of them whatever the target has.
//!
//! Masks are all-ones or all-zeros integers and not `bool`s, because that is what compare instructions give:
//! an array of `bool` is packed and unpacked lane by lane.

use std::array::from_fn;

use super::orbit::Orbit;
use super::vector::{LANES, Simd, WithSimd};

/// The instruction set that every CPU has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

impl Simd for Portable {
    type Vector = [f64; LANES];
    type Mask = [u64; LANES];

    #[inline(always)]
    fn splat(self, value: f64) -> Self::Vector {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f64; LANES]) -> Self::Vector {
        *from
    }

    #[inline(always)]
    fn store(self, vector: Self::Vector, to: &mut [f64; LANES]) {
        *to = vector;
    }

    #[inline(always)]
    fn store_where(self, mask: Self::Mask, vector: Self::Vector, to: &mut [f64; LANES]) {
        *to = self.select(mask, vector, *to);
    }

    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        from_fn(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        from_fn(|lane| a[lane] - b[lane])
    }

    #[inline(always)]
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    fn sqrt(self, a: Self::Vector) -> Self::Vector {
        from_fn(|lane| a[lane].sqrt())
    }

    #[inline(always)]
    fn abs(self, a: Self::Vector) -> Self::Vector {
        a.map(f64::abs)
    }

    #[inline(always)]
    fn twice_product_plus(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        from_fn(|lane| (a[lane] + a[lane]) * b[lane] + c[lane])
    }

    #[inline(always)]
    fn le(self, a: Self::Vector, b: Self::Vector) -> Self::Mask {
        from_fn(|lane| if a[lane] <= b[lane] { u64::MAX } else { 0 })
    }

    #[inline(always)]
    fn lt(self, a: Self::Vector, b: Self::Vector) -> Self::Mask {
        from_fn(|lane| if a[lane] < b[lane] { u64::MAX } else { 0 })
    }

    #[inline(always)]
    fn eq(self, a: Self::Vector, b: Self::Vector) -> Self::Mask {
        from_fn(|lane| if a[lane] == b[lane] { u64::MAX } else { 0 })
    }

    #[inline(always)]
    fn both(self, a: Self::Mask, b: Self::Mask) -> Self::Mask {
        from_fn(|lane| a[lane] & b[lane])
    }

    #[inline(always)]
    fn bits(self, mask: Self::Mask) -> u8 {
        (0..LANES).fold(0, |bits, lane| bits | (mask[lane] & (1 << lane))) as u8
    }

    #[inline(always)]
    fn select(self, mask: Self::Mask, yes: Self::Vector, no: Self::Vector) -> Self::Vector {
        from_fn(|lane| {
            f64::from_bits((yes[lane].to_bits() & mask[lane]) | (no[lane].to_bits() & !mask[lane]))
        })
    }

    #[inline(always)]
    fn counted_step(
        self,
        z: Orbit<Self::Vector>,
        c: Orbit<&Self::Vector>,
        count: Self::Vector,
    ) -> (Orbit<Self::Vector>, Self::Vector) {
        let squares = self.squares(z);
        // A mask that holds is the integer -1, and the spacing of the counts is 1.
        let inside = self.inside(squares);
        let count = from_fn(|lane| f64::from_bits(count[lane].to_bits().wrapping_sub(inside[lane])));
        (self.step_from(z, squares, Orbit { re: *c.re, im: *c.im }, true), count)
    }

    #[inline(never)]
    fn vectorize<W: WithSimd<Self>>(self, work: W) -> W::Output {
        work.with_simd(self)
    }
}
