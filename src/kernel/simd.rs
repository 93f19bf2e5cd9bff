//! The thin vector trait under the kernels: eight f64 and the few operations that the algorithm needs.
//!
//! The algorithm is written once, in [`refill`](super::refill) and [`tile`](super::tile), and an instruction
//! set is a file that implements [`Simd`]. A vector has eight lanes everywhere, so that a flag per lane is a
//! byte and the flags of up to eight vectors are one `u64`; narrower registers make up a vector in pairs or fours.

use super::orbit::Orbit;

/// Lanes of a vector.
pub(super) const LANES: usize = 8;

/// 2^52, the first f64 with a spacing of 1: in `2^52 + n` the count is the low bits.
pub(super) const ZERO_COUNT: f64 = 4_503_599_627_370_496.0;

/// An instruction set. A value of the type is proof that this CPU has it.
///
/// Every operation rounds as IEEE 754 says, lane by lane, so all implementations give the same bits. Where a
/// method takes `lanes`, bit `l` stands for lane `l`.
pub(super) trait Simd: Copy {
    /// Eight f64.
    type Vector: Copy;
    /// A truth value per lane.
    type Mask: Copy;

    fn splat(self, value: f64) -> Self::Vector;
    fn load(self, from: &[f64; LANES]) -> Self::Vector;
    fn store(self, vector: Self::Vector, to: &mut [f64; LANES]);
    /// Writes the lanes where `mask` holds.
    fn store_where(self, mask: Self::Mask, vector: Self::Vector, to: &mut [f64; LANES]);

    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sqrt(self, a: Self::Vector) -> Self::Vector;
    fn abs(self, a: Self::Vector) -> Self::Vector;
    /// `2 a b + c`, rounded as `(2 a) b` and then the sum, but for one exception that the implementation may make:
    /// where `a b` is subnormal, the product may be rounded before it is doubled.
    fn twice_product_plus(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;

    /// One step of the orbits `z` for the points `c`; with `fused` by [`Self::twice_product_plus`].
    #[inline(always)]
    fn step(self, z: Orbit<Self::Vector>, c: Orbit<Self::Vector>, fused: bool) -> Orbit<Self::Vector> {
        z.step(self, z.squares(self), c, fused)
    }

    /// `a <= b`, false where either is NaN.
    fn le(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    /// `a < b`, false where either is NaN.
    fn lt(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    /// `a == b`, false where either is NaN.
    fn eq(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    fn both(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn bits(self, mask: Self::Mask) -> u8;
    /// `yes` where `mask` holds, else `no`.
    fn select(self, mask: Self::Mask, yes: Self::Vector, no: Self::Vector) -> Self::Vector;

    /// Adds 1 to the `count`, which is [`ZERO_COUNT`] or more, of each of the orbits `z` that is inside, and steps all of them in the
    /// fused form. The points are asked for by reference, to be read from memory where registers are few.
    fn counted_step(
        self,
        z: Orbit<Self::Vector>,
        c: Orbit<&Self::Vector>,
        count: Self::Vector,
    ) -> (Orbit<Self::Vector>, Self::Vector);

    /// Runs `work` in a function of its own that is compiled for this instruction set.
    ///
    /// That is how generic code gets compiled for it at all; and it keeps rare work out of the hot loop's registers. Implementations
    /// are `#[inline(never)]` themselves: on a function with target features the compiler ignores that (Rust 1.95).
    fn outlined<W: Work<Self>>(self, work: W) -> W::Output;
}

/// Something to do with an instruction set. Implementations must be `#[inline(always)]`: code that is
/// not inlined into [`Simd::outlined`] is compiled for the baseline CPU, correct but slow. For the same reason
/// vectors appear in loops and not in closures, which the compiler may leave alone.
pub(super) trait Work<S: Simd> {
    type Output;

    fn with(self, simd: S) -> Self::Output;
}

/// The eight elements of `slice` from `at` on.
#[inline(always)]
pub(super) fn eight(slice: &[f64], at: usize) -> &[f64; LANES] {
    slice[at..].first_chunk().expect("the buffers end with room for a vector")
}

/// [`eight`] to write to.
#[inline(always)]
pub(super) fn eight_mut(slice: &mut [f64], at: usize) -> &mut [f64; LANES] {
    slice[at..].first_chunk_mut().expect("the buffers end with room for a vector")
}

#[cfg(test)]
pub(super) mod tests {
    use std::array::from_fn;

    use super::*;
    use crate::kernel::portable::Portable;

    /// What every implementation must agree on with the portable one, as bits.
    struct Operations;

    impl<S: Simd> Work<S> for Operations {
        type Output = Vec<u64>;

        #[inline(always)]
        fn with(self, simd: S) -> Vec<u64> {
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
    pub(in crate::kernel) fn assert_agrees<S: Simd>(simd: Result<S, &'static str>) {
        match simd {
            Ok(simd) => assert_eq!(simd.outlined(Operations), Portable.outlined(Operations)),
            Err(lacks) => println!("skipped: this CPU lacks {lacks}"),
        }
    }
}
