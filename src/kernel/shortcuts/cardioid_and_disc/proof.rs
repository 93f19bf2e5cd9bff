//! The proof behind [`proven_interior`](super::proven_interior), by hand; the compiler checks its numbers.
//!
//! # Theorem
//!
//! Let `f(z) = z² + c`. A point of the main cardioid is `c = λ/2 − λ²/4` with `|λ| < 1`, a point of the
//! period-2 disc `|c + 1| < 1/4` is `c = −1 + λ/4` with `|λ| < 1`; `λ` is the multiplier of the attracting
//! cycle. *The orbit in f64, rounded to nearest, has `re2 + im2 < 4` at every step, so it escapes for no
//! `max_iter`, if*
//!
//! - `c` is in the cardioid and `|λ|² ≤ 1 − 1.84·10⁻⁵`, or
//! - `c` is in the cardioid, `|1 − λ| ≥ 1/4` and `|λ|² ≤ 1 − 3.65·10⁻⁶`, or
//! - `c` is in the disc and `|λ|² ≤ 1 − 1.25·10⁻⁵`.
//!
//! `1 − |λ|` is half of that, and `|dc/dλ|` is `|1 − λ|/2` or `1/4`: in the plane of `c` the rim is at most
//! `1.2·10⁻⁶` wide around the cusp, `1.9·10⁻⁶` along the rest of the cardioid, `1.6·10⁻⁶` along the disc.
//!
//! # Proof
//!
//! The plan: a hyperbolic disc `S` around the attracting point, so large that `c` lies in it, is mapped well
//! inside itself; the rounding errors are too small to leave it again.
//!
//! **Tools.** Let `B` be a bounded simply connected domain, `ψ` a conformal map of the unit disc onto `B`
//! with `ψ(0) = z`. Then `ω(z) = |ψ'(0)|` is the conformal radius of `B` at `z`, and `p(z, z') = |ψ⁻¹(z')|`
//! the pseudo-hyperbolic distance, symmetric, with `p(x, z) ≤ (p(x, y) + p(y, z)) / (1 + p(x, y) p(y, z))`.
//! Koebe's theorems on growth, distortion and the quarter say, for `z, z'` in `B` and `p = p(z, z')`:
//!
//! 1. `ω(z) p/(1+p)² ≤ |z' − z| ≤ ω(z) p/(1−p)²`;
//! 2. `ω(z') ≥ ω(z) ((1−p)/(1+p))²`;
//! 3. `B` contains every `z'` with `|z' − z| < ω(z)/4`.
//!
//! **The dynamics.** Let `λ ≠ 0` (for `λ = 0` the orbits are `0, 0, …` and `−1, 0, −1, 0, …`, without
//! rounding). We need a domain `B`, a proper map `F: B → B` of degree 2, its fixed point `a` with
//! `F'(a) = λ`, and its critical value, which will be `c`, the start of the orbit.
//!
//! - *Cardioid:* `F = f`, `a = λ/2`, and `B` is the immediate basin of `a`. It contains the critical point 0
//!   (Fatou), and by the maximum principle and Riemann–Hurwitz it is simply connected and the degree is 2.
//! - *Disc:* `F = f²`. The cycle `{a, a'}` attracts, so its immediate basin has two components; `B'` is the
//!   one that contains 0 (and `a'`), `B` the one that contains `c = f(0)` (and `a`). They differ, as no
//!   holomorphic map of a bounded domain into itself has two attracting fixed points. `f: B' → B` has degree
//!   2, `f: B → B'` degree 1 since 0 is not in `B`, so `F: B → B` has degree 2 and the critical value
//!   `f(0) = c`.
//!
//! With `ψ(0) = a`, `ψ⁻¹ ∘ F ∘ ψ` is a Blaschke product of degree 2 with the fixed point 0 and the
//! derivative `λ` there: `w ↦ εw (w − b)/(1 − b̄w)` with `|ε| = 1`, `|b| = |λ|`. Two consequences:
//!
//! 4. `p(a, F(z)) ≤ p (p + |λ|)/(1 + p|λ|)` for `p = p(a, z)`.
//! 5. `p(a, c) = (1 − s)/(1 + s)` with `s² = 1 − |λ|²`. (Rotate until `b > 0`. The critical point `r` in the
//!    unit disc satisfies `br² − 2r + b = 0`, that is `b = 2r/(1 + r²)`, so `(r − b)/(1 − br) = −r`: the
//!    critical value has modulus `r²`. And `s = (1 − r²)/(1 + r²)`.)
//!
//! **The conformal radius at `a`.** By 1 and 5, `ω(a) ≥ |c − a| (1 − P)²/P` with `P = p(a, c)`, which is
//! `4s²|c − a|/|λ|²`. Hence
//!
//! 6. `ω(a) ≥ k s²` with `k = 1` for the cardioid, `k = (√2 − 1)²` for the disc.
//!
//! For the cardioid, `|c − a| = |λ|²/4`. For the disc, `a` and `a'` are the roots of `z² + z + c + 1`, so
//! `aa' = c + 1 = λ/4` and `|a| = |1 ± √(1 − λ)|/2 ≤ (1 + √2)/2`; as `a = f(a')`,
//! `|c − a| = |a'|² = |λ|²/(16|a|²)`.
//!
//! As `s → 0` there is more room, except at the cusp. Let `F(a + u) = a + v`, `v = λu + Au² + qu³` (`q` may
//! depend on `u`), and `h(u) = u + bu²` with `b = A/(λ(1 − λ))`, a coordinate without the quadratic term: by
//! expansion, `h(v) = λh(u) (1 + Cu²/(1 + bu))` with `C = q/λ + 2bA + (2q + A²/λ)bu + (2bA + bqu)qu²/λ`.
//!
//! 7. `ω(a) ≥ τ' = τ(1 − |b|τ)` if `|b|τ < 1/2` and `|C|τ² ≤ (1 − |b|τ)(1 − |λ|)` for `|u| ≤ τ`.
//!
//! Indeed `h` is univalent for `|u| < τ`, and `|h(u)| ≥ τ'` for `|u| = τ`. So the component `U` of
//! `{|h| < τ'}` that contains 0 lies in `|u| < τ`, and `h` maps it conformally onto the disc of radius `τ'`,
//! with `h'(0) = 1`. For `u` in `U`, `|h(v)| ≤ |λ|(2 − |λ|)|h(u)| < τ'`, so `F` maps `a + U` into itself
//! (the image is connected and contains `a`). So the iterates of `F` stay bounded there, `a + U` is part of
//! `B`, and the conformal radius of `a + U` at `a` is `τ'`.
//!
//! Now let `1 − |λ|² ≥ σ`, so `1 − |λ| ≥ σ/2`, and `|λ|² ≥ 0.998`; where `|λ|` is smaller, 6 gives more than
//! what follows.
//!
//! - *Cardioid, `|1 − λ| ≥ 1/4`, `σ = 3.65·10⁻⁶`:* `A = 1`, `q = 0`; `τ = 4.74·10⁻⁴` has `|b| < 4.01`,
//!   `|C| < 8.03`.
//! - *Disc, `σ = 1.25·10⁻⁵`:* `F(a + u) = a + 4aa'u + (2a' + 4a²)u² + (4a + u)u³`. With `a = −(1 + d)/2`,
//!   where `d² = 1 − λ` and so `√(σ/2) ≤ |d| ≤ √2`, `A = 3d + d²`. So `|λb| = |A/d²| ≤ 1 + 3/|d|`,
//!   `|λbA| = |A/d|² ≤ (3 + √2)²`, `|A|² < 39`, `|q| < 4.83`; `τ = 2.66·10⁻⁴` has `|b| < 1203`,
//!   `|C| < 59.6`.
//!
//! **The trap.** Fix `σ`, let `s₀² = σ`, `λ₀² = 1 − σ`, `R = (1 − s₀)/(1 + s₀)`, and let `|λ| ≤ λ₀`, that is
//! `s ≥ s₀`; let `ω(a) ≥ W`. Let `S` be the set of the `z` in `B` with `p(a, z) ≤ R`. By 5, `c` is in `S`.
//! For `z` in `S`, by 4, `p(a, F(z)) ≤ t = R(R + λ₀)/(1 + Rλ₀) < R`, so by 2,
//! `ω(F(z)) ≥ W ((1 − R)/(1 + R))² = Wσ`. Let `g = (R − t)/(1 − Rt)`. Claim:
//!
//! 8. if `E ≤ Wσ g/(1 + g)²`, `z` is in `S` and `|z' − F(z)| ≤ E`, then `z'` is in `S`.
//!
//! Indeed `g/(1 + g)² < 1/4`, so `z'` is in `B` by 3. Let `p = p(F(z), z')`; by 1,
//! `p/(1 + p)² ≤ g/(1 + g)²`, so `p ≤ g`, and `p(a, z') ≤ (t + g)/(1 + tg) = R`.
//!
//! To evaluate 8, put `x = (1 − λ₀) R/(1 + R)²`. Then `g = x/(1 − x)` and `g/(1 + g)² = x(1 − x)`. As
//! `R/(1 + R)² = λ₀²/4` and `σ/2 ≤ 1 − λ₀ ≤ σ`, we have `σ(1 − σ)/8 ≤ x ≤ σ/4`, and
//! `x(1 − x) ≥ σ(1 − 2σ)/8`. So 8 holds if
//!
//! 9. `8E ≤ Wσ²(1 − 2σ)`.
//!
//! **The rounding errors.** Let `u = 2⁻⁵³`. Rounding a real number below `2ᵏ` in modulus errs by at most
//! `2ᵏu/2`, underflow included. `S` lies in the filled Julia set, and so do its images under `f`; there
//! `|z| ≤ (1 + √(1 + 4|c|))/2 < 1.7248`, as `|c| ≤ 5/4`. Let `|z| < 1.725` and `|f(z)| < 1.725`; then
//! `re² + im² < 2.98`. Of the two squares, one is below 4 and the other below 1, or both are below 2: they
//! err by at most `2.5u` together. Their difference errs by another `2u`, the sum with `cre` by `u`. In the
//! imaginary part `2·re` is exact, the product errs by `2u`, the sum with `cim` by `u`. So a step errs by at
//! most `√(5.5² + 3²) u < 7u`, and the rounded `re2 + im2` is below 4.
//!
//! - *Cardioid:* `E = 7u`. By induction with 8, the rounded orbit stays in `S`.
//! - *Disc:* two steps from a `z` in `S`, with errors `e` and `e'`, end at `F(z) + 2f(z)e + e² + e'`, so
//!   `E = 4.45·7u`. Every second point of the rounded orbit lies in `S`, every other one within `7u` of
//!   `f(S)`, so below 1.725, and its exact image within `E` of `S`, so below 1.725 too.
//!
//! The theorem's three cases are 9 with `W = σ` from 6, once, and with `W = τ'` from 7, twice. ∎
//!
//! A fused multiply-add anywhere in the step only leaves out a rounding, so the theorem holds with it too.

