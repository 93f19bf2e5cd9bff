//! Points whose *rounded* orbit is proven never to escape: all of the main cardioid and of the period-2 disc
//! but for a rim of less than 2·10⁻⁶.
//!
//! The exact orbit of such a point stays bounded. That says nothing about the orbit that [`reference`]
//! computes, where each step rounds. So [`proven_interior`] rests on a theorem about rounded orbits, which
//! [`proof`] states and proves. The rim is what the proof costs.
//!
//! # The predicate
//!
//! Let `λ` be the multiplier of the attracting cycle, `|λ|² ≤ 1 − σ` the theorem's condition and `u = 2⁻⁵³`.
//!
//! *Cardioid:* with `w = 1 − λ` (`Re w > 0`), `w² = 1 − 4c`, `m = |w|²` and `X = Re w²`,
//! `|λ|² = 1 − 2 Re w + m` and `4 (Re w)² = 2(m + X)`. So `|λ|² ≤ 1 − σ` means `m + σ ≤ 2 Re w`, or
//! `(m + σ)² ≤ 2(m + X)`, or `T ≤ 2(1 − σ)m` with `T = m² − 2X + σ²`: no root but in `m`, which squaring
//! removes.
//!
//! Rounding, where the code says yes: then `m² > 10⁻²¹` (below that, `|X| < 3.2·10⁻¹¹` and `T` is near `σ²`,
//! above `2.7·10⁻¹⁰`, and `T²` above `4m²`), so underflow does not matter. But for `10um`,
//! `m² − 2m ≤ T ≤ 2m`, so `m ≤ 4.1` and `σ² ≤ T + 2X ≤ 4.1m`. `X` and `m²` err relatively by at most `u` and
//! `5u`, so `T` by less than `45um`, the comparison by less than `15um`: `T ≤ 2(1 − σ)m + 60um`. Then
//! `(m + σ)² − (2 Re w)² ≤ 60um`, and division by `m + σ + 2 Re w > m` gives `|λ|² ≤ 1 − σ + 60u`.
//!
//! *Disc:* `|λ|² = 16 |c + 1|²`, which errs relatively by less than `10u`.
//!
//! The constants below leave far more than either error.
//!
//! [`reference`]: mod@crate::kernel::reference

pub mod proof;

use crate::kernel::simd::Simd;

/// `1 − |λ|²` above which a point of the main cardioid counts as proven.
const CARDIOID_GAP: f64 = 1.005 * proof::CARDIOID_GAP;

/// The same around the cusp, where `|1 − λ|⁴ < AROUND_CUSP`.
const CUSP_GAP: f64 = 1.005 * proof::CUSP_GAP;

/// A little more than `(1/4)⁴`.
const AROUND_CUSP: f64 = 0.004;

/// `1 − |λ|²` above which a point of the period-2 disc counts as proven.
const DISC_GAP: f64 = 1.005 * proof::DISC_GAP;

/// Whether the orbit of `re + i im`, computed in f64 as [`reference`](mod@crate::kernel::reference) does, is
/// proven never to escape. False outside the main cardioid and the period-2 disc, and where a coordinate is
/// not finite.
///
/// It has no branch, so a loop over a row vectorises.
///
/// ```
/// # use mandel_mpi::kernel::shortcuts::cardioid_and_disc::proven_interior;
/// assert!(proven_interior(0.0, 0.0) && proven_interior(-1.0, 0.0));
/// assert!(!proven_interior(0.25, 0.0)); // the cusp never escapes either, but is on the boundary
/// assert!(!proven_interior(-0.1225, 0.7449)); // nor does the centre of the period-3 bulb
/// ```
#[must_use]
#[inline]
pub fn proven_interior(re: f64, im: f64) -> bool {
    Interior::PROVEN.contains(re, im)
}

/// The main cardioid and the period-2 disc, as far as they are taken for interior.
///
/// A point is asked alone or among eight: the same operations in the same order, so the same answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interior {
    around_cusp: Margin,
    cardioid: Margin,
    /// The largest `|c + 1|²`.
    disc: f64,
}

