//! Numbers that others published: they pin the count, the sampling and the arithmetic.

use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use mandel_mpi::dataset::{CountSlice, CountWidth, Fields};
use mandel_mpi::grid::Sampling;
use mandel_mpi::job::Job;
use mandel_mpi::kernel::reference::escape_count;
use mandel_mpi::kernel::{Choice, FieldKernel, Kernel, Part, Shortcuts};
use mandel_mpi::region::Region;
use md5::{Digest, Md5};
use num_complex::Complex64;

/// The counts of `side x side` points, row-major.
fn counts(re: [&str; 2], im: [&str; 2], side: u64, sampling: Sampling, max_iter: u32) -> Vec<u32> {
    let region = Region::parse(re, im).expect("a region");
    let max_iter = NonZeroU32::new(max_iter).expect("not zero");
    let job = Job::new(region, side, side, sampling, max_iter);
    let kernel = Kernel::prepare(Choice::Auto, &job, Shortcuts::Proven).expect("any CPU has it");
    let whole = Part { rows: 0..side, columns: 0..side };
    let mut values = Fields::zeros(CountWidth::U32, whole.shape());
    kernel.compute(&whole, &mut values, &AtomicBool::new(false)).expect("not stopped");
    match values.counts(0..side as usize) {
        CountSlice::U32(counts) => counts.to_vec(),
        CountSlice::U16(_) => unreachable!("u32 was asked for"),
    }
}

fn sum(counts: &[u32]) -> u64 {
    counts.iter().map(|&count| u64::from(count)).sum()
}

/// Our count, plus 1: z starts at 0 there.
fn count_from_zero(re: f64, im: f64) -> u32 {
    escape_count(Complex64::new(re, im), NonZeroU32::MAX) + 1
}

/// "Python in HPC", NIH HPC: the profile of `mandel1` on area1 shows 24,214,592 calls of `abs` and 751,482
/// points that returned from inside the loop.
#[test]
fn area1_is_the_talks() {
    let counts = counts(["-2", "0.5"], ["-1.25", "1.25"], 1000, Sampling::Endpoints, 80);
    let calls_of_abs: u64 = counts.iter().map(|&count| u64::from(count.min(79)) + 1).sum();
    assert_eq!(calls_of_abs, 24_214_592);
    assert_eq!(counts.iter().filter(|&&count| count < 80).count(), 751_482);
    assert_eq!(sum(&counts), 23_463_110);
}

/// The sum of the counts of the talk's second area.
#[test]
fn area2_is_the_talks() {
    let counts = counts(["-0.74877", "-0.74872"], ["0.06505", "0.06510"], 1000, Sampling::Endpoints, 2048);
    assert_eq!(sum(&counts), 582_160_638);
    assert_eq!(counts.iter().filter(|&&count| count == 2048).count(), 104_469);
}

/// The Computer Language Benchmarks Game, "mandelbrot": a P4 bitmap of 50 iterations from z = 0.
#[test]
fn the_benchmarks_games_bitmap_is_ours() {
    assert_eq!(bitmap_md5(200, true), "cc65e64bd553ed18896de1dfe7fae3e5");
    assert_eq!(bitmap_md5(200, false), "b824dffc8980089e4fe9f8e95ff460e5");
    assert_eq!(bitmap_md5(8, false), "345a5154c0ca99c0bb0a2c25713771b5");
}

fn bitmap_md5(n: u64, with_header: bool) -> String {
    // z_50 from 0 is z_49 from c: inside is who has not escaped in z_0 .. z_49.
    let counts = counts(["-1.5", "0.5"], ["-1", "1"], n, Sampling::HalfOpen, 50);
    let mut bytes = if with_header { format!("P4\n{n} {n}\n").into_bytes() } else { Vec::new() };
    for row in counts.chunks(n as usize) {
        bytes.extend(row.chunks(8).map(|bits| bits.iter().fold(0, |byte, &n| byte << 1 | u8::from(n == 50))));
    }
    format!("{:032x}", u128::from_be_bytes(Md5::digest(&bytes).into()))
}

/// A course's exercise: how many of 101 x 101 points stay for 10,000 iterations.
#[test]
fn a_courses_points_are_as_many() {
    let counts = counts(["-2", "1"], ["-1", "1"], 101, Sampling::Endpoints, 10_000);
    assert_eq!(counts.iter().filter(|&&count| count == 10_000).count(), 2538);
}

/// OEIS A097486: counts at -3/4 + i 10^-k are digits of pi.
#[test]
fn pi_is_in_the_seahorse_valley() {
    let counts: Vec<u32> = (0..=7).map(|k| count_from_zero(-0.75, 10_f64.powi(-k))).collect();
    assert_eq!(counts, [3, 33, 315, 3143, 31_417, 314_160, 3_141_593, 31_415_927]);
}

/// OEIS A299415: counts at 1/4 + 10^-k are digits of pi, too.
#[test]
fn pi_is_at_the_cusp() {
    let counts: Vec<u32> = (0..=11).map(|k| count_from_zero(0.25 + 10_f64.powi(-k), 0.0)).collect();
    assert_eq!(counts, [2, 8, 30, 97, 312, 991, 3140, 9933, 31_414, 99_344, 314_157, 993_457]);
}

/// OEIS A194473: the area of the points with `|z_1|`, ..., `|z_4|` at most 2, where `z_1 = c`.
#[test]
fn a_level_set_has_its_area() {
    let n = 2000;
    let counts = counts(["-2", "2"], ["-2", "2"], n, Sampling::Centres, 4);
    let inside = counts.iter().filter(|&&count| count == 4).count();
    let area = 16.0 * inside as f64 / (n * n) as f64;
    assert!((area - 3.279_185_833_386_682_5).abs() < 2e-4, "{area}");
}