/// In the main cardioid with `|1 − λ| ≥ 1/4`, the theorem holds for `1 − |λ|²` from here on.
pub const CARDIOID_GAP: f64 = 3.65e-6;

/// The same in all of the cardioid, the neighbourhood of the cusp included.
pub const CUSP_GAP: f64 = 1.84e-5;

/// In the period-2 disc, the theorem holds for `1 − |λ|²` from here on.
pub const DISC_GAP: f64 = 1.25e-5;

// Inequality 9 with `W` from 6 and, twice, from 7; and 6 gives more than that `W` for `|λ|² < 0.998`.
const _: () = {
    const STEP_ERROR: f64 = 7.0 * f64::EPSILON / 2.0;
    assert!(traps(CUSP_GAP, CUSP_GAP, STEP_ERROR));
    let radius = linearised_radius(CARDIOID_GAP, 4.74e-4, 4.01, 8.03).expect("7 holds in the cardioid");
    assert!(traps(CARDIOID_GAP, radius, STEP_ERROR) && radius < 0.002);
    let radius = linearised_radius(DISC_GAP, 2.66e-4, 1203.0, 59.6).expect("7 holds in the disc");
    assert!(traps(DISC_GAP, radius, 4.45 * STEP_ERROR) && radius < 0.1715 * 0.002);
};

