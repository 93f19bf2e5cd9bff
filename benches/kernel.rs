//! Each kernel on areas that differ in what limits it, in iterations per second.
//!
//! `cargo bench --no-default-features`. An iteration is nominal: the sum of the counts, whatever a shortcut saved; beside each
//! kernel stands the same without shortcuts. At the end stands each kernel's share of its arithmetic limit, which is measured
//! in turn with it, so that a change of the clock rate hits both.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mandel_mpi::kernel::{Choice, Kernel};
use ndarray::Array2;

/// A square grid on a region.
struct Area {
    name: &'static str,
    re: [f64; 2],
    im: [f64; 2],
    side: usize,
    max_iter: u32,
}

const AREAS: [Area; 5] = [
    Area { name: "area1", re: [-2.0, 0.5], im: [-1.25, 1.25], side: 1000, max_iter: 80 },
    Area { name: "area2", re: [-0.74877, -0.74872], im: [0.06505, 0.06510], side: 1000, max_iter: 2048 },
    // In a bulb of period 3: nothing escapes.
    Area { name: "interior", re: [-0.16, -0.12], im: [0.72, 0.77], side: 200, max_iter: 2048 },
    Area { name: "full set, 10,000", re: [-2.0, 0.5], im: [-1.25, 1.25], side: 250, max_iter: 10_000 },
    Area { name: "full set, 100,000", re: [-2.0, 0.5], im: [-1.25, 1.25], side: 100, max_iter: 100_000 },
];

/// Steps of the bare loop that is timed for the arithmetic limit.
const RAW_STEPS: u64 = 200_000;
/// Measurements of limit and kernel in turn; the fastest counts.
const TURNS: u32 = 30;

impl Area {
    fn axis([start, stop]: [f64; 2], len: usize) -> Vec<f64> {
        (0..len).map(|i| start + i as f64 * ((stop - start) / (len - 1) as f64)).collect()
    }

    /// Computes the area; returns the sum of the counts.
    fn compute(&self, kernel: &Kernel, counts: &mut Array2<u32>) -> u64 {
        let (re, im) = (Self::axis(self.re, self.side), Self::axis(self.im, self.side));
        kernel.run(&re, &im, counts.view_mut(), &AtomicBool::new(false)).expect("not stopped");
        counts.iter().map(|&count| u64::from(count)).sum()
    }
}

/// The kernels that this CPU has.
fn kernels(choices: &[Choice], max_iter: u32) -> Vec<Kernel> {
    let max_iter = NonZeroU32::new(max_iter).expect("not zero");
    let prepared = choices.iter().map(|&choice| Kernel::prepare(choice, max_iter));
    prepared.filter_map(|kernel| kernel.inspect_err(|lacks| println!("skipped: {lacks}")).ok()).collect()
}

fn areas(criterion: &mut Criterion) {
    for area in &AREAS {
        let mut group = criterion.benchmark_group(area.name);
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        let mut counts = Array2::zeros((area.side, area.side));
        for kernel in
            kernels(&[Choice::Avx512, Choice::Avx2, Choice::Portable, Choice::Reference], area.max_iter)
        {
            group.throughput(Throughput::Elements(area.compute(&kernel, &mut counts)));
            group.bench_function(kernel.name(), |bencher| {
                bencher.iter(|| black_box(area.compute(&kernel, &mut counts)));
            });
            if kernel.name() == "reference" {
                continue;
            }
            let plain = kernel.clone().without_shortcuts();
            group.bench_function(format!("{}, no shortcuts", plain.name()), |bencher| {
                bencher.iter(|| black_box(area.compute(&plain, &mut counts)));
            });
        }
    }
}

/// The shortest time of `work` and its last result.
fn fastest<T>(best: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *best = start.elapsed().min(*best);
    result
}

/// Prints how much of its bare loop's speed each kernel reaches.
fn share_of_the_limit(_: &mut Criterion) {
    for area in &AREAS[1..3] {
        for kernel in kernels(&[Choice::Avx512, Choice::Avx2, Choice::Portable], area.max_iter) {
            let kernel = kernel.without_shortcuts();
            let mut counts = Array2::zeros((area.side, area.side));
            let (mut raw, mut whole) = (Duration::MAX, Duration::MAX);
            let (mut raw_iterations, mut iterations) = (0, 0);
            for _ in 0..TURNS {
                raw_iterations = fastest(&mut raw, || kernel.raw(RAW_STEPS));
                iterations = fastest(&mut whole, || area.compute(&kernel, &mut counts));
            }
            let limit = raw_iterations as f64 / raw.as_secs_f64() / 1e9;
            let speed = iterations as f64 / whole.as_secs_f64() / 1e9;
            let share = 100.0 * speed / limit;
            println!("{}/{}: {speed:.2} of {limit:.2} Giter/s, {share:.1} %", area.name, kernel.name());
        }
    }
}

criterion_group!(benches, areas, share_of_the_limit);
criterion_main!(benches);