/// A gap of the cardioid, as the comparison needs it.
#[derive(Debug, Clone, Copy)]
struct Margin {
    /// `σ²`.
    gap_sqr: f64,
    /// `4 (1 − σ)²`.
    bound: f64,
}

impl Margin {
    const fn of(gap: f64) -> Self {
        Self { gap_sqr: gap * gap, bound: 4.0 * (1.0 - gap) * (1.0 - gap) }
    }
}

impl Interior {
    /// Less the rim.
    pub(crate) const PROVEN: Self = Self::beyond(CUSP_GAP, CARDIOID_GAP, DISC_GAP);

    /// Where `1 − |λ|²` is above these gaps.
    pub(crate) const fn beyond(around_cusp: f64, cardioid: f64, disc: f64) -> Self {
        Self {
            around_cusp: Margin::of(around_cusp),
            cardioid: Margin::of(cardioid),
            disc: (1.0 - disc) / 16.0,
        }
    }

    #[inline]
    pub(crate) fn contains(&self, re: f64, im: f64) -> bool {
        self.has_in_cardioid(re, im) | self.has_in_disc(re, im)
    }

    /// `|λ|² < 1 − gap`. Strictly, because both sides overflow to infinity for a far point.
    #[inline]
    fn has_in_cardioid(&self, re: f64, im: f64) -> bool {
        let (x, y) = (1.0 - 4.0 * re, 4.0 * im);
        let square = x * x + y * y;
        let margin = if square <= AROUND_CUSP { self.around_cusp } else { self.cardioid };
        let t = square - 2.0 * x + margin.gap_sqr;
        t * t.abs() < margin.bound * square
    }

    #[inline]
    fn has_in_disc(&self, re: f64, im: f64) -> bool {
        let x = re + 1.0;
        x * x + im * im < self.disc
    }

    /// [`Self::contains`] for eight points.
    #[inline(always)]
    pub(crate) fn contained<S: Simd>(&self, simd: S, re: S::Vector, im: S::Vector) -> u8 {
        self.contained_in_cardioid(simd, re, im) | self.contained_in_disc(simd, re, im)
    }

    #[inline(always)]
    fn contained_in_cardioid<S: Simd>(&self, simd: S, re: S::Vector, im: S::Vector) -> u8 {
        let four = simd.splat(4.0);
        let (x, y) = (simd.sub(simd.splat(1.0), simd.mul(four, re)), simd.mul(four, im));
        let square = simd.add(simd.mul(x, x), simd.mul(y, y));
        let is_around_cusp = simd.le(square, simd.splat(AROUND_CUSP));
        let (at_cusp, elsewhere) = (self.around_cusp, self.cardioid);
        let gap_sqr = simd.select(is_around_cusp, simd.splat(at_cusp.gap_sqr), simd.splat(elsewhere.gap_sqr));
        let t = simd.add(simd.sub(square, simd.add(x, x)), gap_sqr);
        let bound = simd.select(is_around_cusp, simd.splat(at_cusp.bound), simd.splat(elsewhere.bound));
        let bound = simd.mul(bound, square);
        simd.bits(simd.lt(simd.mul(t, simd.abs(t)), bound))
    }

