//! Every kernel against the reference, count by count.

use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use ndarray::{Array2, Axis, s};
use num_complex::Complex64;
use proptest::prelude::*;

use super::cost::sample_cost;
use super::dispatch::PointKernel;
use super::reference::escape_count;
use super::shortcuts::cardioid_and_disc::Interior;
use super::{Choice, Shortcuts, Stopped};
use crate::dataset::Count;

static GO_ON: AtomicBool = AtomicBool::new(false);

fn positive(max_iter: u32) -> NonZeroU32 {
    NonZeroU32::new(max_iter).expect("not zero")
}

/// The kernels under test. One that this CPU lacks is skipped, and the test's output says so.
fn kernels(max_iter: u32) -> Vec<PointKernel> {
    kernels_with(Shortcuts::Proven, max_iter)
}

fn kernels_with(shortcuts: Shortcuts, max_iter: u32) -> Vec<PointKernel> {
    let named = Choice::ALL.into_iter().filter(|choice| ![Choice::Auto, Choice::Reference].contains(choice));
    let prepared = named.map(|choice| PointKernel::prepare(choice, positive(max_iter), shortcuts));
    prepared.filter_map(|kernel| kernel.inspect_err(|lacks| println!("skipped: {lacks}")).ok()).collect()
}

fn reference_kernel(max_iter: u32) -> Option<PointKernel> {
    PointKernel::prepare(Choice::Reference, positive(max_iter), Shortcuts::None).ok()
}

/// numpy's `linspace`.
fn linspace(start: f64, stop: f64, len: usize) -> Vec<f64> {
    let step = (stop - start) / (len - 1) as f64;
    (0..len).map(|i| if i == len - 1 { stop } else { i as f64 * step + start }).collect()
}

/// What the reference says, computed by two threads.
fn reference(re: &[f64], im: &[f64], max_iter: u32) -> Array2<u32> {
    let mut counts = Array2::zeros((im.len(), re.len()));
    let half = im.len().div_ceil(2);
    std::thread::scope(|scope| {
        for (mut counts, im) in counts.axis_chunks_iter_mut(Axis(0), half).zip(im.chunks(half)) {
            scope.spawn(move || {
                for ((y, x), count) in counts.indexed_iter_mut() {
                    *count = escape_count(Complex64::new(re[x], im[y]), positive(max_iter));
                }
            });
        }
    });
    counts
}

/// What `kernel` writes into a view whose rows are not adjacent, and its cost.
fn counts<T: Count>(kernel: &PointKernel, re: &[f64], im: &[f64]) -> (Array2<u32>, u64) {
    let mut canvas = Array2::from_elem((im.len(), re.len() + 3), T::from_count(12_345));
    let cost = kernel.compute(re, im, canvas.slice_mut(s![.., 1..=re.len()]), &GO_ON).expect("not stopped");
    let canvas = canvas.mapv(T::to_count);
    for x in [0, re.len() + 1, re.len() + 2] {
        assert!(canvas.column(x).iter().all(|&count| count == 12_345), "nothing beside the view is touched");
    }
    (canvas.slice_move(s![.., 1..=re.len()]), cost)
}

fn assert_same(got: &Array2<u32>, expected: &Array2<u32>, re: &[f64], im: &[f64], what: &str) {
    for ((y, x), &count) in got.indexed_iter() {
        assert_eq!(count, expected[[y, x]], "{what} at {:e} + {:e} i", re[x], im[y]);
    }
}

/// Asserts that every kernel gives the reference's counts, in both types.
fn check(re: &[f64], im: &[f64], max_iter: u32) {
    let expected = reference(re, im, max_iter);
    for kernel in kernels(max_iter) {
        let what = format!("{}, max_iter {max_iter}", kernel.name());
        assert_same(&counts::<u32>(&kernel, re, im).0, &expected, re, im, &what);
        if max_iter <= u16::MAX.into() {
            assert_same(&counts::<u16>(&kernel, re, im).0, &expected, re, im, &what);
        }
    }
}

/// `x`, moved by `k` spacings of f64.
fn nudged(x: f64, k: i64) -> f64 {
    f64::from_bits(x.to_bits().wrapping_add_signed(k))
}

