//! Before the first round: root reads the config and looks at what is there; all ranks learn the same.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;

use crate::band::{Encoding, Geometry};
use crate::checksum::Checksum;
use crate::cli::JobArgs;
use crate::comm::Comm;
use crate::config::{Config, Settings};
use crate::error::{Error, Result, Status};
use crate::kernel::{FieldKernel, Kernel};
use crate::launcher::Launch;
use crate::store::journal::{self, Journal, Texts};
use crate::store::paths::Paths;
use crate::store::{FileFormat, Finished};
use crate::threads::{self, CpuPlacement};
use crate::{machine, report};

/// Where to start from.
pub(super) struct Start {
    /// How bands are cut and encoded.
    pub(super) encoding: Encoding,
    /// Runs of bands that are not in the journal, ascending.
    pub(super) unfinished: Vec<Range<u64>>,
    /// At root.
    pub(super) journal: Option<Journal>,
}

/// Reads the config: root its file, all others what root sends them, so that no file system is asked by
/// every rank. *Collective.*
pub(super) fn read_config<C: Comm>(args: &JobArgs, comm: &C) -> Result<(Config, Texts)> {
    let path = comm.agree(args.config_path())?;
    let read = if comm.is_root() { read_file(path) } else { Ok(Vec::new()) };
    let bytes = comm.broadcast(comm.agree(read)?);
    // All parse the same bytes with the same arguments, so all come to the same end.
    parse_config(args, path, bytes)
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        Error::new(Status::Usage, format!("cannot read the config {}: {error}", path.display()))
    })
}

/// Makes sense of the config's bytes.
pub(super) fn parse_config(args: &JobArgs, path: &Path, bytes: Vec<u8>) -> Result<(Config, Texts)> {
    let source = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::new(Status::Usage, format!("the config {} is not UTF-8: see byte {at}", path.display()))
    })?;
    let mut settings = Settings::parse(&path.to_string_lossy(), &source)?;
    args.apply(&mut settings)?;
    let config = Config::new(&settings)?;
    Ok((config, Texts { source, effective: settings.to_toml(), of_file: settings.to_toml_of_file() }))
}

/// Looks at what earlier runs left, before anything is computed: a complete output (nothing is left to do),
/// one that must not be replaced, a journal to go on from. *Collective.*
pub(super) fn open<C: Comm>(
    args: &JobArgs,
    comm: &C,
    config: &Config,
    texts: &Texts,
    format: &dyn FileFormat,
) -> Result<Option<Start>> {
    let opened = if comm.is_root() { open_at_root(args, config, texts, format) } else { Ok(None) };
    let journal = comm.agree(opened)?;
    let told = journal.as_ref().map(|journal| (*journal.encoding(), journal.unfinished()));
    let bytes = comm.broadcast(serde_json::to_vec(&told).expect("plain data"));
    let told: Option<(Encoding, Vec<Range<u64>>)> = serde_json::from_slice(&bytes).expect("root sent it");
    Ok(told.map(|(encoding, unfinished)| Start { encoding, unfinished, journal }))
}

/// The journal to write to, or nothing when the output is complete.
fn open_at_root(
    args: &JobArgs,
    config: &Config,
    texts: &Texts,
    format: &dyn FileFormat,
) -> Result<Option<Journal>> {
    let paths = Paths::new(&config.output.path);
    if let Some(finished) = find_complete(args, config, &paths, format)? {
        if let Some(&last) = paths.segments()?.last() {
            // Killed between the rename and this, an earlier run left its journal behind.
            journal::remove_segments(&paths, last)?;
        }
        say_complete(&paths, &finished);
        return Ok(None);
    }
    if args.restart {
        for aside in journal::set_aside(&paths)? {
            tracing::info!("set an earlier journal aside: {}", aside.display());
        }
    }
    let encoding = Encoding { geometry: Geometry::of(&config.job), deflate: config.output.deflate };
    let journal = Journal::open(&paths, &config.job, encoding, texts)?;
    if !journal.is_empty() {
        tracing::info!("resuming: {} of {} bands are done", journal.len(), encoding.geometry.bands());
    }
    Ok(Some(journal))
}

/// Says that there is nothing to do.
pub(super) fn say_complete(paths: &Paths, finished: &Finished) {
    let (output, checksum) = (paths.output().display(), &finished.checksum);
    report::print(&format!("mandel-mpi: already complete output={output} checksum={checksum}"));
}

/// The output, where it is there already, complete and of this job. Any other file in its place is refused,
/// unless `--force` says that it may be replaced.
pub(super) fn find_complete(
    args: &JobArgs,
    config: &Config,
    paths: &Paths,
    format: &dyn FileFormat,
) -> Result<Option<Finished>> {
    let output = paths.output();
    // With --force the user wants a new file, whatever this one is.
    if args.force || output.symlink_metadata().is_err() {
        return Ok(None);
    }
    let hash = config.job.hash().to_string();
    if let Some(finished) = format.identify(output)?.filter(|finished| finished.job_hash == hash) {
        return Ok(Some(finished));
    }
    let advice = "take another output, or --force to replace it once the new one is complete";
    let message = format!("the output exists and is not this job's: {}: {advice}", output.display());
    Err(Error::new(Status::CannotCreate, message))
}

/// The kernel that the config asks for, on this rank's CPU.
pub(super) fn prepare_kernel(config: &Config) -> Result<Box<dyn FieldKernel>> {
    match Kernel::prepare(config.kernel, &config.job, config.shortcuts) {
        Ok(kernel) => Ok(Box::new(kernel)),
        Err(lack) => Err(Error::new(Status::Usage, format!("{lack} (on {})", machine::host_name()))),
    }
}

/// The threads of this rank, by the config, the environment or its share of the node. *Collective.*
pub(super) fn agree_on_threads<C: Comm>(comm: &C, config: &Config) -> Result<NonZeroUsize> {
    let requested = comm.agree(threads::requested(config.run.threads, Launch::here().threads))?;
    let words = comm.all_gather(&CpuPlacement::here().to_words());
    let placements: Vec<CpuPlacement> =
        words.chunks_exact(CpuPlacement::WORDS).map(CpuPlacement::from_words).collect();
    let mine = threads::of_rank(requested, &placements, comm.rank());
    let all = comm.all_gather(&[mine.get() as u64]);
    let complaint = threads::oversubscription(&all, &placements, comm.rank());
    warn_once(comm, complaint.as_deref());
    Ok(mine)
}

/// Logs what ranks complain about: the same words once, with the number of ranks that say them. *Collective.*
fn warn_once<C: Comm>(comm: &C, complaint: Option<&str>) {
    let mine = complaint.map_or(0, |text| Checksum::of_bytes(text.as_bytes()).crc());
    let all = comm.all_gather(&[mine]);
    let is_first = !all[..comm.rank()].contains(&mine);
    if let Some(complaint) = complaint.filter(|_| is_first) {
        let ranks = all.iter().filter(|&&other| other == mine).count();
        tracing::warn!("{complaint} (said by {ranks} of {} ranks)", comm.size());
    }
}
