//! Points whose *rounded* orbit is proven never to escape: nearly all of the main cardioid and of the
//! period-2 disc.
//!
//! That the exact orbit of such a point stays bounded says nothing about the orbit that [`reference`] computes,
//! where each step rounds. So [`proven_interior`] rests on a theorem about rounded orbits, proven here by hand;
//! a margin of at most 10⁻⁵ to the true boundary is what the proof costs.
//!
//! # Theorem
//!
//! Let `f(z) = z² + c`. A point of the main cardioid is `c = λ/2 − λ²/4` with `|λ| < 1`, a point of the
//! period-2 disc `|c + 1| < 1/4` is `c = −1 + λ/4` with `|λ| < 1`; `λ` is the multiplier of the attracting cycle.
//! *If `|λ|² ≤ 1 − 1.84·10⁻⁵` (cardioid) or `|λ|² ≤ 1 − 5.45·10⁻⁵` (disc), then the orbit in f64, rounded to
//! nearest, has `re2 + im2 < 4` at every step: it escapes for no `max_iter`.*
//!
//! In `c`, the excluded rim is `9.2·10⁻⁶ · |1 − λ|/2` wide at the cardioid, `6.9·10⁻⁶` at the disc.
//!
//! # Proof
//!
//! The plan: a hyperbolic disc `S` around the attracting point, so large that `c` lies in it, is mapped well
//! inside itself; the rounding errors are too small to leave it again.
//!
//! **Tools.** Let `B` be a bounded simply connected domain, `ψ` a conformal map of the unit disc onto `B` with
//! `ψ(0) = z`. Then `ω(z) = |ψ'(0)|` is the conformal radius of `B` at `z`, and `p(z, z') = |ψ⁻¹(z')|` the
//! pseudo-hyperbolic distance, symmetric, with `p(x, z) ≤ (p(x, y) + p(y, z)) / (1 + p(x, y) p(y, z))`. Koebe's
//! theorems on growth, distortion and the quarter say, for `z, z'` in `B` and `p = p(z, z')`:
//!
//! 1. `ω(z) p/(1+p)² ≤ |z' − z| ≤ ω(z) p/(1−p)²`;
//! 2. `ω(z') ≥ ω(z) ((1−p)/(1+p))²`;
//! 3. `B` contains every `z'` with `|z' − z| < ω(z)/4`.
//!
//! **The dynamics.** Let `λ ≠ 0` (for `λ = 0` the orbits are `0, 0, …` and `−1, 0, −1, 0, …`, without rounding).
//! We need a domain `B`, a proper map `F: B → B` of degree 2, its fixed point `a` with `F'(a) = λ`, and its
//! critical value, which will be `c`, the start of the orbit.
//!
//! - *Cardioid:* `F = f`, `a = λ/2`, and `B` is the immediate basin of `a`. It contains the critical point 0
//!   (Fatou), and by the maximum principle and Riemann–Hurwitz it is simply connected and the degree is 2.
//! - *Disc:* `F = f²`. The cycle `{a, a'}` attracts, so its immediate basin has two components; `B'` is the one
//!   that contains 0 (and `a'`), `B` the one that contains `c = f(0)` (and `a`). They differ, as no self-map of a
//!   hyperbolic domain has two attracting fixed points. `f: B' → B` has degree 2, `f: B → B'` degree 1 since 0 is
//!   not in `B`, so `F: B → B` has degree 2 and the critical value `f(0) = c`.
//!
//! With `ψ(0) = a`, `ψ⁻¹ ∘ F ∘ ψ` is a Blaschke product of degree 2 with the fixed point 0 and the derivative `λ`
//! there: `w ↦ εw (w − b)/(1 − b̄w)` with `|ε| = 1`, `|b| = |λ|`. Two consequences:
//!
//! 4. `p(a, F(z)) ≤ p (p + |λ|)/(1 + p|λ|)` for `p = p(a, z)`.
//! 5. `p(a, c) = (1 − s)/(1 + s)` with `s² = 1 − |λ|²`. (Rotate until `b > 0`. The critical point `r` in the unit
//!    disc satisfies `br² − 2r + b = 0`, that is `b = 2r/(1 + r²)`, so `(r − b)/(1 − br) = −r`: the critical value
//!    has modulus `r²`. And `s = (1 − r²)/(1 + r²)`.)
//!
//! By 1 and 5, `ω(a) ≥ |c − a| (1 − P)²/P` with `P = p(a, c)`, which is `4s²|c − a|/|λ|²`. Hence
//!
//! 6. `ω(a) ≥ k s²` with `k = 1` for the cardioid, `k = (√2 − 1)²` for the disc.
//!
//! For the cardioid, `|c − a| = |λ|²/4`. For the disc, `a` and `a'` are the roots of `z² + z + c + 1`, so
//! `aa' = c + 1 = λ/4` and `|a| = |1 ± √(1 − λ)|/2 ≤ (1 + √2)/2`; as `a = f(a')`, `|c − a| = |a'|² = |λ|²/(16|a|²)`.
//!
//! **The trap.** Fix `σ`, let `s₀² = σ`, `λ₀² = 1 − σ`, `R = (1 − s₀)/(1 + s₀)`, and let `|λ| ≤ λ₀`, that is
//! `s ≥ s₀`. Let `S` be the set of the `z` in `B` with `p(a, z) ≤ R`. By 5, `c` is in `S`. For `z` in `S`, by 4,
//! `p(a, F(z)) ≤ t = R(R + λ₀)/(1 + Rλ₀) < R`, and by 2 and 6,
//! `ω(F(z)) ≥ ω(a) ((1 − R)/(1 + R))² ≥ k s² s₀² ≥ kσ²`. Let `g = (R − t)/(1 − Rt)`. Claim:
//!
//! 7. if `E ≤ kσ² g/(1 + g)²`, `z` is in `S` and `|z' − F(z)| ≤ E`, then `z'` is in `S`.
//!
//! Indeed `g/(1 + g)² < 1/4`, so `z'` is in `B` by 3. Let `p = p(F(z), z')`; by 1, `p/(1 + p)² ≤ g/(1 + g)²`, so
//! `p ≤ g`, and `p(a, z') ≤ (t + g)/(1 + tg) = R`.
//!
//! To evaluate 7, put `x = (1 − λ₀) R/(1 + R)²`. Then `g = x/(1 − x)` and `g/(1 + g)² = x(1 − x)`. As
//! `R/(1 + R)² = λ₀²/4` and `σ/2 ≤ 1 − λ₀ ≤ σ`, we have `σ(1 − σ)/8 ≤ x ≤ σ/4`, and `x(1 − x) ≥ σ(1 − 2σ)/8`.
//! So 7 holds if
//!
//! 8. `8E ≤ kσ³(1 − 2σ)`.
//!
//! **The rounding errors.** Let `u = 2⁻⁵³`. Rounding a real number below `2ᵏ` in modulus errs by at most `2ᵏu/2`,
//! underflow included. `S` lies in the filled Julia set, and so do its images under `f`; there
//! `|z| ≤ (1 + √(1 + 4|c|))/2 < 1.7248`, as `|c| ≤ 5/4`. Let `|z| < 1.725` and `|f(z)| < 1.725`; then
//! `re² + im² < 2.98`. Of the two squares, one is below 4 and the other below 1, or both are below 2: they err by
//! at most `2.5u` together. Their difference errs by another `2u`, the sum with `cre` by `u`. In the imaginary
//! part `2·re` is exact, the product errs by `2u`, the sum with `cim` by `u`. So
//! a step errs by at most `√(5.5² + 3²) u < 7u`, and the rounded `re2 + im2` is below 4.
//!
//! - *Cardioid:* `E = 7u`, and 8 holds for `σ = 1.84·10⁻⁵`. By induction with 7, the rounded orbit stays in `S`.
//! - *Disc:* two steps from a `z` in `S`, with errors `e` and `e'`, end at `F(z) + 2f(z)e + e² + e'`, so
//!   `E = 4.45·7u`, and 8 holds for `σ = 5.45·10⁻⁵`. Every second point of the rounded orbit lies in `S`, every other
//!   one within `7u` of `f(S)`, so below 1.725, and its exact image within `E` of `S`, so below 1.725 too. ∎
//!
//! # The predicate
//!
//! With `w = 1 − λ` (`Re w > 0`), `w² = 1 − 4c`, `m = |w|²` and `X = Re w²`, `|λ|² = 1 − 2 Re w + m` and
//! `4 (Re w)² = 2(m + X)`. So `|λ|² ≤ 1 − σ` means `m + σ ≤ 2 Re w`, or `(m + σ)² ≤ 2(m + X)`, or
//! `T ≤ 2(1 − σ)m` with `T = m² − 2X + σ²`: no root but in `m`, which squaring removes.
//!
//! Rounding, where the code says yes: then `m² > 10⁻²¹` (below that, `|X| < 3.2·10⁻¹¹` and `T` is near `σ²`,
//! above `2.7·10⁻¹⁰`, and `T²` above `4m²`), so underflow does not matter. But for `10um`, `m² − 2m ≤ T ≤ 2m`, so
//! `m ≤ 4.1` and `σ² ≤ T + 2X ≤ 4.1m`. `X` and `m²` err relatively by at most `u` and `5u`, so `T` by less than
//! `45um`, the comparison by less than `15um`: `T ≤ 2(1 − σ)m + 60um`. Then `(m + σ)² − (2 Re w)² ≤ 60um`, and
//! division by `m + σ + 2 Re w > m` gives `|λ|² ≤ 1 − σ + 60u`. The disc's test errs less. The constants below
//! leave far more.
//!
//! [`reference`]: super::reference

