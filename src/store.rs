//! Files at root: the journal, which survives a kill at any time, and the finished file made of it.

#[cfg(feature = "hdf5")]
pub mod hdf5;
pub mod journal;
pub mod paths;
pub mod writer;

use std::path::Path;

use crate::error::{Error, Result, Status};
use crate::job::Job;
use crate::store::journal::Journal;

/// What a finished file tells about its making.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// The effective config, as far as it decides the file's bytes.
    pub config: String,
    /// The config as the user wrote it.
    pub source: String,
    /// What differs from run to run; left out of a reproducible file.
    pub run: Option<RunProvenance>,
}

/// The run that finished a file.
#[derive(Debug, Clone)]
pub struct RunProvenance {
    /// The whole effective config.
    pub config: String,
    /// Who computed; not known to a command that finishes another run's journal.
    pub ranks: Option<Ranks>,
}

/// Where and when the counts were computed.
#[derive(Debug, Clone)]
pub struct Ranks {
    /// Host of each rank.
    pub hosts: Vec<String>,
    /// Threads of each rank.
    pub threads: Vec<u64>,
    /// When it started, in seconds since 1970, UTC.
    pub started_unix_s: u64,
    /// Seconds from the start until the file was begun.
    pub wall_s: f64,
}

/// A finished file as an earlier job left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Hash of its job, as text.
    pub job_hash: String,
    /// Checksum of its counts, as text; recomputed from them.
    pub checksum: String,
}

/// The form of finished files. HDF5 is the product's; the tests of `app` have one that needs no library.
pub trait FileFormat: Send {
    /// What is in a finished file. `None`: it is damaged, or no file of this program.
    ///
    /// # Errors
    ///
    /// [`Status::Io`] when it cannot be read.
    fn identify(&self, path: &Path) -> Result<Option<Finished>>;

    /// Writes every band of `journal` under the output's temporary name, verified and durable, but not yet
    /// renamed. Between bands it asks `stopped`, and gives up when a stop was requested.
    ///
    /// # Errors
    ///
    /// When a file cannot be written, or the journal is damaged, or a stop was asked.
    fn assemble(
        &mut self,
        job: &Job,
        journal: &Journal,
        provenance: &Provenance,
        stopped: &dyn Fn() -> bool,
    ) -> Result<()>;
}

/// Gives the assembled file its name and removes the journal. An existing output is replaced only when
/// `force` is set.
///
/// # Errors
///
/// When another start has taken over, an output has appeared, or a name cannot be changed.
pub fn publish(journal: Journal, force: bool) -> Result<()> {
    journal.refuse_when_superseded()?;
    let (part, output) = (journal.paths().part(), journal.paths().output());
    if !force && output.symlink_metadata().is_ok() {
        let (part, output) = (part.display(), output.display());
        let message = format!("the output has appeared meanwhile: {output}: the finished file is {part}");
        return Err(Error::new(Status::CannotCreate, message));
    }
    std::fs::rename(&part, output).map_err(|error| Error::io(output.display(), &error))?;
    journal.paths().sync_directory()?;
    journal.remove()
}
