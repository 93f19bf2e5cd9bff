//! One rank's row block in one round: its bands, computed and encoded by the team.
//!
//! Threads claim work in ascending order from one cursor. They take a *slab*, some consecutive bands (one large
//! band, or many small ones), and within it a *strip*; who finishes the last strip of a slab encodes its bands.
//! A slab that was begun is finished, so what is left of a block is always its tail; only a stop request makes
//! kernels give up in the middle.

mod mirror;
mod slab;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use ndarray::Array2;

use crate::band::{Encoder, Geometry, Record, Summary};
use crate::job::{Job, JobHash};
use crate::kernel::{Count, Kernel};
use crate::store::journal::Encoding;

use mirror::Kept;
use slab::{STRIP_COST, STRIP_POINTS, STRIP_ROWS, Slab, Strip};

pub use mirror::KEPT_BYTES;

/// Believed cost and points of a slab of more bands than a strip has points for.
const SLAB_COST: u64 = 4 * STRIP_COST;
const SLAB_POINTS: u64 = 1 << 20;

/// Slabs that each thread takes, at least, if the block has as many bands: the last ones are small, so that
/// threads finish together.
const SLABS_PER_THREAD: usize = 4;

/// What all rounds of a job have in common on one rank.
#[derive(Debug)]
pub struct Work<'a> {
    job: &'a Job,
    hash: JobHash,
    encoding: Encoding,
    kernel: &'a Kernel,
    re: Vec<f64>,
}

impl<'a> Work<'a> {
    /// Prepares a rank for its blocks.
    #[must_use]
    pub fn new(job: &'a Job, encoding: Encoding, kernel: &'a Kernel) -> Self {
        let re = job.grid().re.samples(0..job.grid().width());
        Self { job, hash: job.hash(), encoding, kernel, re }
    }

    /// How the job's bands are cut and encoded.
    #[must_use]
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// Computes the block until it is done or told to end, as one thread of the team.
    pub fn help<T: Count>(&self, block: &Block<'_, T>) {
        let mut encoder = Encoder::new(self.encoding.geometry, self.encoding.deflate);
        while let Some((slab, strip)) = self.claim(block) {
            let started = Instant::now();
            let counts = self.compute(block, &slab, strip);
            add_time(&block.compute_us, started);
            let Some(counts) = counts else { break };
            if let Some(counts) = slab.put(strip, counts) {
                let started = Instant::now();
                let counts = Arc::new(counts);
                if self.will_be_mirrored(block, &slab.rows) {
                    block.kept.keep(slab.rows.start, Arc::clone(&counts));
                }
                self.encode(block, &slab, &counts, &mut encoder);
                add_time(&block.encode_us, started);
            }
        }
        block.leave();
    }

    /// The next strip, of the slab that is open or of a new one.
    fn claim<T: Count>(&self, block: &Block<'_, T>) -> Option<(Arc<Slab<T>>, usize)> {
        let mut open = lock(&block.open);
        if open.as_ref().is_none_or(|(slab, next)| *next == slab.strips.len()) {
            // Set anew below. Nobody else needs the cursor while this thread waits for memory: all would.
            *open = None;
            let bands = block.take_bands(&self.encoding)?;
            let cost = block.believed_cost(&bands);
            *open = Some((Arc::new(Slab::new(&self.encoding.geometry, bands, cost)), 0));
        }
        let (slab, next) = open.as_mut().expect("set above");
        *next += 1;
        Some((Arc::clone(slab), *next - 1))
    }

