//! `mandel-mpi assemble NAME.h5`: the last step of a job whose journal is complete, without MPI.

use std::path::Path;

use crate::band::{Encoding, Geometry};
use crate::config::{Config, Settings};
use crate::error::{Error, Result, Status};
use crate::report;
use crate::stop::StopRequest;
use crate::store::hdf5::Hdf5Format;
use crate::store::journal::{self, Journal, Texts};
use crate::store::paths::Paths;
use crate::store::{self, FileFormat, Provenance, RunProvenance};

/// Finishes the job whose journal is beside the output.
///
/// # Errors
///
/// When there is no journal, it is incomplete, or the file cannot be written.
pub fn run(file: &Path, force: bool) -> Result<()> {
    let paths = Paths::of_any(file);
    let (texts, config) = read_texts(&paths)?;
    refuse_incomplete(&paths, &config)?;
    if !force && paths.output().symlink_metadata().is_ok() {
        let message = format!("the output exists: {}: --force replaces it", paths.output().display());
        return Err(Error::new(Status::CannotCreate, message));
    }
    let stop = StopRequest::listen()?;
    let encoding = Encoding { geometry: Geometry::of(&config.job), deflate: config.output.deflate };
    let journal = Journal::open(&paths, &config.job, encoding, &texts)?;
    let provenance = provenance(&config, texts);
    Hdf5Format.assemble(&config.job, &journal, &provenance, &|| stop.is_asked())?;
    let checksum = journal.summary().checksum;
    store::publish(journal, force)?;
    report::print(&format!("mandel-mpi: assembled output={} checksum={checksum}", paths.output().display()));
    Ok(())
}

/// The config that the journal keeps, as text and as what it says.
pub(super) fn read_texts(paths: &Paths) -> Result<(Texts, Config)> {
    let texts = journal::texts(paths)?.ok_or_else(|| {
        let message = format!("there is no journal beside {}", paths.output().display());
        Error::new(Status::Failure, message)
    })?;
    let config = Config::new(&Settings::parse("journal", &texts.effective)?)?;
    Ok((texts, config))
}

fn refuse_incomplete(paths: &Paths, config: &Config) -> Result<()> {
    let done = journal::count_bands(paths, &config.job)?;
    let bands = Geometry::of(&config.job).bands();
    if done == bands {
        return Ok(());
    }
    let output = paths.output().display();
    let message =
        format!("{done} of {bands} bands of {output} are in the journal: run the job again to go on");
    Err(Error::new(Status::Stopped, message))
}

/// What is known of the run: its config. Where and when the counts were computed is in no journal.
fn provenance(config: &Config, texts: Texts) -> Provenance {
    let run = RunProvenance { config: texts.effective, ranks: None };
    let run = (!config.output.reproducible).then_some(run);
    Provenance { config: texts.of_file, source: texts.source, run }
}
