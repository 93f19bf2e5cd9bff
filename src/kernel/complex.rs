//! Complex numbers, eight at a time, and their way between vectors and single numbers.

use num_complex::Complex64;

use super::orbit::Orbit;
use super::simd::{LANES, Simd};

/// A value for each lane.
pub(super) type PerLane = [f64; LANES];

/// The complex number of a lane.
pub(super) fn get(of: &Orbit<PerLane>, lane: usize) -> Complex64 {
    Complex64::new(of.re[lane], of.im[lane])
}

/// A complex number of each of up to eight items.
pub(super) fn numbers<T>(items: &[T], number: impl Fn(&T) -> Complex64) -> Orbit<PerLane> {
    Orbit { re: reals(items, |item| number(item).re), im: reals(items, |item| number(item).im) }
}

/// A number of each of up to eight items.
pub(super) fn reals<T>(items: &[T], number: impl Fn(&T) -> f64) -> PerLane {
    std::array::from_fn(|lane| items.get(lane).map_or(0.0, &number))
}

pub(super) const NO_NUMBERS: Orbit<PerLane> = Orbit { re: [0.0; LANES], im: [0.0; LANES] };

#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, from: &Orbit<PerLane>) -> Orbit<S::Vector> {
    Orbit { re: simd.load(&from.re), im: simd.load(&from.im) }
}

#[inline(always)]
pub(super) fn store_where<S: Simd>(simd: S, mask: S::Mask, from: Orbit<S::Vector>, to: &mut Orbit<PerLane>) {
    simd.store_where(mask, from.re, &mut to.re);
    simd.store_where(mask, from.im, &mut to.im);
}

#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, from: Orbit<S::Vector>) -> Orbit<PerLane> {
    let mut to = NO_NUMBERS;
    simd.store(from.re, &mut to.re);
    simd.store(from.im, &mut to.im);
    to
}

/// `2ab`.
#[inline(always)]
pub(super) fn twice_product<S: Simd>(simd: S, a: Orbit<S::Vector>, b: Orbit<S::Vector>) -> Orbit<S::Vector> {
    let twice = Orbit { re: simd.add(a.re, a.re), im: simd.add(a.im, a.im) };
    Orbit {
        re: simd.sub(simd.mul(twice.re, b.re), simd.mul(twice.im, b.im)),
        im: simd.add(simd.mul(twice.re, b.im), simd.mul(twice.im, b.re)),
    }
}

/// `|z|²`.
#[inline(always)]
pub(super) fn norm_sqr<S: Simd>(simd: S, z: Orbit<S::Vector>) -> S::Vector {
    simd.add(simd.mul(z.re, z.re), simd.mul(z.im, z.im))
}

/// `|z|`.
#[inline(always)]
pub(super) fn norm<S: Simd>(simd: S, z: Orbit<S::Vector>) -> S::Vector {
    simd.sqrt(norm_sqr(simd, z))
}

/// `|Re z| + |Im z|`, which is `|z|` at least.
#[inline(always)]
pub(super) fn taxicab<S: Simd>(simd: S, z: Orbit<S::Vector>) -> S::Vector {
    simd.add(simd.abs(z.re), simd.abs(z.im))
}

/// Up to eight items at a time.
pub(super) fn chunks<T>(mut items: impl Iterator<Item = T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        Some(items.by_ref().take(LANES).collect()).filter(|chunk: &Vec<T>| !chunk.is_empty())
    })
}
