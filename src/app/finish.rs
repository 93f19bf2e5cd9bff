//! After the last round: the file, its name, the report.

use std::time::Instant;

use serde_json::json;

use super::run::{Run, Totals};
use crate::comm::{Comm, Gathered, MAX_MESSAGE_BYTES, ROOT};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::faults::Point;
use crate::kernel::FieldKernel;
use crate::metrics::PhaseSummary;
use crate::report::{Report, SCHEMA_VERSION};
use crate::store::journal::Journal;
use crate::store::writer::Writer;
use crate::store::{self, FileFormat, Provenance, Ranks, RunProvenance};
use crate::{machine, metrics, report, threads, timeline};

impl<C: Comm> Run<'_, C> {
    /// Waits for the journal, assembles the file from it at root while the others sleep, and reports.
    /// *Collective.*
    pub(super) fn finish(
        &self,
        writer: Option<Writer>,
        format: Box<dyn FileFormat>,
        mut totals: Totals,
    ) -> Result<()> {
        let waiting = Instant::now();
        self.while_root_works(|| writer.as_ref().is_some_and(Writer::is_busy));
        totals.journal_s = writer.as_ref().map_or(0.0, Writer::busy_s);
        totals.journal_cpu_s = writer.as_ref().map_or(0.0, Writer::cpu_s);
        totals.phases.write_s += totals.journal_s;
        let journal = self.comm.agree(writer.map(Writer::finish).transpose())?;
        let sync = journal.as_ref().map(Journal::sync_later);
        self.complete(journal, format, totals, waiting).or_else(|error| {
            // Without the file the journal is all there is, so its last records must be durable, too.
            self.comm.agree(sync.map_or(Ok(()), |sync| sync()))?;
            Err(error)
        })
    }

    /// Makes the file of the journal. Errors are the same on all ranks. *Collective.*
    fn complete(
        &self,
        journal: Option<Journal>,
        format: Box<dyn FileFormat>,
        mut totals: Totals,
        waiting: Instant,
    ) -> Result<()> {
        self.faults.pass_together(self.comm, Point::Assemble)?;
        let ranks = self.ranks();
        let provenance = self.provenance(ranks.clone());
        let assembling = Instant::now();
        let journal = self.assemble(journal, format, provenance)?;
        if journal.is_some() {
            totals.phases.write_s += assembling.elapsed().as_secs_f64();
        } else {
            totals.phases.wait_s += waiting.elapsed().as_secs_f64();
        }
        self.timeline.note("finish", waiting, json!({}));
        self.write_trace(&ranks.hosts)?;
        let measured = self.measure(&totals, ranks);
        let publish = |journal| self.publish(journal, measured, totals);
        self.comm.agree(journal.map_or(Ok(()), publish))
    }

    /// Assembles the file on a thread of its own, so that root still hears a stop request. *Collective.*
    fn assemble(
        &self,
        journal: Option<Journal>,
        mut format: Box<dyn FileFormat>,
        provenance: Provenance,
    ) -> Result<Option<Journal>> {
        let thread = journal.map(|journal| {
            let (job, stop) = (self.config.job.clone(), self.stop.clone());
            threads::spawn(move || {
                format.assemble(&job, &journal, &provenance, &|| stop.is_asked()).map(|()| journal)
            })
        });
        let thread = self.comm.agree(thread.transpose())?;
        self.while_root_works(|| thread.as_ref().is_some_and(|thread| !thread.is_finished()));
        let done = thread.map(|thread| thread.join().expect("a panic has ended the job"));
        self.comm.agree(done.transpose())
    }

    /// Where and when the job was computed. *Collective.*
    fn ranks(&self) -> Ranks {
        let threads = self.comm.all_gather(&[self.threads.get() as u64]);
        let hosts = self.comm.share(machine::host_name().as_bytes());
        Ranks {
            hosts: hosts.iter().map(|host| String::from_utf8_lossy(host).into_owned()).collect(),
            threads,
            started_unix_s: self.started_unix_s,
            wall_s: self.began.elapsed().as_secs_f64(),
        }
    }

    fn provenance(&self, ranks: Ranks) -> Provenance {
        let run = RunProvenance { config: self.texts.effective.clone(), ranks: Some(ranks) };
        Provenance {
            config: self.texts.of_file.clone(),
            source: self.texts.source.clone(),
            run: (!self.config.output.reproducible).then_some(run),
        }
    }

    /// Writes what every rank did when, if it was asked for. *Collective.*
    fn write_trace(&self, hosts: &[String]) -> Result<()> {
        let Some(path) = &self.args.trace else { return Ok(()) };
        let rank = self.comm.rank();
        // All ranks' events are one message.
        let most_bytes = MAX_MESSAGE_BYTES / self.comm.size() as u64;
        let events = self.timeline.to_events(rank, &hosts[rank], most_bytes).into_bytes();
        let write = |all: Gathered| {
            let text = timeline::to_trace_file(&String::from_utf8_lossy(&all.into_bytes()));
            std::fs::write(path, text).map_err(|error| Error::io(path.display(), &error))
        };
        let written = self.comm.gather(&events).map_or(Ok(()), write);
        self.comm.agree(written)
    }

    /// Exchanges what ranks measured. *Collective.*
    fn measure(&self, totals: &Totals, ranks: Ranks) -> Measured {
        let [executed] = self.comm.all_reduce_sum([totals.executed]);
        Measured {
            ranks,
            phases: metrics::summarise(&self.comm.all_gather(&totals.phases.to_us())),
            executed,
            memory_bytes: self.comm.all_gather(&[machine::peak_memory_bytes()]),
            wall_s: self.began.elapsed().as_secs_f64(),
        }
    }

    /// Gives the finished file its name, and tells. At root.
    fn publish(&self, journal: Journal, measured: Measured, totals: Totals) -> Result<()> {
        let report = measured.report(self.config, self.kernel.as_ref(), &journal, totals);
        store::publish(journal, self.args.force)?;
        if let Some(path) = &self.args.summary {
            let json = serde_json::to_string_pretty(&report).expect("plain data");
            std::fs::write(path, json).map_err(|error| Error::io(path.display(), &error))?;
        }
        report::print(&report);
        Ok(())
    }
}

