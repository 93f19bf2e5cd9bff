//! The orbits of neighbours as a series in the distance from the centre of their patch. A bound of the error
//! of the *rounded* orbits goes with it, so that it proves where they are.
//!
//! # The proof
//!
//! Let the points be `c = c₀ + δ` with `|δ| ≤ r`. A *series* of their orbits at one step is the numbers `z`,
//! `a`, `b` and `e`: every orbit is at `z + aδ + bδ²` but for an error of at most `e`. Let `s ≥ |a| r` and `t
//! ≥ |b| r²`. From `(z + x)² + c₀ + δ = (z² + c₀) + 2zx + x² + δ` with `x = aδ + bδ²` and the error in it
//! follows that the series of the next step is
//!
//! > `z² + c₀`, `2za + 1`, `2zb + a²` and `2|z| e + (2(s + t) + e) e + t (2s + t) +` [`STEP_ERROR`].
//!
//! It is tracked only while `|z| + s + t + e ≤ `[`FARTHEST`]. Then no number in a step of the definition or
//! of `z` here exceeds 42, so that each of them errs by less than `130u` (`u = 2⁻⁵³`); the steps of `aδ` and
//! `bδ²` err by less than `300u` together, as `2|z| (s + t) ≤ 18` and `s² ≤ 36`. All that is less than
//! [`STEP_ERROR`]. What adds up to an error is positive, so its own rounding is relative, less than `16u` a
//! step, which [`UP`] covers.
//!
//! With another centre `c₀ + δ₀` the series is `z + aδ₀ + bδ₀²`, `a + 2bδ₀`, `b` and `e`, for the same points
//! and so for any part of them; rounding adds less than [`STEP_ERROR`].
//!
//! While `|z| + s + t + e < 2` all orbits are inside. With `w = z + aδ + bδ²` the orbit of a point is outside
//! if `|w| − e > 2` and inside if `|w| + e < 2`. In these comparisons [`CIRCLE_SLACK`] covers the rounding,
//! that of the definition's `re² + im²` included.

use num_complex::Complex64;

use crate::kernel::simd::{
    Orbit, Simd, add, get, load, norm, norm_sqr, numbers, product, reals, splat, store, taxicab,
    twice_product,
};

/// What rounding adds to the error of a series in one step, at most.
const STEP_ERROR: f64 = 1e-13;
/// Covers the rounding of an error itself.
const UP: f64 = 1.0 + 1e-14;
/// Covers the rounding where an orbit is compared with the circle.
pub(crate) const CIRCLE_SLACK: f64 = 1e-12;
/// No series is tracked farther than this from 0.
pub(crate) const FARTHEST: f64 = 6.0;

/// A series of the orbits of the points around `centre`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series {
    pub(crate) centre: Complex64,
    pub(crate) step: u32,
    pub(crate) z: Complex64,
    a: Complex64,
    b: Complex64,
    pub(crate) error: f64,
}

impl Series {
    /// That of the points themselves.
    pub(crate) fn new(centre: Complex64) -> Self {
        Self { centre, step: 0, z: centre, a: Complex64::ONE, b: Complex64::ZERO, error: 0.0 }
    }

    /// The same around another point.
    pub(crate) fn around(&self, centre: Complex64) -> Self {
        let shift = centre - self.centre;
        Self {
            centre,
            z: self.z + shift * (self.a + shift * self.b),
            a: self.a + 2.0 * shift * self.b,
            error: (self.error + STEP_ERROR) * UP,
            ..*self
        }
    }

    /// The squared distance from 0 of the orbits of the points `re + i im`.
    #[inline(always)]
    pub(crate) fn norm_sqr<S: Simd>(&self, simd: S, re: S::Vector, im: f64) -> S::Vector {
        let delta =
            Orbit { re: simd.sub(re, simd.splat(self.centre.re)), im: simd.splat(im - self.centre.im) };
        let slope = add(simd, splat(simd, self.a), product(simd, delta, splat(simd, self.b)));
        norm_sqr(simd, add(simd, splat(simd, self.z), product(simd, delta, slope)))
    }
}

/// Eight series of discs of points.
#[derive(Clone, Copy)]
pub(crate) struct SeriesBatch<V> {
    c: Orbit<V>,
    radius: V,
    pub(crate) z: Orbit<V>,
    a: Orbit<V>,
    b: Orbit<V>,
    pub(crate) error: V,
}

/// `|z|`, `s` and `t`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread<V> {
    norm: V,
    linear: V,
    quadratic: V,
}

impl<V: Copy> Spread<V> {
    /// How far from 0 the orbits are at most, but for the error.
    #[inline(always)]
    pub(crate) fn all<S: Simd<Vector = V>>(self, simd: S) -> V {
        simd.add(simd.add(self.norm, self.linear), self.quadratic)
    }
}

