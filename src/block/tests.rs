//! Blocks, by every thread and by few callers.

mod few_callers;

use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;

use super::slab::shared_cost;
use super::*;
use crate::band::{Deflate, Encoding, Geometry, RecordHeader, Summary};
use crate::dataset::{CountWidth, Fields};
use crate::grid::Sampling;
use crate::job::Job;
use crate::kernel::{Choice, FieldKernel, Kernel, Part, Shortcuts};
use crate::region::Region;

fn job(width: u64, height: u64, max_iter: u32) -> Job {
    let region = Region::parse(["-2", "0.5"], ["-1.25", "1.25"]).expect("a region");
    let max_iter = NonZeroU32::new(max_iter).expect("not zero");
    Job::new(region, width, height, Sampling::Endpoints, max_iter)
}

fn prepare(choice: Choice, job: &Job) -> Kernel {
    Kernel::prepare(choice, job, Shortcuts::Proven).expect("any CPU has it")
}

fn work<'a>(job: &Job, kernel: &'a dyn FieldKernel) -> TeamWork<'a> {
    let encoding = Encoding { geometry: Geometry::of(job), deflate: Deflate::new(1).expect("a level") };
    TeamWork::new(job, encoding, kernel)
}

fn compute(job: &Job, bands: &[u64], threads: usize) -> Vec<(u64, Summary, Vec<u8>)> {
    compute_with(job, &prepare(Choice::Auto, job), bands, threads)
}

/// Band, summary and payload of each record, by band. What a band costs may depend on its neighbours in a
/// slab.
fn compute_with(
    job: &Job,
    kernel: &dyn FieldKernel,
    bands: &[u64],
    threads: usize,
) -> Vec<(u64, Summary, Vec<u8>)> {
    let work = work(job, kernel);
    let costs = vec![1; bands.len()];
    let block = work.block(bands, &costs, threads, u64::MAX);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work.contribute(&block));
        }
    });
    assert!(block.wait_idle(Duration::ZERO));
    assert_eq!(block.finished_bands(), bands.len());
    let mut results: Vec<_> = block.take_records().iter().map(|record| parts(job, record)).collect();
    results.sort_by_key(|(band, ..)| *band);
    results
}

fn parts(job: &Job, record: &Record) -> (u64, Summary, Vec<u8>) {
    let header = RecordHeader::parse(&job.hash(), record.as_bytes()).expect("a good record");
    let payload = record.as_bytes()[header.header_bytes() as usize..].to_vec();
    (header.band, header.summary, payload)
}

#[test]
fn bands_share_the_cost_of_what_did_not_escape() {
    let [outside, inside, both] =
        [&[1_u16, 2, 3][..], &[80; 3], &[4, 80, 80]].map(|counts| Summary::of(counts, 80));
    // 5 points that did not escape have cost 50.
    assert_eq!(shared_cost(60, &[outside, inside, both], 80), [6, 30, 24]);
    assert_eq!(shared_cost(6, &[outside], 80), [6]);
    // Less than the counts say, because some were found together.
    assert_eq!(shared_cost(9, &[outside, inside, both], 80), [5, 0, 3]);
}

#[test]
fn records_do_not_depend_on_threads_nor_on_the_cut() {
    let job = job(37, 53, 200);
    let all: Vec<u64> = (0..Geometry::of(&job).bands()).collect();
    let expected = compute(&job, &all, 1);
    assert_eq!(expected.len(), 53);
    for threads in [2, 3, 7] {
        let (left, right) = all.split_at(20);
        assert!(compute(&job, &all, threads) == expected, "{threads} threads");
        let parts = [compute(&job, left, threads), compute(&job, right, threads)];
        assert!(parts.concat() == expected, "{threads} threads, two blocks");
    }
    let holes = [3, 4, 9, 10, 11, 40];
    let some: Vec<_> = holes.iter().map(|&band| expected[band as usize].clone()).collect();
    assert!(compute(&job, &holes, 2) == some);
}

#[test]
fn a_row_longer_than_a_strip_is_put_together_right() {
    let wide = job(300_001, 2, 20);
    let summary = compute(&wide, &[0, 1], 3).iter().map(|part| part.1).fold(Summary::empty(), Summary::then);
    let whole = Part { rows: 0..2, columns: 0..300_001 };
    let mut expected = Fields::zeros(CountWidth::U16, whole.shape());
    let kernel = prepare(Choice::Reference, &wide);
    kernel.compute(&whole, &mut expected, &AtomicBool::new(false)).expect("not stopped");
    assert_eq!(summary, Summary::of_slice(expected.counts(0..2), 20));
}

#[test]
fn a_full_block_waits_for_room_but_not_once_all_is_begun() {
    let job = job(100, 2, 20);
    let kernel = prepare(Choice::Auto, &job);
    let work = work(&job, &kernel);
    for (bands, finished) in [(&[0_u64][..], true), (&[0, 1], false)] {
        let costs = vec![1; bands.len()];
        let block = work.block(bands, &costs, 1, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| work.contribute(&block));
            // Long enough for a block that ends by itself.
            let wait = Duration::from_millis(if finished { 60_000 } else { 50 });
            assert_eq!(block.wait_idle(wait), finished, "{} bands", bands.len());
            block.close();
        });
        assert_eq!((block.is_full(), block.finished_bands()), (true, 1));
    }
}

#[test]
fn a_stop_leaves_a_block_at_once() {
    let mut forever = job(100, 100, u32::MAX);
    let inside = Region::parse(["0", "0.1"], ["0", "0.1"]).expect("a region");
    forever = Job::new(inside, 100, 100, Sampling::Endpoints, forever.max_iter());
    let kernel = prepare(Choice::Reference, &forever);
    let work = work(&forever, &kernel);
    let bands: Vec<u64> = (0..100).collect();
    let block = work.block(&bands, &[1; 100], 2, u64::MAX);
    std::thread::scope(|scope| {
        scope.spawn(|| work.contribute(&block));
        scope.spawn(|| work.contribute(&block));
        assert!(!block.wait_idle(Duration::from_millis(20)));
        block.stop();
    });
    assert_eq!(block.finished_bands(), 0);
}