/// 0, and powers of ten down to the subnormals, of both signs.
fn small_numbers() -> Vec<f64> {
    let powers = (-325..=0).step_by(5).chain(-294..=-286).map(|k| 10f64.powi(k));
    powers.flat_map(|x| [x, -1.7 * x]).chain([0.0, -0.0, f64::from_bits(1), f64::MIN_POSITIVE]).collect()
}

#[test]
fn area1_of_the_talk() {
    let (re, im) = (linspace(-2.0, 0.5, 1000), linspace(-1.25, 1.25, 1000));
    for kernel in kernels(80) {
        let (counts, _) = counts::<u16>(&kernel, &re, &im);
        assert_eq!(
            counts.iter().map(|&count| u64::from(count)).sum::<u64>(),
            23_463_110,
            "{}",
            kernel.name()
        );
        assert_eq!(counts.iter().filter(|&&count| count == 80).count(), 248_518, "{}", kernel.name());
    }
}

#[test]
fn area2_of_the_talk() {
    let (re, im) = (linspace(-0.74877, -0.74872, 1000), linspace(0.06505, 0.06510, 1000));
    for kernel in kernels(2048) {
        let (counts, cost) = counts::<u16>(&kernel, &re, &im);
        assert_eq!(
            counts.iter().map(|&count| u64::from(count)).sum::<u64>(),
            582_160_638,
            "{}",
            kernel.name()
        );
        assert!(cost < 500_000_000, "{}: proofs save more than they cost, {cost}", kernel.name());
    }
}

#[test]
fn without_shortcuts_every_iteration_is_paid_for() {
    // Sides that no patch's rows and columns divide.
    let (re, im) = (linspace(-2.0, 0.5, 101), linspace(-1.25, 1.25, 101));
    for max_iter in [60, 3000, 5000] {
        let expected = reference(&re, &im, max_iter);
        let sum: u64 = expected.iter().map(|&count| u64::from(count)).sum();
        for kernel in kernels(max_iter) {
            let (quick, cost) = counts::<u32>(&kernel, &re, &im);
            assert_eq!(quick, expected, "{}", kernel.name());
            assert!(cost < sum, "{}", kernel.name());
        }
        for kernel in kernels_with(Shortcuts::None, max_iter) {
            assert_eq!(counts::<u32>(&kernel, &re, &im), (expected.clone(), sum), "{}", kernel.name());
        }
    }
}

#[test]
fn every_point_of_a_fine_area2() {
    let (re, im) = (linspace(-0.74877, -0.74872, 2048), linspace(0.06505, 0.06510, 2048));
    let expected = reference(&re, &im, 2048);
    for kernel in kernels(2048) {
        assert_same(&counts::<u16>(&kernel, &re, &im).0, &expected, &re, &im, kernel.name());
    }
}

#[test]
fn every_small_width_and_height() {
    let (re, im) = (linspace(-1.9, 0.6, 70), linspace(-0.3, 1.3, 70));
    for len in 1..=70 {
        check(&re[70 - len..], &im[40..43], 50);
        check(&re[70 - len..], &im[40..43], 600);
        check(&re[20..23], &im[..len], 50);
        check(&re[20..23], &im[..len], 600);
    }
}

#[test]
fn every_small_max_iter_and_those_around_multiples_of_the_stride() {
    let (re, im) = (linspace(-2.05, 0.55, 61), linspace(-1.3, 1.2, 13));
    for max_iter in 1..=70 {
        check(&re, &im, max_iter);
    }
    for multiple in [96, 112, 128, 512, 528, 1024, 4096, 4112] {
        for max_iter in multiple - 5..=multiple + 5 {
            check(&re[10..50], &im[..5], max_iter);
        }
    }
}

#[test]
fn no_points_cost_nothing() {
    for kernel in kernels(100) {
        assert_eq!(counts::<u32>(&kernel, &[], &[0.0, 1.0]).1, 0);
        assert_eq!(counts::<u32>(&kernel, &[0.0, 1.0], &[]).1, 0);
    }
}