/// What all ranks measured. It knows no communicator: whatever is made of it needs no other rank.
struct Measured {
    ranks: Ranks,
    phases: Vec<PhaseSummary>,
    /// Executed pixel-iterations of all ranks.
    executed: u64,
    /// Peak memory of each rank.
    memory_bytes: Vec<u64>,
    /// Start to end, in seconds.
    wall_s: f64,
}

impl Measured {
    fn report(self, config: &Config, kernel: &dyn FieldKernel, journal: &Journal, totals: Totals) -> Report {
        let compute = self.phases.iter().find(|phase| phase.name == "compute").expect("it is a phase");
        let (job, summary) = (&config.job, journal.summary());
        Report {
            schema_version: SCHEMA_VERSION,
            version: env!("CARGO_PKG_VERSION"),
            commit: env!("MANDEL_MPI_COMMIT"),
            job_hash: job.hash().to_string(),
            height: job.grid().height(),
            width: job.grid().width(),
            max_iter: job.max_iter().get(),
            checksum: summary.checksum.to_string(),
            sum: summary.sum.to_string(),
            undecided: summary.undecided,
            ranks: self.ranks.hosts.len(),
            threads: self.ranks.threads,
            hosts: self.ranks.hosts,
            kernel: kernel.name().to_owned(),
            rounds: totals.rounds,
            bands: journal.encoding().geometry.bands(),
            resumed_bands: totals.resumed_bands,
            executed: self.executed,
            point_cost: kernel.point_cost(),
            giter_per_s: (summary.sum - totals.resumed_sum) as f64 / self.wall_s * 1e-9,
            wall_s: self.wall_s,
            load_balance: metrics::load_balance(compute.avg_s, compute.max_s),
            busy: metrics::busy(&self.phases),
            root_memory_bytes: self.memory_bytes[ROOT],
            most_memory_bytes: self.memory_bytes.iter().copied().max().unwrap_or(0),
            phases: self.phases,
            gathered_bytes: totals.gathered_bytes,
            journal_s: totals.journal_s,
            journal_cpu_s: totals.journal_cpu_s,
            output: config.output.path.display().to_string(),
            band_costs: journal.costs(),
            predicted_band_costs: totals.predicted_costs,
        }
    }
}
