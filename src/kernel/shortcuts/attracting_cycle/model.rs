//! Models of the orbits of a disc of points, eight at a time; the head of [`attracting_cycle`](super) says
//! what a model is.

use crate::kernel::simd::{Orbit, Simd, norm, twice_product};

/// No orbit of a model comes so far from 0.
pub(crate) const FARTHEST: f64 = 1.99;
/// What rounding adds to the error of a model in one step, at most.
pub(crate) const STEP_ERROR: f64 = 1e-14;
/// Covers the rounding of an error itself.
pub(crate) const UP: f64 = 1.0 + 1e-14;

/// A step of eight models, beside steps of points that a kernel iterates.
pub(crate) const MODEL_COST: u64 = 32;

/// Eight models.
#[derive(Clone, Copy)]
pub(crate) struct Models<V> {
    pub(crate) c: Orbit<V>,
    pub(crate) z: Orbit<V>,
    /// `d`, `r`, `h` and `R`.
    pub(crate) by_c: Orbit<V>,
    pub(crate) disc_radius: V,
    pub(crate) by_start: Orbit<V>,
    pub(crate) start_radius: V,
    pub(crate) error: V,
}

impl<V: Copy> Models<V> {
    /// `|z|` and `s`.
    #[inline(always)]
    pub(crate) fn extent<S: Simd<Vector = V>>(&self, simd: S) -> (V, V) {
        let of_c = simd.mul(norm(simd, self.by_c), self.disc_radius);
        let of_start = simd.mul(norm(simd, self.by_start), self.start_radius);
        (norm(simd, self.z), simd.add(of_c, of_start))
    }

    /// The models of the next step, given `|z|` and `s`.
    #[inline(always)]
    pub(crate) fn step<S: Simd<Vector = V>>(self, simd: S, (norm, spread): (V, V)) -> Self {
        let one = simd.splat(1.0);
        let by_c = twice_product(simd, self.z, self.by_c);
        let all = simd.add(spread, self.error);
        let grown = simd.mul(simd.add(norm, norm), self.error);
        let error = simd.add(simd.add(grown, simd.mul(all, all)), simd.splat(STEP_ERROR));
        Self {
            z: simd.step(self.z, self.c, false),
            by_c: Orbit { re: simd.add(by_c.re, one), im: by_c.im },
            by_start: twice_product(simd, self.z, self.by_start),
            error: simd.mul(error, simd.splat(UP)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex64;

    use super::*;
    use crate::kernel::shortcuts::patches::Disc;
    use crate::kernel::simd::{LANES, Portable, get};

    /// A model from the beginning of the orbits of `disc`, as `reach` has it.
    fn model(disc: Disc) -> Models<[f64; LANES]> {
        let number = |z: Complex64| Orbit { re: [z.re; LANES], im: [z.im; LANES] };
        Models {
            c: number(disc.centre),
            z: number(disc.centre),
            by_c: number(Complex64::ONE),
            disc_radius: [disc.radius; LANES],
            by_start: number(Complex64::ZERO),
            start_radius: [0.0; LANES],
            error: [0.0; LANES],
        }
    }

    #[test]
    fn models_hold_the_orbits() {
        let mut steps = 0;
        for (j, k) in (0..60).flat_map(|j| (1..=13).map(move |k| (j, k))) {
            let angle = f64::from(j) * 0.1047;
            let centre = Complex64::from_polar(0.2 + 0.02 * f64::from(j), angle);
            let disc = Disc { centre, radius: 10f64.powi(-k) };
            let points =
                [0.0, 1.3, 2.9, 5.1].map(|a| centre + Complex64::from_polar(0.999_999 * disc.radius, a));
            let (mut model, mut orbits) = (model(disc), points);
            loop {
                let (norm, spread) = model.extent(Portable);
                if norm[0] + spread[0] + model.error[0] > FARTHEST || steps % 5000 == 4999 {
                    break;
                }
                for (z, c) in orbits.iter().zip(points) {
                    let predicted = get(&model.z, 0) + get(&model.by_c, 0) * (c - centre);
                    // What is subtracted here is rounded, too.
                    let error = (z - predicted).norm() - 1e-15;
                    assert!(error <= model.error[0], "{c}: {error:e} > {:e}", model.error[0]);
                }
                model = model.step(Portable, (norm, spread));
                orbits = std::array::from_fn(|i| {
                    let (z, c) = (orbits[i], points[i]);
                    Complex64::new(z.re * z.re - z.im * z.im + c.re, 2.0 * z.re * z.im + c.im)
                });
                steps += 1;
            }
            steps += 1;
        }
        assert!(steps > 50_000, "{steps}");
    }
}