    #[inline(always)]
    fn contained_in_disc<S: Simd>(&self, simd: S, re: S::Vector, im: S::Vector) -> u8 {
        let x = simd.add(re, simd.splat(1.0));
        simd.bits(simd.lt(simd.add(simd.mul(x, x), simd.mul(im, im)), simd.splat(self.disc)))
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;
    use std::num::NonZeroU32;

    use num_complex::Complex64;

    use super::*;
    use crate::kernel::reference::escape_count;
    use crate::kernel::simd::{Portable, WithSimd};

    const ONE: Complex64 = Complex64::new(1.0, 0.0);

    /// A component with an attracting cycle, by its multiplier `λ`.
    struct Component {
        /// The bound of `1 − |λ|²` in the code.
        gap: fn(Complex64) -> f64,
        c: fn(Complex64) -> Complex64,
        multiplier: fn(Complex64) -> Complex64,
    }

    const COMPONENTS: [Component; 2] = [
        Component {
            gap: |l| if (ONE - l).norm_sqr().powi(2) < AROUND_CUSP { CUSP_GAP } else { CARDIOID_GAP },
            c: |l| l / 2.0 - l * l / 4.0,
            multiplier: |c| ONE - (ONE - 4.0 * c).sqrt(),
        },
        Component { gap: |_| DISC_GAP, c: |l| l / 4.0 - ONE, multiplier: |c| 4.0 * (c + ONE) },
    ];

    impl Component {
        /// The multiplier with this angle for which `1 − |λ|²` exceeds the gap by `inwards`.
        fn at_margin(&self, angle: f64, inwards: f64) -> Complex64 {
            let gap = (self.gap)(Complex64::from_polar(1.0, angle));
            Complex64::from_polar((1.0 - gap - inwards).sqrt(), angle)
        }

        fn contains(&self, c: Complex64, slack: f64) -> bool {
            let multiplier = (self.multiplier)(c);
            multiplier.norm_sqr() < 1.0 - (self.gap)(multiplier) + slack
        }
    }

    /// Angles around the circle, those of small denominator among them, and some close to 0, the cusp.
    pub(crate) fn angles(n: u32) -> impl Iterator<Item = f64> {
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
            for (angle, e) in angles(120).flat_map(|angle| (3..=16).map(move |e| (angle, e))) {
                let c = (component.c)(component.at_margin(angle, 10f64.powi(-e)));
                // Around the cusp, rounding c moves the multiplier by up to 1e-11.
                assert!(proven(c) || e > 9, "{c} is 1e-{e} inside");
                if proven(c) {
                    assert_eq!(escape_count(c, MAX_ITER), MAX_ITER.get(), "{c}");
                }
            }
        }
    }

    /// Asks eight points at once.
    struct Eight(Interior, [f64; 8], f64);

    impl<S: Simd> WithSimd<S> for Eight {
        type Output = u8;

        #[inline(always)]
        fn with_simd(self, simd: S) -> u8 {
            self.0.contained(simd, simd.load(&self.1), simd.splat(self.2))
        }
    }

    #[test]
    fn eight_at_once_are_the_same_as_one_by_one() {
        for interior in [Interior::PROVEN, Interior::beyond(0.0, 0.0, 0.0)] {
            let count_same = |re: [f64; 8], im| {
                let together = Portable.vectorize(Eight(interior, re, im));
                let alone =
                    re.iter().rev().fold(0, |bits, &re| bits << 1 | u8::from(interior.contains(re, im)));
                assert_eq!(together, alone, "{re:?} + {im} i");
                alone.count_ones()
            };
            let rows = (0..400).flat_map(|row| (0..80).map(move |eight| (row, eight)));
            let found: u32 = rows
                .map(|(row, eight)| {
                    let at = |lane| f64::from(eight * 8 + lane as i32) * 0.003 - 1.4;
                    count_same(std::array::from_fn(at), f64::from(row) * 0.0035 - 0.7)
                })
                .sum();
            assert!(found > 100_000, "{found}");
            // Neighbours in f64 across the exact boundary, on which equality is possible.
            for component in &COMPONENTS {
                for c in angles(10_000).map(|angle| (component.c)(Complex64::from_polar(1.0, angle))) {
                    let first = (0..4).fold(c.re, |re, _| re.next_down());
                    let mut re = [first; 8];
                    (1..8).for_each(|lane| re[lane] = re[lane - 1].next_up());
                    count_same(re, c.im);
                }
            }
        }
    }

    #[test]
    fn the_margin_is_where_the_proof_has_it() {
        let is_inside = |c, slack| COMPONENTS.iter().any(|component| component.contains(c, slack));
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
                let c = (component.c)(component.at_margin(angle, -(10f64.powi(-e))));
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
        assert!(stayed == 248_518 && found * 8 > stayed * 7 && exact - found < 5);
    }
}
