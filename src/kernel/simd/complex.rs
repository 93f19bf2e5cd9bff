//! Complex numbers, eight at a time, and their way between vectors and single numbers.

use num_complex::Complex64;

use super::orbit::Orbit;
use super::vector::{LANES, Simd};

/// A value for each lane.
pub(crate) type PerLane = [f64; LANES];

/// The complex number of a lane.
pub(crate) fn get(of: &Orbit<PerLane>, lane: usize) -> Complex64 {
    Complex64::new(of.re[lane], of.im[lane])
}

/// A complex number of each of up to eight items.
pub(crate) fn numbers<T>(items: &[T], number: impl Fn(&T) -> Complex64) -> Orbit<PerLane> {
    Orbit { re: reals(items, |item| number(item).re), im: reals(items, |item| number(item).im) }
}

/// A number of each of up to eight items.
pub(crate) fn reals<T>(items: &[T], number: impl Fn(&T) -> f64) -> PerLane {
    std::array::from_fn(|lane| items.get(lane).map_or(0.0, &number))
}

pub(crate) const NO_NUMBERS: Orbit<PerLane> = Orbit { re: [0.0; LANES], im: [0.0; LANES] };

#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, from: &Orbit<PerLane>) -> Orbit<S::Vector> {
    Orbit { re: simd.load(&from.re), im: simd.load(&from.im) }
}

#[inline(always)]
pub(crate) fn store_where<S: Simd>(simd: S, mask: S::Mask, from: Orbit<S::Vector>, to: &mut Orbit<PerLane>) {
    simd.store_where(mask, from.re, &mut to.re);
    simd.store_where(mask, from.im, &mut to.im);
}

#[inline(always)]
pub(crate) fn store<S: Simd>(simd: S, from: Orbit<S::Vector>) -> Orbit<PerLane> {
    Orbit { re: simd.to_array(from.re), im: simd.to_array(from.im) }
}

/// A complex number in every lane.
#[inline(always)]
pub(crate) fn splat<S: Simd>(simd: S, z: Complex64) -> Orbit<S::Vector> {
    Orbit { re: simd.splat(z.re), im: simd.splat(z.im) }
}

/// `a + b`.
#[inline(always)]
pub(crate) fn add<S: Simd>(simd: S, a: Orbit<S::Vector>, b: Orbit<S::Vector>) -> Orbit<S::Vector> {
    Orbit { re: simd.add(a.re, b.re), im: simd.add(a.im, b.im) }
}

/// `ab`.
#[inline(always)]
pub(crate) fn product<S: Simd>(simd: S, a: Orbit<S::Vector>, b: Orbit<S::Vector>) -> Orbit<S::Vector> {
    Orbit {
        re: simd.sub(simd.mul(a.re, b.re), simd.mul(a.im, b.im)),
        im: simd.add(simd.mul(a.re, b.im), simd.mul(a.im, b.re)),
    }
}

/// `2ab`.
#[inline(always)]
pub(crate) fn twice_product<S: Simd>(simd: S, a: Orbit<S::Vector>, b: Orbit<S::Vector>) -> Orbit<S::Vector> {
    let twice = Orbit { re: simd.add(a.re, a.re), im: simd.add(a.im, a.im) };
    Orbit {
        re: simd.sub(simd.mul(twice.re, b.re), simd.mul(twice.im, b.im)),
        im: simd.add(simd.mul(twice.re, b.im), simd.mul(twice.im, b.re)),
    }
}

/// `|z|²`.
#[inline(always)]
pub(crate) fn norm_sqr<S: Simd>(simd: S, z: Orbit<S::Vector>) -> S::Vector {
    simd.add(simd.mul(z.re, z.re), simd.mul(z.im, z.im))
}

/// `|z|`.
#[inline(always)]
pub(crate) fn norm<S: Simd>(simd: S, z: Orbit<S::Vector>) -> S::Vector {
    simd.sqrt(norm_sqr(simd, z))
}

/// `|Re z| + |Im z|`, which is `|z|` at least.
#[inline(always)]
pub(crate) fn taxicab<S: Simd>(simd: S, z: Orbit<S::Vector>) -> S::Vector {
    simd.add(simd.abs(z.re), simd.abs(z.im))
}

/// Up to eight items at a time.
pub(crate) fn chunks<T>(mut items: impl Iterator<Item = T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        Some(items.by_ref().take(LANES).collect()).filter(|chunk: &Vec<T>| !chunk.is_empty())
    })
}