impl<V: Copy> SeriesBatch<V> {
    #[inline(always)]
    pub(crate) fn new<S: Simd<Vector = V>>(simd: S, series: &[Series], radii: &[f64]) -> Self {
        Self {
            c: load(simd, &numbers(series, |series| series.centre)),
            radius: simd.load(&reals(radii, |&radius| radius)),
            z: load(simd, &numbers(series, |series| series.z)),
            a: load(simd, &numbers(series, |series| series.a)),
            b: load(simd, &numbers(series, |series| series.b)),
            error: simd.load(&reals(series, |series| series.error)),
        }
    }

    #[inline(always)]
    pub(crate) fn spread<S: Simd<Vector = V>>(&self, simd: S) -> Spread<V> {
        let linear = simd.mul(taxicab(simd, self.a), self.radius);
        let quadratic = simd.mul(simd.mul(taxicab(simd, self.b), self.radius), self.radius);
        Spread { norm: norm(simd, self.z), linear, quadratic }
    }

    #[inline(always)]
    pub(crate) fn step<S: Simd<Vector = V>>(self, simd: S, spread: Spread<V>) -> Self {
        let Spread { linear, quadratic, .. } = spread;
        let za = twice_product(simd, self.z, self.a);
        let zb = twice_product(simd, self.z, self.b);
        let all = spread.all(simd);
        let grown = simd.mul(simd.add(simd.add(all, all), self.error), self.error);
        let beyond = simd.mul(simd.add(simd.add(linear, linear), quadratic), quadratic);
        let error = simd.add(simd.add(grown, beyond), simd.splat(STEP_ERROR));
        Self {
            z: simd.step(self.z, self.c, false),
            a: Orbit { re: simd.add(za.re, simd.splat(1.0)), im: za.im },
            b: add(simd, zb, product(simd, self.a, self.a)),
            error: simd.mul(error, simd.splat(UP)),
            ..self
        }
    }

    /// One of them, at `step`; `of` tells its centre.
    #[inline(always)]
    pub(crate) fn lane<S: Simd<Vector = V>>(&self, simd: S, lane: usize, of: &Series, step: u32) -> Series {
        let (z, a, b) = (store(simd, self.z), store(simd, self.a), store(simd, self.b));
        let (z, a, b) = (get(&z, lane), get(&a, lane), get(&b, lane));
        Series { centre: of.centre, step, z, a, b, error: simd.to_array(self.error)[lane] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::simd::{LANES, Portable};

    fn eight(series: Series, radius: f64) -> SeriesBatch<[f64; LANES]> {
        SeriesBatch::new(Portable, &[series], &[radius])
    }

    /// By how much the orbits at `z` of the points `c` exceed the error of a series.
    fn excess(series: &Series, orbits: &[Complex64], points: &[Complex64]) -> f64 {
        let distances = orbits.iter().zip(points).map(|(z, c)| {
            let delta = c - series.centre;
            // What is subtracted here is rounded, too.
            (z - (series.z + delta * (series.a + delta * series.b))).norm() - 1e-14 - series.error
        });
        distances.fold(f64::NEG_INFINITY, f64::max)
    }

    /// Series of many sizes at many places; half-way to their end each goes on around another point.
    #[test]
    fn series_hold_the_orbits() {
        let (mut steps, mut tight) = (0, 0);
        for (j, k) in (0..60).flat_map(|j| (1..=12).map(move |k| (j, k))) {
            let centre = Complex64::from_polar(0.3 + 0.02 * f64::from(j), f64::from(j) * 0.1047);
            let part = centre + Complex64::from_polar(0.5 * 10f64.powi(-k), 1.0);
            let points: Vec<Complex64> =
                (0..7).map(|i| part + Complex64::from_polar(0.49 * 10f64.powi(-k), f64::from(i))).collect();
            for division in [1000, 3, 17, 60] {
                let mut orbits = points.clone();
                let (mut series, mut models) =
                    (Series::new(centre), eight(Series::new(centre), 10f64.powi(-k)));
                for n in 0..400 {
                    if n == division {
                        series = models.lane(Portable, 0, &series, n).around(part);
                        models = eight(series, 0.5 * 10f64.powi(-k));
                    }
                    let spread = models.spread(Portable);
                    if spread.all(Portable)[0] + models.error[0] > FARTHEST {
                        break;
                    }
                    series = models.lane(Portable, 0, &series, n);
                    let excess = excess(&series, &orbits, &points);
                    assert!(excess <= 0.0, "{centre}, 1e-{k}, step {n}: {excess:e}");
                    tight += u32::from(excess > -0.9 * series.error && series.error > 1e-10);
                    models = models.step(Portable, spread);
                    for (z, c) in orbits.iter_mut().zip(&points) {
                        *z = Complex64::new(z.re * z.re - z.im * z.im + c.re, 2.0 * z.re * z.im + c.im);
                    }
                    steps += 1;
                }
            }
        }
        println!("{steps} steps, in {tight} the error was used to a tenth or more");
        assert!(steps > 50_000 && tight > 1000, "{steps}, {tight}");
    }
}
