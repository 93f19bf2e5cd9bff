//! How threads compute a block: what all of them share, and their way from a claim to a record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ndarray::Array2;

use super::slab::{Slab, Strip};
use super::{Block, lock};
use crate::band::{Encoder, Encoding, Record, Summary};
use crate::dataset::Count;
use crate::job::{Job, JobHash};
use crate::kernel::Kernel;

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
        let mut counts = Array2::from_elem((im.len(), re.len()), T::default());
        let cost = self.kernel.run(re, &im, counts.view_mut(), &block.stop).ok()?;
        slab.cost.fetch_add(cost, Ordering::Relaxed);
        Some(counts)
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

/// What each band cost of a slab that cost `cost` in all, which is all that kernels tell.
///
/// A point that escaped cost its count, or less where counts were found together. What is left went to the others; most of these
/// may be proven interior and have cost nothing. But within one slab these shares hardly differ.
pub(super) fn shared_cost(cost: u64, bands: &[Summary], max_iter: u32) -> Vec<u64> {
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