/// `1 − |λ|²` above which a point of the main cardioid counts as proven.
const CARDIOID_GAP: f64 = 1.85e-5;

/// `1 − |λ|²` above which a point of the period-2 disc counts as proven.
const DISC_GAP: f64 = 5.5e-5;

// The theorem's two instances of inequality 8.
const _: () = {
    const STEP_ERROR: f64 = 7.0 * f64::EPSILON / 2.0;
    assert!(is_trapped(1.84e-5, 1.0, STEP_ERROR) && 1.84e-5 < CARDIOID_GAP);
    // (√2 − 1)² = 0.17157...
    assert!(is_trapped(5.45e-5, 0.1715, 4.45 * STEP_ERROR) && 5.45e-5 < DISC_GAP);
};

/// Inequality 8 of the proof. Its slack, above 0.1 %, covers its own rounding.
const fn is_trapped(gap: f64, k: f64, error: f64) -> bool {
    8.0 * error <= 0.999 * k * gap * gap * gap * (1.0 - 2.0 * gap)
}

/// Whether the orbit of `re + i im`, computed in f64 as [`reference`](super::reference) does, is proven never to
/// escape. False outside the main cardioid and the period-2 disc, and where a coordinate is not finite.
///
/// It has no branch, so a loop over a row vectorises.
///
/// ```
/// # use mandel_mpi::kernel::interior::proven_interior;
/// assert!(proven_interior(0.0, 0.0) && proven_interior(-1.0, 0.0));
/// assert!(!proven_interior(0.25, 0.0)); // the cusp never escapes either, but is on the boundary
/// assert!(!proven_interior(-0.1225, 0.7449)); // nor does the centre of the period-3 bulb
/// ```
#[must_use]
#[inline]
pub fn proven_interior(re: f64, im: f64) -> bool {
    in_cardioid(re, im) | in_disc(re, im)
}

