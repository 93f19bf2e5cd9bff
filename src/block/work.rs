//! How threads compute a block: their way from a claim to a record.

use std::sync::Arc;

use super::Block;
use super::slab::{ComputedSlab, EncodedBand, Slab};
use crate::band::{Encoder, Encoding, Record, Summary};
use crate::dataset::FieldValues;
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
        let (geometry, calling) = (self.encoding.geometry, self.kernel.calling());
        Block::new(geometry, calling, bands, costs, threads, budget_bytes)
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
                self.hand_over(block, ComputedSlab::new(slab, values, &self.encoding.geometry), encoder);
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

    /// The values of a strip and what they cost, or nothing when a stop was asked.
    fn compute(&self, block: &Block<'_>, slab: &Arc<Slab>, strip: usize) -> Option<(FieldValues, u64)> {
        let part = &slab.strips[strip];
        let mut values = FieldValues::zeros(self.encoding.geometry.count_width, part.shape());
        let executed = self.kernel.compute(part, values.as_fields(), block.stop_flag()).ok()?;
        Some((values, executed))
    }

    /// Encodes a band; makes records when it is the last one of its slab.
    fn encode(&self, block: &Block<'_>, computed: &ComputedSlab, index: usize, encoder: &mut Encoder) {
        block.gauges.encoding(|| {
            let (band, counts) = computed.band(index);
            let summary = Summary::of_slice(counts, self.max_iter);
            let mut payload = Vec::new();
            let chunk_lengths = encoder.encode(counts, &mut payload);
            // Room was made for the worst. All bands of the slab are held until the last one is encoded.
            payload.shrink_to_fit();
            if let Some(bands) = computed.put(EncodedBand { band, summary, chunk_lengths, payload }) {
                self.make_records(block, &computed.slab, &bands);
            }
        });
    }

    fn make_records(&self, block: &Block<'_>, slab: &Slab, bands: &[EncodedBand]) {
        let summaries: Vec<Summary> = bands.iter().map(|of| of.summary).collect();
        for (of, share) in bands.iter().zip(shared_cost(slab.executed(), &summaries, self.max_iter)) {
            let EncodedBand { band, summary, chunk_lengths, payload } = of;
            block.put(Record::new(&self.hash, *band, *summary, share, chunk_lengths, payload));
        }
        block.finish_slab(slab);
    }
}

/// What each band cost of a slab that cost `cost` in all, which is all that kernels tell.
///
/// A point that escaped cost its count, or less where counts were found together. What is left went to the
/// others. Most of these may be proven interior and have cost nothing, but within one slab these shares
/// hardly differ.
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