/// Inequality 9 of the proof: `W = radius`, `E = error`. The slack of 0.1 % covers the rounding in here.
const fn traps(gap: f64, radius: f64, error: f64) -> bool {
    8.0 * error <= 0.999 * radius * gap * gap * (1.0 - 2.0 * gap)
}

/// The lower bound 7 of `ω(a)` where `1 − |λ| ≥ gap/2`, from bounds of `|b|` and `|C|`; none where its
/// conditions fail.
const fn linearised_radius(gap: f64, tau: f64, b: f64, c: f64) -> Option<f64> {
    let holds = b * tau < 0.5 && c * tau * tau <= 0.999 * (1.0 - b * tau) * gap / 2.0;
    if holds { Some(tau * (1.0 - b * tau)) } else { None }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex64;

    use super::super::tests::angles;
    use super::*;

    const ONE: Complex64 = Complex64::new(1.0, 0.0);

    /// A component with an attracting cycle, by its multiplier `λ`.
    struct Component {
        c: fn(Complex64) -> Complex64,
        period: u32,
        /// The proof's `k`, and how many times one step's error its `E` is.
        k_and_errors: (f64, f64),
    }

    const COMPONENTS: [Component; 2] = [
        Component { c: |l| l / 2.0 - l * l / 4.0, period: 1, k_and_errors: (1.0, 1.0) },
        Component { c: |l| l / 4.0 - ONE, period: 2, k_and_errors: (0.1715, 4.45) },
    ];

    /// Koenigs' limit `Fⁿ(z)/λⁿ` of a map with the fixed point 0.
    fn koenigs(map: impl Fn(Complex64) -> Complex64, multiplier: Complex64, mut z: Complex64) -> Complex64 {
        let mut power = ONE;
        while z.norm() > 1e-9 {
            (z, power) = (map(z), power * multiplier);
        }
        z / power
    }

    /// `ω(a)` itself: the ratio of Koenigs' limits at the critical values of `F` and of the Blaschke product.
    fn conformal_radius(component: &Component, multiplier: Complex64) -> f64 {
        let c = (component.c)(multiplier);
        let is_cycle = component.period == 2;
        let a = if is_cycle { -(ONE + (ONE - multiplier).sqrt()) / 2.0 } else { multiplier / 2.0 };
        let partner = c + a * a;
        let map = |u: Complex64| {
            let image = (2.0 * a + u) * u;
            if is_cycle { (2.0 * partner + image) * image } else { image }
        };
        let modulus = multiplier.norm();
        let blaschke = |w: Complex64| -multiplier / modulus * w * (w - modulus) / (ONE - modulus * w);
        let s = (1.0 - modulus * modulus).sqrt();
        let critical_value = blaschke(Complex64::from(modulus / (1.0 + s)));
        assert!((critical_value.norm() - (1.0 - s) / (1.0 + s)).abs() < 1e-9, "5 at {multiplier}");
        (koenigs(map, multiplier, c - a) / koenigs(blaschke, multiplier, critical_value)).norm()
    }

    /// The best bound 7 of `ω(a)` over a range of `τ`, from `|λ|`, `|1 − λ|`, `|A|` and `|q|`.
    fn best_linearised_radius([modulus, one_minus, quadratic, cubic]: [f64; 4]) -> f64 {
        let b = quadratic / (modulus * one_minus);
        let bound = |tau: f64| {
            let c = cubic / modulus
                + 2.0 * b * quadratic
                + (2.0 * cubic + quadratic * quadratic / modulus) * b * tau
                + (2.0 * b * quadratic + b * cubic * tau) * cubic * tau * tau / modulus;
            linearised_radius(2.0 * (1.0 - modulus), tau, b, c)
        };
        (1..2000).filter_map(|j| bound(f64::from(j) * 1e-4)).fold(0.0, f64::max)
    }

    #[test]
    fn the_conformal_radius_is_above_its_bounds() {
        for component in &COMPONENTS {
            for (modulus, angle) in
                [0.1, 0.5, 0.9, 0.99, 0.999].into_iter().flat_map(|m| angles(60).map(move |angle| (m, angle)))
            {
                let multiplier = Complex64::from_polar(modulus, angle);
                let radius = conformal_radius(component, multiplier);
                let (k, _) = component.k_and_errors;
                assert!(radius >= k * (1.0 - modulus * modulus), "6 at {multiplier}");
                let d = (ONE - multiplier).sqrt();
                let (quadratic, cubic) =
                    if component.period == 2 { ((3.0 * d + d * d).norm(), 5.1) } else { (1.0, 0.0) };
                let bound = best_linearised_radius([modulus, d.norm_sqr(), quadratic, cubic]);
                assert!(radius >= bound, "7 at {multiplier}");
            }
        }
    }

    /// The proof at a scale where its errors are far above those of f64: a wide gap, and in each step the
    /// error of the admitted size that drives the orbit farthest from the attracting cycle.
    #[test]
    fn the_trap_holds_against_the_worst_errors() {
        for component in &COMPONENTS {
            let (k, errors) = component.k_and_errors;
            for (gap, angle) in
                [0.3, 0.1, 0.03, 0.01].into_iter().flat_map(|gap| angles(60).map(move |angle| (gap, angle)))
            {
                let error = 0.99 * k * gap * gap * gap * (1.0 - 2.0 * gap) / (8.0 * errors);
                assert!(traps(gap, k * gap, errors * error), "gap {gap}");
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