    /// The counts of a strip, or nothing when a stop was asked.
    fn compute<T: Count>(&self, block: &Block<'_, T>, slab: &Slab<T>, strip: usize) -> Option<Array2<T>> {
        let Strip { rows, columns } = &slab.strips[strip];
        let im = self.job.grid().im.samples(rows.clone());
        let re = &self.re[columns.start as usize..columns.end as usize];
        let run = |im: &[f64]| {
            let mut counts = Array2::from_elem((im.len(), re.len()), T::default());
            let cost = self.kernel.run(re, im, counts.view_mut(), &block.stop).ok()?;
            slab.cost.fetch_add(cost, Ordering::Relaxed);
            Some(counts)
        };
        let kept = block.kept.find(rows.clone().map(|row| self.mirrored(row)));
        if kept.iter().all(Option::is_none) {
            return run(&im);
        }
        let own_im: Vec<f64> =
            im.iter().zip(&kept).filter(|(_, kept)| kept.is_none()).map(|(im, _)| *im).collect();
        let own = run(&own_im)?;
        let mut own = own.rows().into_iter();
        let mut counts = Array2::from_elem((im.len(), re.len()), T::default());
        for (mut row, kept) in counts.rows_mut().into_iter().zip(&kept) {
            match kept {
                Some(kept) => row.assign(&kept.columns(columns)),
                None => row.assign(&own.next().expect("one for each row that is not kept")),
            }
        }
        Some(counts)
    }

    /// The row that has the counts of `row`, if there is one.
    fn mirrored(&self, row: u64) -> Option<u64> {
        self.kernel.takes_shortcuts().then(|| self.job.grid().im.mirrored(row))?
    }

    /// Whether a row of the block after these has the counts of one of them, and is near enough for these to be kept.
    fn will_be_mirrored<T: Count>(&self, block: &Block<'_, T>, rows: &Range<u64>) -> bool {
        let Geometry { width, band_rows, count_width, .. } = self.encoding.geometry;
        rows.clone().any(|row| {
            self.mirrored(row).is_some_and(|image| {
                image > row
                    && (image - row).div_ceil(2) * width * count_width.bytes() <= KEPT_BYTES
                    && block.bands.binary_search(&(image / band_rows)).is_ok()
            })
        })
    }

    /// Makes records of a finished slab.
    fn encode<T: Count>(
        &self,
        block: &Block<'_, T>,
        slab: &Slab<T>,
        counts: &Array2<T>,
        encoder: &mut Encoder,
    ) {
        let counts = counts.as_slice().expect("a slab is one piece, row-major");
        let max_iter = self.job.max_iter().get();
        let band_points = (self.encoding.geometry.band_rows * self.encoding.geometry.width) as usize;
        let bands: Vec<(u64, &[T], Summary)> = slab
            .bands
            .clone()
            .zip(counts.chunks(band_points))
            .map(|(band, counts)| (band, counts, Summary::of(counts, max_iter)))
            .collect();
        let cost = slab.cost.load(Ordering::Relaxed);
        let summaries: Vec<Summary> = bands.iter().map(|(_, _, summary)| *summary).collect();
        let mut payload = Vec::new();
        for ((band, counts, summary), share) in bands.into_iter().zip(shared_cost(cost, &summaries, max_iter))
        {
            payload.clear();
            let lengths = encoder.encode(counts, &mut payload);
            block.put(Record::new(&self.hash, band, summary, share, &lengths, &payload));
        }
        block.finish_slab(&slab.bands, cost);
    }
}

/// A rank's part of a round.
#[derive(Debug)]
pub struct Block<'a, T> {
    /// The bands, ascending.
    bands: &'a [u64],
    /// What each of them is believed to cost.
    costs: &'a [u64],
    threads: usize,
    budget_bytes: u64,
    /// The slab that is being handed out, and its next strip.
    open: Mutex<Option<(Arc<Slab<T>>, usize)>>,
    /// How many bands are begun.
    taken: Mutex<usize>,
    room: Condvar,
    closing: AtomicBool,
    stop: AtomicBool,
    active: Mutex<usize>,
    left: Condvar,
    records: Mutex<Vec<Record>>,
    kept: Kept<T>,
    held_bytes: AtomicU64,
    finished_bands: AtomicUsize,
    finished_cost: AtomicU64,
    executed: AtomicU64,
    compute_us: AtomicU64,
    encode_us: AtomicU64,
}

