//! How threads compute a block: their way from a claim to a record.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex};

use super::Block;
use super::backlog::Backlog;
use super::gauges::Gauges;
use super::queue::Queue;
use super::slab::{ComputedSlab, Slab, SlabSize};
use crate::band::{Encoder, Encoding, Record};
use crate::dataset::Fields;
use crate::job::{Job, JobHash};
use crate::kernel::FieldKernel;

/// What all rounds of a job have in common on one rank.
#[derive(Debug)]
pub struct TeamWork<'a> {
    hash: JobHash,
    max_iter: u32,
    encoding: Encoding,
    kernel: &'a dyn FieldKernel,
}

impl<'a> TeamWork<'a> {
    /// Prepares a rank for its blocks.
    #[must_use]
    pub fn new(job: &Job, encoding: Encoding, kernel: &'a dyn FieldKernel) -> Self {
        Self { hash: job.hash(), max_iter: job.max_iter().get(), encoding, kernel }
    }

    /// How the job's bands are cut and encoded.
    #[must_use]
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The block of `bands`, predicted to cost `costs`, for a team of `threads`. While the encoded bands of
    /// the block take more than `budget_bytes`, no new ones are begun.
    #[must_use]
    pub fn block<'b>(
        &self,
        bands: &'b [u64],
        costs: &'b [u64],
        threads: usize,
        budget_bytes: u64,
    ) -> Block<'b> {
        let geometry = self.encoding.geometry;
        let size = SlabSize::of(self.kernel.calling(), &geometry, threads);
        Block {
            queue: Queue::new(bands, costs, geometry, size),
            backlog: Backlog::new(size.callers),
            gauges: Gauges::default(),
            records: Mutex::default(),
            budget_bytes,
            threads,
            callers: size.callers,
            come: AtomicUsize::new(0),
            active: Mutex::new(threads),
            left: Condvar::new(),
        }
    }

    /// Computes the block until it is done or told to end, as one thread of the team.
    pub fn contribute(&self, block: &Block<'_>) {
        let mut encoder = Encoder::new(self.encoding.geometry, self.encoding.deflate);
        if block.takes_caller() {
            self.call_kernel(block, &mut encoder);
            block.backlog.caller_leaves();
        }
        while let Some((slab, band)) = block.backlog.next_band() {
            self.encode(block, &slab, band, &mut encoder);
        }
        block.leave();
    }

    fn call_kernel(&self, block: &Block<'_>, encoder: &mut Encoder) {
        while let Some((slab, strip)) = block.claim() {
            let computed = block.gauges.computing(|| self.compute(block, &slab, strip));
            let Some((values, executed)) = computed else { return };
            if let Some(values) = slab.put(strip, values, executed) {
                self.hand_over(block, ComputedSlab::new(slab, values), encoder);
            }
            while let Some((slab, band)) = block.backlog.overdue_band() {
                self.encode(block, &slab, band, encoder);
            }
        }
    }

    /// Leaves a slab to the threads that do not compute. Where there are none it is encoded at once.
    fn hand_over(&self, block: &Block<'_>, slab: ComputedSlab, encoder: &mut Encoder) {
        if block.callers < block.threads {
            block.backlog.push(slab);
        } else {
            (0..slab.bands()).for_each(|band| self.encode(block, &slab, band, encoder));
        }
    }

    /// The values of a strip and their cost. None when a stop was asked.
    fn compute(&self, block: &Block<'_>, slab: &Arc<Slab>, strip: usize) -> Option<(Fields, u64)> {
        let part = &slab.strips[strip];
        let mut values = Fields::zeros(self.encoding.geometry.count_width, part.shape());
        let executed = self.kernel.compute(part, &mut values, block.queue.stop_flag()).ok()?;
        Some((values, executed))
    }

    /// Makes the record of a band.
    fn encode(&self, block: &Block<'_>, computed: &ComputedSlab, index: usize, encoder: &mut Encoder) {
        block.gauges.encoding(|| {
            let (band, counts) = computed.band(index);
            let (summary, cost) = computed.known(self.max_iter)[index];
            let (chunk_lengths, payload) = encoder.encode(counts);
            let record = Record::new(&self.hash, band, summary, cost, &chunk_lengths, payload);
            if let Some(records) = computed.put(record) {
                block.finish_slab(&computed.slab, records);
            }
        });
    }
}
