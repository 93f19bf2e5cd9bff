//! A round while it is computed: what its heartbeats show and ask for.

use super::run::{Run, Totals};
use crate::band::Record;
use crate::comm::Comm;
use crate::error::Result;
use crate::round::{Beat, RoundObserver};
use crate::store::writer::Writer;
use crate::telemetry::Progress;

/// When all ranks together hold so many bytes, these are gathered while threads compute on.
const GATHERED_BYTES: u64 = 16 << 20;

/// A round while it is computed.
pub(super) struct Observer<'a, 'r, C> {
    pub(super) run: &'a Run<'r, C>,
    pub(super) writer: Option<&'a Writer>,
    pub(super) progress: &'a mut Progress,
    pub(super) totals: &'a mut Totals,
    /// Predicted cost of what earlier rounds finished.
    pub(super) done_before: u64,
}

impl<C: Comm> RoundObserver for Observer<'_, '_, C> {
    fn on_heartbeat(&mut self, all: &Beat) -> bool {
        self.progress.show(self.done_before + all.finished_cost, all.executed);
        // A round that is over needs no stop any more.
        if all.active > 0 {
            self.run.check_time_limit(self.writer);
        }
        self.writer.is_some_and(|writer| writer.error().is_some())
    }

    fn wants_gather(&self, held_bytes: u64) -> bool {
        let budget_bytes = self.run.queue_budget_bytes();
        let is_worthwhile = held_bytes >= GATHERED_BYTES.min(budget_bytes / 4);
        // What is finished until the ranks meet again needs room, too.
        let has_room = |writer: &Writer| writer.queued_bytes() + 2 * held_bytes <= budget_bytes;
        is_worthwhile && self.writer.is_some_and(has_room)
    }

    fn gather_records(&mut self, records: Vec<Record>) -> Result<()> {
        self.run.send("collect", records, self.writer, None, self.totals)?;
        self.writer.inspect(|writer| writer.sync());
        Ok(())
    }
}
