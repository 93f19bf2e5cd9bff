//! A round while it is computed: what its heartbeats show and ask for.

use std::time::Instant;

use serde_json::json;

use super::{Run, Totals};
use crate::band::Record;
use crate::comm::Comm;
use crate::error::Result;
use crate::gather::{self, Root};
use crate::round::{Beat, Host};
use crate::store::writer::Writer;
use crate::telemetry::Progress;

/// When ranks hold so much together, it is gathered while they compute on.
const COLLECTED_BYTES: u64 = 16 << 20;

/// A round while it is computed.
pub(super) struct Watched<'a, 'r, C> {
    pub(super) run: &'a Run<'r, C>,
    pub(super) writer: Option<&'a Writer>,
    pub(super) progress: &'a mut Progress,
    pub(super) totals: &'a mut Totals,
    /// Believed cost of what earlier rounds finished.
    pub(super) done_before: u64,
}

impl<C: Comm> Host for Watched<'_, '_, C> {
    fn hear(&mut self, all: &Beat) -> bool {
        self.progress.show(self.done_before + all.finished_cost, all.executed);
        // A round that is over needs no stop any more.
        if all.active > 0 {
            self.run.heed_time(self.writer);
        }
        self.writer.is_some_and(|writer| writer.error().is_some())
    }

    fn wants_records(&self, held_bytes: u64) -> bool {
        let budget_bytes = self.run.queue_budget_bytes();
        let is_worthwhile = held_bytes >= COLLECTED_BYTES.min(budget_bytes / 4);
        // What is finished until the ranks meet again needs room, too.
        let has_room = |writer: &Writer| writer.queued_bytes() + 2 * held_bytes <= budget_bytes;
        is_worthwhile && self.writer.is_some_and(has_room)
    }

    fn collect(&mut self, records: Vec<Record>) -> Result<()> {
        let started = Instant::now();
        let details = json!({"records": records.len()});
        let budget_bytes = self.run.queue_budget_bytes();
        let root = self.writer.map(|writer| Root { writer, budget_bytes, leave_at: None });
        self.totals.gathered_bytes += gather::gather(self.run.comm, records, root)?;
        self.writer.inspect(|writer| writer.sync());
        self.run.timeline.note("collect", started, details);
        Ok(())
    }
}
