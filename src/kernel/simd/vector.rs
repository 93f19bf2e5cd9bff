//! The thin vector trait under the kernels: eight f64 and the few operations that the algorithms need.
//!
//! A vector has eight lanes everywhere. So a flag per lane is a byte, and the flags of up to eight vectors
//! are one `u64`. Narrower registers make up a vector in pairs or fours.
//!
//! # One step of an orbit
//!
//! The definition's step costs three multiplications, three additions and the doubling in `2 re im`. The
//! doubling is an addition, or nothing where it is folded into `fma(2, re im, c_im)`. Doubling is exact, so
//! the fused form rounds twice, as the definition does. The one exception is a subnormal `re im`:
//! `shortcuts/classify.rs` keeps points away for which it could matter.

use super::orbit::{Orbit, Squares};

/// Lanes of a vector.
pub(crate) const LANES: usize = 8;

/// 2^52, the first f64 with a spacing of 1: in `2^52 + n` the count is the low bits.
pub(crate) const ZERO_COUNT: f64 = 4_503_599_627_370_496.0;

/// An instruction set. A value of the type is proof that this CPU has it.
///
/// Every operation rounds as IEEE 754 says, lane by lane, so all implementations give the same bits.
pub(crate) trait Simd: Copy {
    /// Eight f64.
    type Vector: Copy;
    /// A truth value per lane.
    type Mask: Copy;

    fn splat(self, value: f64) -> Self::Vector;
    fn load(self, from: &[f64; LANES]) -> Self::Vector;
    fn store(self, vector: Self::Vector, to: &mut [f64; LANES]);
    #[inline(always)]
    fn to_array(self, vector: Self::Vector) -> [f64; LANES] {
        let mut to = [0.0; LANES];
        self.store(vector, &mut to);
        to
    }

    /// Writes the lanes where `mask` holds.
    fn store_where(self, mask: Self::Mask, vector: Self::Vector, to: &mut [f64; LANES]);

    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sqrt(self, a: Self::Vector) -> Self::Vector;
    fn abs(self, a: Self::Vector) -> Self::Vector;
    /// `2 a b + c`, rounded as `(2 a) b` and then the sum. Where `a b` is subnormal, an implementation may
    /// round the product before it is doubled.
    fn twice_product_plus(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;

    #[inline(always)]
    fn squares(self, z: Orbit<Self::Vector>) -> Squares<Self::Vector> {
        Squares { re: self.mul(z.re, z.re), im: self.mul(z.im, z.im) }
    }

    /// Whether `|z| <= 2`, by the squares of `z`. False also where the orbit has left the finite numbers.
    #[inline(always)]
    fn inside(self, squares: Squares<Self::Vector>) -> Self::Mask {
        self.le(self.add(squares.re, squares.im), self.splat(4.0))
    }

    /// `z² + c`, given the squares of `z`. With `fused` the doubling is folded into the addition.
    #[inline(always)]
    fn step_from(
        self,
        z: Orbit<Self::Vector>,
        squares: Squares<Self::Vector>,
        c: Orbit<Self::Vector>,
        fused: bool,
    ) -> Orbit<Self::Vector> {
        let im = if fused {
            self.twice_product_plus(z.re, z.im, c.im)
        } else {
            self.add(self.mul(self.add(z.re, z.re), z.im), c.im)
        };
        Orbit { re: self.add(self.sub(squares.re, squares.im), c.re), im }
    }

    /// One step of the orbits `z` for the points `c`; with `fused` by [`Self::twice_product_plus`].
    #[inline(always)]
    fn step(self, z: Orbit<Self::Vector>, c: Orbit<Self::Vector>, fused: bool) -> Orbit<Self::Vector> {
        self.step_from(z, self.squares(z), c, fused)
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

    /// Adds 1 to the `count` of each of the orbits `z` that is inside, and steps all of them in the fused
    /// form.
    ///
    /// A count is [`ZERO_COUNT`] or more. The points are asked for by reference, to be read from memory where
    /// registers are few.
    fn counted_step(
        self,
        z: Orbit<Self::Vector>,
        c: Orbit<&Self::Vector>,
        count: Self::Vector,
    ) -> (Orbit<Self::Vector>, Self::Vector);

    /// Runs `work` in a function of its own that is compiled for this instruction set.
    ///
    /// That is how generic code gets compiled for it at all. It also keeps rare work out of the hot loop's
    /// registers. Implementations are `#[inline(never)]` themselves: on a function with target features the
    /// compiler ignores that attribute (Rust 1.95).
    fn vectorize<W: WithSimd<Self>>(self, work: W) -> W::Output;
}

/// Something to do with an instruction set.
///
/// Implementations must be `#[inline(always)]`: code that is not inlined into [`Simd::vectorize`] is compiled
/// for the baseline CPU, correct but slow. For the same reason vectors appear in loops and not in closures,
/// which the compiler may leave alone. `tests/it/inlining.rs` looks for both.
pub(crate) trait WithSimd<S: Simd> {
    type Output;

    fn with_simd(self, simd: S) -> Self::Output;
}

/// The eight elements of `slice` from `at` on.
#[inline(always)]
pub(crate) fn eight(slice: &[f64], at: usize) -> &[f64; LANES] {
    slice[at..].first_chunk().expect("the buffers end with room for a vector")
}

/// [`eight`] to write to.
#[inline(always)]
pub(crate) fn eight_mut(slice: &mut [f64], at: usize) -> &mut [f64; LANES] {
    slice[at..].first_chunk_mut().expect("the buffers end with room for a vector")
}

/// The first eight of `re` as a vector, and how many of them there are.
#[inline(always)]
pub(crate) fn load_up_to_eight<S: Simd>(simd: S, re: &[f64]) -> (S::Vector, usize) {
    if let Some(re) = re.first_chunk() {
        return (simd.load(re), LANES);
    }
    let mut padded = [0.0; LANES];
    padded[..re.len()].copy_from_slice(re);
    (simd.load(&padded), re.len())
}

/// The numbers of the set bits, ascending.
#[inline(always)]
pub(crate) fn lanes(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = bits.trailing_zeros() as usize;
        let more = bits != 0;
        bits &= bits.wrapping_sub(1);
        more.then_some(lane)
    })
}
