//! The way in which a device wants to be called: by few threads, with many bands at a time.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::thread::ThreadId;

use super::*;
use crate::dataset::Fields;
use crate::kernel::{Calling, Stopped};

/// A device: the definition behind another way of calling.
#[derive(Debug)]
struct Device {
    kernel: Kernel,
    calling: Calling,
    /// Which thread has called, for what.
    calls: Mutex<Vec<(ThreadId, Part)>>,
    /// Until this is set, the second call waits, and those after it.
    goes_on: AtomicBool,
}

impl Device {
    /// A device for `callers`, with as many points at a time.
    fn new(job: &Job, callers: usize, points: u64) -> Self {
        let callers = NonZeroUsize::new(callers).expect("not zero");
        Self {
            kernel: prepare(Choice::Reference, job),
            calling: Calling::FewThreads { callers, points, cost: u64::MAX },
            calls: Mutex::default(),
            goes_on: AtomicBool::new(true),
        }
    }

    fn that_waits(self) -> Self {
        Self { goes_on: AtomicBool::new(false), ..self }
    }
}

impl FieldKernel for Device {
    fn name(&self) -> &'static str {
        "device"
    }

    fn calling(&self) -> Calling {
        self.calling
    }

    fn compute(&self, part: &Part, fields: &mut Fields, stop: &AtomicBool) -> Result<u64, Stopped> {
        let is_first = {
            let mut calls = lock(&self.calls);
            calls.push((std::thread::current().id(), part.clone()));
            calls.len() == 1
        };
        while !is_first && !self.goes_on.load(Ordering::SeqCst) {
            if stop.load(Ordering::SeqCst) {
                return Err(Stopped);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.kernel.compute(part, fields, stop)
    }

    fn point_cost(&self) -> u64 {
        self.kernel.point_cost()
    }

    fn sample_cost(&self, row: u64, columns: &[u64], stop: &AtomicBool) -> Result<u64, Stopped> {
        self.kernel.sample_cost(row, columns, stop)
    }
}

/// Waits for what other threads bring about.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("a minute is over, and not {what}");
}

#[test]
fn few_callers_make_the_same_records_from_many_bands_at_a_time() {
    let job = job(37, 53, 200);
    let bands: Vec<u64> = (0..53).filter(|band| *band != 20).collect();
    let expected = compute_with(&job, &prepare(Choice::Reference, &job), &bands, 1);
    for (callers, threads) in [(1, 1), (1, 2), (1, 5), (2, 2), (2, 4), (3, 2)] {
        let device = Device::new(&job, callers, 10 * 37);
        let records = compute_with(&job, &device, &bands, threads);
        assert!(records == expected, "{callers} callers of {threads} threads");
        let calls = lock(&device.calls);
        let ids: HashSet<ThreadId> = calls.iter().map(|(id, _)| *id).collect();
        assert!(ids.len() <= callers.min(threads), "{} threads have called", ids.len());
        assert!(calls.iter().all(|(_, part)| part.columns == (0..37)), "whole bands");
        let most = calls.iter().map(|(_, part)| part.shape()[0]).max();
        assert!(callers > 1 || most == Some(10), "{most:?} bands at a time");
    }
}

/// Computes 53 bands by one caller of three threads. The caller waits after its first 10 bands; once these
/// are encoded, `act` is called. Returns how many bands were finished, and how many records were left.
fn computed_with_a_pause(act: impl FnOnce(&Device, &Block<'_>)) -> [usize; 2] {
    let job = job(37, 53, 200);
    let device = Device::new(&job, 1, 10 * 37).that_waits();
    let bands: Vec<u64> = (0..53).collect();
    let costs = [1; 53];
    let work = work(&job, &device);
    let block = work.block(&bands, &costs, 3, u64::MAX);
    std::thread::scope(|scope| {
        (0..3).for_each(|_| drop(scope.spawn(|| work.contribute(&block))));
        wait_until("10 bands are encoded", || block.finished_bands() == 10);
        act(&device, &block);
    });
    assert!(block.wait_idle(Duration::ZERO));
    [block.finished_bands(), block.take_records().len()]
}

#[test]
fn others_encode_while_the_caller_computes() {
    let ended = computed_with_a_pause(|device, block| {
        assert_eq!(block.take_records().len(), 10);
        device.goes_on.store(true, Ordering::SeqCst);
    });
    assert_eq!(ended, [53, 43]);
}

#[test]
fn a_stop_is_heard_by_callers_and_by_those_who_wait_for_them() {
    let ended = computed_with_a_pause(|_, block| block.stop());
    assert_eq!(ended, [10, 10]);
}

#[test]
fn a_caller_waits_for_room_while_others_encode() {
    let job = job(37, 53, 200);
    let bands: Vec<u64> = (0..53).collect();
    let costs = [1; 53];
    for threads in [1, 3] {
        let device = Device::new(&job, 1, 10 * 37);
        let work = work(&job, &device);
        let block = work.block(&bands, &costs, threads, 0);
        let mut taken = 0;
        std::thread::scope(|scope| {
            (0..threads).for_each(|_| drop(scope.spawn(|| work.contribute(&block))));
            while taken < 53 {
                wait_until("there are records", || block.is_full());
                taken += block.take_records().len();
            }
        });
        assert_eq!((taken, block.finished_bands()), (53, 53), "{threads} threads");
    }
}

#[test]
fn a_full_block_of_few_callers_can_be_closed() {
    let job = job(37, 53, 200);
    let bands: Vec<u64> = (0..53).collect();
    let costs = [1; 53];
    let device = Device::new(&job, 1, 10 * 37);
    let work = work(&job, &device);
    let block = work.block(&bands, &costs, 3, 0);
    std::thread::scope(|scope| {
        (0..3).for_each(|_| drop(scope.spawn(|| work.contribute(&block))));
        wait_until("there are records", || block.is_full());
        block.close();
    });
    // What was begun is finished, and it is the head of the block.
    let mut found: Vec<u64> = block.take_records().iter().map(|record| parts(&job, record).0).collect();
    found.sort_unstable();
    assert_eq!(found.len(), block.finished_bands());
    assert!(found.len() < 53 && found == bands[..found.len()]);
}