impl<'a, T: Count> Block<'a, T> {
    /// The block of `bands`, believed to cost `costs`, for a team of `threads`. While the encoded bands of this
    /// block take more than `budget_bytes`, no new ones are begun.
    #[must_use]
    pub fn new(bands: &'a [u64], costs: &'a [u64], threads: usize, budget_bytes: u64) -> Self {
        assert_eq!(bands.len(), costs.len(), "one cost per band");
        Self {
            bands,
            costs,
            threads,
            budget_bytes,
            open: Mutex::default(),
            taken: Mutex::default(),
            room: Condvar::new(),
            closing: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            active: Mutex::new(threads),
            left: Condvar::new(),
            records: Mutex::default(),
            kept: Kept::default(),
            held_bytes: AtomicU64::new(0),
            finished_bands: AtomicUsize::new(0),
            finished_cost: AtomicU64::new(0),
            executed: AtomicU64::new(0),
            compute_us: AtomicU64::new(0),
            encode_us: AtomicU64::new(0),
        }
    }

    /// Lets no new slab begin.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        // Under the lock, so that no thread is between its look at the flag and its wait.
        let _taken = lock(&self.taken);
        self.room.notify_all();
    }

    /// Makes kernels give up, too.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.close();
    }

    /// Waits until no thread is at work, at most for `timeout`; says whether it is so.
    pub fn wait_idle(&self, timeout: Duration) -> bool {
        let active = lock(&self.active);
        let (active, _) = self
            .left
            .wait_timeout_while(active, timeout, |active| *active > 0)
            .expect("no panic is survived");
        *active == 0
    }

    /// Believed cost of the bands that no thread has begun.
    #[must_use]
    pub fn unbegun_cost(&self) -> u64 {
        self.costs[*lock(&self.taken)..].iter().sum()
    }

    /// Believed cost of the finished bands.
    #[must_use]
    pub fn finished_cost(&self) -> u64 {
        self.finished_cost.load(Ordering::SeqCst)
    }

    /// Number of finished bands; the first so many of the block, when no stop was asked and no thread is at work.
    #[must_use]
    pub fn finished_bands(&self) -> usize {
        self.finished_bands.load(Ordering::SeqCst)
    }

    /// Executed pixel-iterations of the finished bands.
    #[must_use]
    pub fn executed(&self) -> u64 {
        self.executed.load(Ordering::SeqCst)
    }

    /// Bytes of the records.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.held_bytes.load(Ordering::SeqCst)
    }

    /// Whether the records take so much memory that no new bands are begun.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.held_bytes() > self.budget_bytes
    }

    /// Seconds in the kernel and in encoding, the mean over the threads.
    #[must_use]
    pub fn busy_s(&self) -> (f64, f64) {
        let mean = |us: &AtomicU64| us.load(Ordering::SeqCst) as f64 * 1e-6 / self.threads as f64;
        (mean(&self.compute_us), mean(&self.encode_us))
    }

    /// Takes the records of bands that were finished since the last time, in that order, and so makes room for more.
    #[must_use]
    pub fn take_records(&self) -> Vec<Record> {
        let records = std::mem::take(&mut *lock(&self.records));
        let bytes = records.iter().map(|record| record.as_bytes().len() as u64).sum();
        self.held_bytes.fetch_sub(bytes, Ordering::SeqCst);
        // Under the lock, as in `close`.
        let _taken = lock(&self.taken);
        self.room.notify_all();
        records
    }

    /// The next consecutive bands, once there is memory for them.
    fn take_bands(&self, encoding: &Encoding) -> Option<Range<u64>> {
        let taken = lock(&self.taken);
        // Nobody ever wakes a thread that waits for room when nothing is left to put there.
        let waits = |taken: &mut usize| !self.is_closing() && *taken < self.bands.len() && self.is_full();
        let mut taken = self.room.wait_while(taken, waits).expect("no panic is survived");
        if self.is_closing() || *taken == self.bands.len() {
            return None;
        }
        let (rest, costs) = (&self.bands[*taken..], &self.costs[*taken..]);
        let band_points = encoding.geometry.band_rows * encoding.geometry.width;
        let tall = (STRIP_ROWS / encoding.geometry.band_rows).min(SLAB_POINTS / band_points);
        let most = (STRIP_POINTS / band_points).max(tall).max(1) as usize;
        let share = (rest.len() / (SLABS_PER_THREAD * self.threads)).clamp(1, most);
        let mut cost = costs[0];
        let fits = |&i: &usize| {
            cost = cost.saturating_add(costs[i]);
            rest[i] == rest[0] + i as u64 && cost <= SLAB_COST
        };
        let bands = 1 + (1..share).take_while(fits).count();
        *taken += bands;
        Some(rest[0]..rest[0] + bands as u64)
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    fn put(&self, record: Record) {
        // Under the lock, so that records are never taken before they are counted.
        let mut records = lock(&self.records);
        self.held_bytes.fetch_add(record.as_bytes().len() as u64, Ordering::SeqCst);
        records.push(record);
    }

    fn believed_cost(&self, bands: &Range<u64>) -> u64 {
        let first = self.bands.partition_point(|&band| band < bands.start);
        self.costs[first..first + (bands.end - bands.start) as usize].iter().sum()
    }

    fn finish_slab(&self, bands: &Range<u64>, executed: u64) {
        self.finished_cost.fetch_add(self.believed_cost(bands), Ordering::SeqCst);
        self.executed.fetch_add(executed, Ordering::SeqCst);
        self.finished_bands.fetch_add((bands.end - bands.start) as usize, Ordering::SeqCst);
    }

    fn leave(&self) {
        *lock(&self.active) -= 1;
        self.left.notify_all();
    }
}