/// `|λ|² < 1 − CARDIOID_GAP`. Strictly, because both sides overflow to infinity for a far point.
#[inline]
fn in_cardioid(re: f64, im: f64) -> bool {
    const FACTOR: f64 = 4.0 * (1.0 - CARDIOID_GAP) * (1.0 - CARDIOID_GAP);
    let (x, y) = (1.0 - 4.0 * re, 4.0 * im);
    let square = x * x + y * y;
    let t = square - 2.0 * x + CARDIOID_GAP * CARDIOID_GAP;
    t * t.abs() < FACTOR * square
}

/// `|λ|² < 1 − DISC_GAP`.
#[inline]
fn in_disc(re: f64, im: f64) -> bool {
    let x = re + 1.0;
    x * x + im * im < (1.0 - DISC_GAP) / 16.0
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;
    use std::num::NonZeroU32;

    use num_complex::Complex64;

    use super::super::reference::escape_count;
    use super::*;

    const ONE: Complex64 = Complex64::new(1.0, 0.0);

    /// A component with an attracting cycle, by its multiplier.
    struct Component {
        gap: f64,
        c: fn(Complex64) -> Complex64,
        multiplier: fn(Complex64) -> Complex64,
        /// Inequality 8's `k`, and how many times one step's error its `E` is.
        k_and_errors: (f64, f64),
    }

    const COMPONENTS: [Component; 2] = [
        Component {
            gap: CARDIOID_GAP,
            c: |l| l / 2.0 - l * l / 4.0,
            multiplier: |c| ONE - (ONE - 4.0 * c).sqrt(),
            k_and_errors: (1.0, 1.0),
        },
        Component {
            gap: DISC_GAP,
            c: |l| l / 4.0 - ONE,
            multiplier: |c| 4.0 * (c + ONE),
            k_and_errors: (0.1715, 4.45),
        },
    ];

    /// Angles around the circle, those of small denominator among them, and some close to 0, the cusp.
    fn angles(n: u32) -> impl Iterator<Item = f64> {
        let around = (0..n).map(move |j| TAU * f64::from(j) / f64::from(n));
        around.chain((1..=12).flat_map(|e| [10f64.powi(-e), -3.0 * 10f64.powi(-e)]))
    }

    fn proven(c: Complex64) -> bool {
        proven_interior(c.re, c.im)
    }

    #[test]
    fn no_proven_point_at_the_margin_escapes() {
        const MAX_ITER: NonZeroU32 = NonZeroU32::new(20_000).expect("not zero");
        for component in &COMPONENTS {
            for (angle, e) in angles(60).flat_map(|angle| (3..=16).map(move |e| (angle, e))) {
                let beyond_gap = 10f64.powi(-e);
                let modulus = (1.0 - component.gap - beyond_gap).sqrt();
                let c = (component.c)(Complex64::from_polar(modulus, angle));
                assert!(proven(c) || e > 9, "{c} is 1e-{e} inside");
                if proven(c) {
                    assert_eq!(escape_count(c, MAX_ITER), MAX_ITER.get(), "{c}");
                }
            }
        }
    }

    #[test]
    fn the_margin_is_where_the_proof_has_it() {
        let is_inside = |c: Complex64, slack: f64| {
            COMPONENTS.iter().any(|k| (k.multiplier)(c).norm_sqr() < 1.0 - k.gap + slack)
        };
        let grid = |n: u32, lower: f64, width: f64| {
            (0..n).map(move |j| lower + width * (f64::from(j) + 0.5) / f64::from(n))
        };
        let far = grid(1500, -2.5, 4.0).flat_map(|re| grid(1000, -1.5, 3.0).map(move |im| (re, im)));
        let cusp = grid(1000, 0.2499, 0.0002).flat_map(|re| grid(500, -2e-6, 4e-6).map(move |im| (re, im)));
        for (re, im) in far.chain(cusp) {
            let c = Complex64::new(re, im);
            assert!(!proven(c) || is_inside(c, 1e-12), "{c} is proven");
            assert!(proven(c) || !is_inside(c, -1e-12), "{c} is not proven");
        }
        for component in &COMPONENTS {
            for (angle, e) in angles(10_000).flat_map(|angle| (0..=13).map(move |e| (angle, e))) {
                let modulus = (1.0 - component.gap + 10f64.powi(-e)).sqrt();
                let c = (component.c)(Complex64::from_polar(modulus, angle));
                assert!(!proven(c) || is_inside(c, 1e-12), "{c} is proven");
            }
        }
    }

    #[test]
    fn far_and_non_finite_points_are_not_proven() {
        let far = (0..=308).map(|e| 10f64.powi(e)).chain([f64::MAX, f64::INFINITY, f64::NAN]);
        for x in far {
            for (re, im) in [(x, 0.0), (-x, 0.1), (0.0, x), (-1.0, -x), (x, x), (-x, x)] {
                assert_eq!(proven_interior(re, im), (re, im) == (-1.0, 0.1), "({re}, {im})");
            }
        }
    }

    #[test]
    fn it_finds_seven_in_eight_of_the_points_that_stay_in_area1() {
        let max_iter = NonZeroU32::new(80).expect("not zero");
        let sample = |lower: f64, j: u32| f64::from(j) * (2.5 / 999.0) + lower;
        let (mut stayed, mut exact, mut found) = (0, 0, 0);
        for (y, x) in (0..1000).flat_map(|y| (0..1000).map(move |x| (y, x))) {
            let c = Complex64::new(sample(-2.0, x), sample(-1.25, y));
            let stays = escape_count(c, max_iter) == max_iter.get();
            assert!(stays || !proven(c), "{c}");
            stayed += u32::from(stays);
            exact += u32::from(COMPONENTS.iter().any(|k| (k.multiplier)(c).norm_sqr() < 1.0));
            found += u32::from(proven(c));
        }
        println!("stayed {stayed}, in the exact cardioid or disc {exact}, proven {found}");
        assert!(stayed == 248_518 && found * 8 > stayed * 7 && exact - found < 20);
    }

    /// The proof at a scale where its errors are far above those of f64: a wide gap, and in each step the error
    /// of the admitted size that drives the orbit farthest from the attracting point.
    #[test]
    fn the_trap_holds_against_the_worst_errors() {
        for component in &COMPONENTS {
            let (k, errors) = component.k_and_errors;
            for (gap, angle) in
                [0.3, 0.1, 0.03, 0.01].into_iter().flat_map(|g| angles(60).map(move |a| (g, a)))
            {
                let error = 0.99 * k * gap * gap * gap * (1.0 - 2.0 * gap) / (8.0 * errors);
                assert!(is_trapped(gap, k, errors * error), "gap {gap}");
                let c = (component.c)(Complex64::from_polar((1.0 - gap).sqrt(), angle));
                let step = |z: Complex64| z * z + c;
                let settled = (0..5000).fold([c, step(c)], |[_, z], _| [z, step(z)]);
                let mut z = c;
                for n in 0..3000 {
                    let next = step(z);
                    let away = next - settled[(n + 1) % 2];
                    z = next + away / away.norm().max(1e-300) * error;
                    assert!(z.norm() < 1.725, "gap {gap}, angle {angle}, step {n}");
                }
            }
        }
    }
}
