//! One step of the orbits of a vector of points.
//!
//! The definition's step costs three multiplications and three additions, and the doubling in `2 re im`: an
//! addition, or nothing where it is folded into `fma(2, re im, c_im)`. That form rounds twice, as the definition
//! does, because doubling is exact; the one exception, a subnormal `re im`, is kept away by
//! [`sort`](super::sort).

use super::simd::Simd;

/// Where the orbits of a vector of points are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Orbit<V> {
    pub(super) re: V,
    pub(super) im: V,
}

/// The squares of the coordinates: the escape test and the next step both need them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Squares<V> {
    re: V,
    im: V,
}

impl<V: Copy> Orbit<V> {
    #[inline(always)]
    pub(super) fn squares<S: Simd<Vector = V>>(self, simd: S) -> Squares<V> {
        Squares { re: simd.mul(self.re, self.re), im: simd.mul(self.im, self.im) }
    }

    /// `z² + c`, given the squares of `z`. With `fused` the doubling is folded into the addition.
    #[inline(always)]
    pub(super) fn step<S: Simd<Vector = V>>(
        self,
        simd: S,
        squares: Squares<V>,
        c: Self,
        fused: bool,
    ) -> Self {
        let im = if fused {
            simd.twice_product_plus(self.re, self.im, c.im)
        } else {
            simd.add(simd.mul(simd.add(self.re, self.re), self.im), c.im)
        };
        Self { re: simd.add(simd.sub(squares.re, squares.im), c.re), im }
    }
}

impl<V: Copy> Squares<V> {
    /// Whether `|z| <= 2`: false also where the orbit has left the finite numbers.
    #[inline(always)]
    pub(super) fn inside<S: Simd<Vector = V>>(self, simd: S) -> S::Mask {
        simd.le(simd.add(self.re, self.im), simd.splat(4.0))
    }
}