#[test]
fn the_tip_the_cusp_and_the_smallest_numbers() {
    let im = small_numbers();
    for (x, max_iter) in [(-2.0_f64, 600), (0.25, 5000), (-0.75, 600), (0.0, 600)] {
        let re: Vec<_> = (-12..=12)
            .map(|k| if x.abs() < 0.1 { 10f64.powi(27 * k) } else { nudged(x, k.into()) })
            .collect();
        check(&re, &im, max_iter);
        check(&im, &re, max_iter);
        check(&re, &im[..20], 60);
    }
}

#[test]
fn the_ring_where_the_late_test_is_not_trusted() {
    let (mut re, mut im) = (Vec::new(), Vec::new());
    for k in 0..64 {
        let (sin, cos) = (f64::from(k) * 0.1).sin_cos();
        let radius = (3.88 + 0.002 * f64::from(k)).sqrt();
        re.push(radius * cos);
        im.push(radius * sin);
    }
    check(&re, &im, 40);
    check(&re, &im, 700);
}

#[test]
fn numbers_that_no_config_lets_through() {
    let strange =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 1e154, 3.0, 0.0, -0.0, 2.0, -2.0, 0.1];
    check(&strange, &strange, 60);
    check(&strange, &strange, 700);
    check(&strange, &strange, 5000);
}

#[test]
fn a_sample_costs_less_where_its_neighbours_are_proven_with_it() {
    // Two points of the period-3 bulb and one that escapes late.
    let (re, im) = ([-0.123, -0.122, 0.0], 0.7449);
    let sum: u64 = reference(&re, &[im], 2048).iter().map(|&count| u64::from(count)).sum();
    for kernel in kernels(2048) {
        let cost =
            |kernel: &PointKernel, radius| sample_cost(kernel, &re, im, radius, &GO_ON).expect("not stopped");
        // The sample also pays its share of the proof, or of the attempt.
        for (radius, least) in [(1e-3, sum - 2 * 2048), (0.2, sum)] {
            let cost = cost(&kernel, radius);
            assert!((least..least + 1000).contains(&cost), "{}: {cost} for {least}", kernel.name());
        }
    }
    for kernel in kernels_with(Shortcuts::None, 2048) {
        assert_eq!(sample_cost(&kernel, &re, im, 1e-3, &GO_ON), Ok(sum), "{}", kernel.name());
    }
}

#[test]
fn orbits_that_repeat_end_early() {
    let (re, im) = (linspace(-1.9, 0.5, 33), linspace(-0.01, 1.1, 21));
    check(&re, &im, 20_000);
    // -1 has the cycle 0, -1, and the others soon find theirs.
    for kernel in kernels(u32::MAX) {
        let (counts, cost) = counts::<u32>(&kernel, &[-1.0, -1.01, -0.5, -0.6], &[0.0, 0.02, 0.1]);
        assert!(counts.iter().all(|&count| count == u32::MAX), "{}: {counts}", kernel.name());
        assert!(cost < 100_000_000, "{}: {cost}", kernel.name());
    }
}

/// OEIS A097486 and A299415: the counts, plus 1, on the ways to the seahorse valley and to the cusp make pi.
#[test]
fn pi() {
    let seahorse = [3, 33, 315, 3143, 31417, 314_160];
    let cusp = [2, 8, 30, 97, 312, 991, 3140, 9933, 31414, 99344];
    for kernel in kernels(1_000_000) {
        let powers: Vec<_> = (0..10).map(|k| format!("1e-{k}").parse::<f64>().expect("a number")).collect();
        let (counts_up, _) = counts::<u32>(&kernel, &[-0.75], &powers[..6]);
        assert!(counts_up.iter().map(|n| n + 1).eq(seahorse), "{}: {counts_up}", kernel.name());
        let right: Vec<_> = powers.iter().map(|x| 0.25 + x).collect();
        let (counts_right, _) = counts::<u32>(&kernel, &right, &[0.0]);
        assert!(counts_right.iter().map(|n| n + 1).eq(cusp), "{}: {counts_right}", kernel.name());
    }
}