/// What each band cost of a slab that cost `cost` in all, which is all that kernels tell.
///
/// A point that escaped cost its count, or less where counts were found together. What is left went to the others; most of these
/// may be proven interior and have cost nothing. But within one slab these shares hardly differ.
fn shared_cost(cost: u64, bands: &[Summary], max_iter: u32) -> Vec<u64> {
    let escaped = |band: &Summary| band.sum - u128::from(band.undecided) * u128::from(max_iter);
    let undecided = |band: &Summary| u128::from(band.undecided);
    let total = |of: &dyn Fn(&Summary) -> u128| bands.iter().map(of).sum::<u128>();
    let of_escaped = u128::from(cost).min(total(&escaped));
    let of_undecided = u128::from(cost) - of_escaped;
    let share = |cost: u128, part: u128, whole: u128| cost * part / whole.max(1);
    let band_cost = |band| {
        share(of_escaped, escaped(band), total(&escaped))
            + share(of_undecided, undecided(band), total(&undecided))
    };
    bands.iter().map(|band| band_cost(band) as u64).collect()
}

fn add_time(total_us: &AtomicU64, started: Instant) {
    total_us.fetch_add(started.elapsed().as_micros() as u64, Ordering::Relaxed);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a panic ends the job, nobody sees its locks")
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::band::{Deflate, RecordHeader};
    use crate::grid::Sampling;
    use crate::kernel::Choice;
    use crate::region::{Bound, Interval, Region};

    fn job(width: u64, height: u64, max_iter: u32) -> Job {
        let interval = |lower, upper| {
            let bound = |text| Bound::parse(text).expect("a number");
            Interval { lower: bound(lower), upper: bound(upper) }
        };
        let region = Region { re: interval("-2", "0.5"), im: interval("-1.25", "1.25") };
        let max_iter = NonZeroU32::new(max_iter).expect("not zero");
        Job::new(region, width, height, Sampling::Endpoints, max_iter)
    }

    /// Band, summary and payload of each record, by band. What a band costs may depend on its neighbours in a slab.
    fn compute(job: &Job, bands: &[u64], threads: usize) -> Vec<(u64, Summary, Vec<u8>)> {
        let kernel = Kernel::prepare(Choice::Auto, job.max_iter()).expect("any CPU has it");
        let encoding = Encoding { geometry: Geometry::of(job), deflate: Deflate::new(1).expect("a level") };
        let work = Work::new(job, encoding, &kernel);
        let costs = vec![1; bands.len()];
        let block = Block::<u16>::new(bands, &costs, threads, u64::MAX);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| work.help(&block));
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
    fn a_row_that_mirrors_another_is_not_computed() {
        let area = job(50, 64, 200);
        // All 64 rows, two by two: i + 0.5 and the division by 64 are exact.
        let job = Job::new(area.region().clone(), 50, 64, Sampling::Centres, area.max_iter());
        let executed = |bands: &[u64], kernel: &Kernel| {
            let encoding =
                Encoding { geometry: Geometry::of(&job), deflate: Deflate::new(1).expect("a level") };
            let work = Work::new(&job, encoding, kernel);
            let costs = vec![1; bands.len()];
            let block = Block::<u16>::new(bands, &costs, 1, u64::MAX);
            work.help(&block);
            let records: Vec<_> = block.take_records().iter().map(|record| parts(&job, record)).collect();
            (block.executed(), records)
        };
        let kernel = Kernel::prepare(Choice::Portable, job.max_iter()).expect("any CPU has it");
        let (lower, all): (Vec<u64>, Vec<u64>) = ((0..32).collect(), (0..64).collect());
        let (cost, records) = executed(&all, &kernel);
        let (expected_cost, expected) = executed(&all, &kernel.clone().without_shortcuts());
        assert!(records == expected);
        assert!(cost > 0 && 2 * cost < expected_cost, "{cost} of {expected_cost}");
        assert!(executed(&lower, &kernel).1 == expected[..32]);
        assert!(executed(&all[32..], &kernel).1 == expected[32..]);
        assert!(executed(&[5, 58], &kernel).1 == [expected[5].clone(), expected[58].clone()]);
    }

    #[test]
    fn a_row_longer_than_a_strip_is_put_together_right() {
        let wide = job(300_001, 2, 20);
        let summary =
            compute(&wide, &[0, 1], 3).iter().map(|part| part.1).fold(Summary::empty(), Summary::then);
        let mut expected = Array2::<u16>::zeros((2, 300_001));
        let (re, im) = (wide.grid().re.samples(0..300_001), wide.grid().im.samples(0..2));
        let kernel = Kernel::prepare(Choice::Reference, wide.max_iter()).expect("any CPU has it");
        kernel.run(&re, &im, expected.view_mut(), &AtomicBool::new(false)).expect("not stopped");
        assert_eq!(summary, Summary::of(expected.as_slice().expect("row-major"), 20));
    }

    #[test]
    fn a_full_block_waits_for_room_but_not_once_all_is_begun() {
        let job = job(100, 2, 20);
        let kernel = Kernel::prepare(Choice::Auto, job.max_iter()).expect("any CPU has it");
        let encoding = Encoding { geometry: Geometry::of(&job), deflate: Deflate::new(1).expect("a level") };
        let work = Work::new(&job, encoding, &kernel);
        for (bands, finished) in [(&[0_u64][..], true), (&[0, 1], false)] {
            let costs = vec![1; bands.len()];
            let block = Block::<u16>::new(bands, &costs, 1, 0);
            std::thread::scope(|scope| {
                scope.spawn(|| work.help(&block));
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
        let interval = |text| Interval {
            lower: Bound::parse("0").expect("a number"),
            upper: Bound::parse(text).expect("a number"),
        };
        let inside = Region { re: interval("0.1"), im: interval("0.1") };
        forever = Job::new(inside, 100, 100, Sampling::Endpoints, forever.max_iter());
        let kernel = Kernel::prepare(Choice::Reference, forever.max_iter()).expect("any CPU has it");
        let encoding =
            Encoding { geometry: Geometry::of(&forever), deflate: Deflate::new(1).expect("a level") };
        let work = Work::new(&forever, encoding, &kernel);
        let bands: Vec<u64> = (0..100).collect();
        let block = Block::<u32>::new(&bands, &[1; 100], 2, u64::MAX);
        std::thread::scope(|scope| {
            scope.spawn(|| work.help(&block));
            scope.spawn(|| work.help(&block));
            assert!(!block.wait_idle(Duration::from_millis(20)));
            block.stop();
        });
        assert_eq!(block.finished_bands(), 0);
    }
}
