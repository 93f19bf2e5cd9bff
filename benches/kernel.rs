//! Each kernel on areas that differ in what limits it, in iterations per second.
//!
//! `cargo bench --no-default-features`. An iteration is nominal: the sum of the counts, whatever a shortcut
//! saved. Beside each kernel stands the same without shortcuts. At the end stands each kernel's share of its
//! arithmetic limit, which is measured in turn with it, so that a change of the clock rate hits both.

#[path = "kernel/arithmetic_limit.rs"]
mod arithmetic_limit;

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mandel_mpi::band::Summary;
use mandel_mpi::dataset::{CountWidth, Fields};
use mandel_mpi::grid::Sampling;
use mandel_mpi::job::Job;
use mandel_mpi::kernel::{Choice, FieldKernel, Kernel, Part, Shortcuts};
use mandel_mpi::region::Region;

/// A square grid on a region.
struct Area {
    name: &'static str,
    re: [&'static str; 2],
    im: [&'static str; 2],
    side: u64,
    max_iter: u32,
}

const WHOLE: ([&str; 2], [&str; 2]) = (["-2", "0.5"], ["-1.25", "1.25"]);

const AREAS: [Area; 5] = [
    Area { name: "area1", re: WHOLE.0, im: WHOLE.1, side: 1000, max_iter: 80 },
    Area {
        name: "area2",
        re: ["-0.74877", "-0.74872"],
        im: ["0.06505", "0.06510"],
        side: 1000,
        max_iter: 2048,
    },
    // In a bulb of period 3: nothing escapes.
    Area { name: "interior", re: ["-0.16", "-0.12"], im: ["0.72", "0.77"], side: 200, max_iter: 2048 },
    Area { name: "full set, 10,000", re: WHOLE.0, im: WHOLE.1, side: 250, max_iter: 10_000 },
    Area { name: "full set, 100,000", re: WHOLE.0, im: WHOLE.1, side: 100, max_iter: 100_000 },
];

/// The kernels with instructions of their own.
const VECTORISED: [Choice; 3] = [Choice::Avx512, Choice::Avx2, Choice::Portable];
/// Steps of the bare loop that is timed for the arithmetic limit.
const LIMIT_STEPS: u64 = 200_000;
/// Measurements of limit and kernel in turn; the fastest counts.
const TURNS: u32 = 30;

impl Area {
    fn job(&self) -> Job {
        let region = Region::parse(self.re, self.im).expect("a region");
        let max_iter = NonZeroU32::new(self.max_iter).expect("not zero");
        Job::new(region, self.side, self.side, Sampling::Endpoints, max_iter)
    }

    /// Room for its counts.
    fn values(&self) -> Fields {
        Fields::zeros(CountWidth::U32, [self.side as usize; 2])
    }

    /// Computes the area; returns the sum of the counts.
    fn compute(&self, kernel: &Kernel, values: &mut Fields) -> u64 {
        let whole = Part { rows: 0..self.side, columns: 0..self.side };
        kernel.compute(&whole, values, &AtomicBool::new(false)).expect("not stopped");
        Summary::of_slice(values.counts(0..self.side as usize), self.max_iter).sum as u64
    }

    /// The kernel of `choice`, if this CPU has it.
    fn kernel(&self, choice: Choice, shortcuts: Shortcuts) -> Option<Kernel> {
        let kernel = Kernel::prepare(choice, &self.job(), shortcuts);
        kernel.inspect_err(|lacks| println!("skipped: {lacks}")).ok()
    }
}

fn areas(criterion: &mut Criterion) {
    for area in &AREAS {
        let mut group = criterion.benchmark_group(area.name);
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        let mut values = area.values();
        let every = VECTORISED.into_iter().chain([Choice::Reference]);
        for kernel in every.filter_map(|choice| area.kernel(choice, Shortcuts::Proven)) {
            group.throughput(Throughput::Elements(area.compute(&kernel, &mut values)));
            group.bench_function(kernel.name(), |bencher| {
                bencher.iter(|| black_box(area.compute(&kernel, &mut values)));
            });
        }
        for plain in VECTORISED.into_iter().filter_map(|choice| area.kernel(choice, Shortcuts::None)) {
            group.bench_function(format!("{}, no shortcuts", plain.name()), |bencher| {
                bencher.iter(|| black_box(area.compute(&plain, &mut values)));
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
        for kernel in VECTORISED.into_iter().filter_map(|choice| area.kernel(choice, Shortcuts::None)) {
            let mut values = area.values();
            let (mut bare, mut whole) = (Duration::MAX, Duration::MAX);
            let (mut bare_iterations, mut iterations) = (0, 0);
            for _ in 0..TURNS {
                let limit = || arithmetic_limit::iterate(kernel.name(), LIMIT_STEPS);
                bare_iterations = fastest(&mut bare, limit).expect("the kernel runs, so does its loop");
                iterations = fastest(&mut whole, || area.compute(&kernel, &mut values));
            }
            let limit = bare_iterations as f64 / bare.as_secs_f64() / 1e9;
            let speed = iterations as f64 / whole.as_secs_f64() / 1e9;
            let share = 100.0 * speed / limit;
            println!("{}/{}: {speed:.2} of {limit:.2} Giter/s, {share:.1} %", area.name, kernel.name());
        }
    }
}

criterion_group!(benches, areas, share_of_the_limit);
criterion_main!(benches);