/// No rounded orbit of the rim is known to escape. So this test lays the rim outside, where many do so
/// early. The count of a point there is `max_iter`, whatever else a kernel finds out about it, alone or with
/// its neighbours.
#[test]
fn a_point_that_is_taken_for_interior_is_never_given_another_count() {
    let interior = Interior::beyond(-0.02, -0.02, -0.02);
    for (left, low, width) in [(-0.76, 0.05, 0.02), (-0.7515, 0.1062, 1e-3), (-1.258, 0.02, 0.03)] {
        for len in [9, 70, 300] {
            let (re, im) = (linspace(left, left + width, len), linspace(low, low + width, len));
            for max_iter in [60, 100, 300, 600, 5000] {
                let escapes = reference(&re, &im, max_iter);
                let is_interior = |y: usize, x: usize| interior.contains(re[x], im[y]);
                let taken = |((y, x), &count): ((usize, usize), &u32)| count < max_iter && is_interior(y, x);
                let points = escapes.indexed_iter().filter(|&point| taken(point)).count();
                assert!(points > 0 || max_iter < 300, "none of {len}² points would escape before {max_iter}");
                let expected = Array2::from_shape_fn(escapes.dim(), |(y, x)| {
                    if is_interior(y, x) { max_iter } else { escapes[[y, x]] }
                });
                let all = kernels(max_iter).into_iter();
                for kernel in all.chain(reference_kernel(max_iter)) {
                    let mut kernel = kernel;
                    kernel.allowed.interior = Some(interior);
                    assert_same(&counts::<u32>(&kernel, &re, &im).0, &expected, &re, &im, kernel.name());
                }
            }
        }
    }
}

#[test]
fn a_stop_ends_a_kernel_in_the_middle_of_a_point() {
    // -2 is left to the definition, and the orbit of the other takes very long to repeat.
    for re in [-2.0, -1.9] {
        for kernel in kernels(u32::MAX).into_iter().chain(reference_kernel(u32::MAX)) {
            let stop = AtomicBool::new(true);
            let mut counts = Array2::<u32>::zeros((1, 1));
            assert_eq!(
                kernel.compute(&[re], &[0.0], counts.view_mut(), &stop),
                Err(Stopped),
                "{}",
                kernel.name()
            );
        }
    }
}

/// For Miri, which is 1000 times slower.
#[test]
fn the_portable_kernel_on_a_few_points() {
    let (re, im) = (linspace(-2.0, 0.5, 11), linspace(-1.0, 1e-300, 3));
    for max_iter in [20, 120] {
        let kernel = PointKernel::prepare(Choice::Portable, positive(max_iter), Shortcuts::Proven)
            .expect("everywhere");
        assert_eq!(counts::<u16>(&kernel, &re, &im).0, reference(&re, &im, max_iter));
    }
}

/// A point near the boundary of the set, in direction `angle` from the origin.
fn near_the_boundary(angle: f64) -> (f64, f64) {
    let at = |radius: f64| Complex64::new(radius * angle.cos(), radius * angle.sin());
    let (mut inside, mut outside) = (0.0, 2.0);
    for _ in 0..50 {
        let middle = f64::midpoint(inside, outside);
        if escape_count(at(middle), positive(1000)) == 1000 {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    (at(inside).re, at(inside).im)
}

fn max_iters() -> impl Strategy<Value = u32> {
    prop_oneof![
        1u32..=70,
        71u32..=1500,
        (5u32..=60, 0u32..=4).prop_map(|(strides, more)| 16 * strides + more - 2),
        4097u32..=6000
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_regions(
        angle in 0.0..std::f64::consts::TAU,
        exponent in -12.0..0.6,
        (width, height) in (1usize..=70, 1usize..=12),
        max_iter in max_iters(),
    ) {
        let (centre_re, centre_im) = near_the_boundary(angle);
        let side = 10f64.powf(exponent);
        let around = |centre: f64, len: usize| -> Vec<f64> {
            (0..len).map(|i| centre + side * ((i as f64 + 0.5) / len as f64 - 0.5)).collect()
        };
        check(&around(centre_re, width), &around(centre_im, height), max_iter);
    }
}
