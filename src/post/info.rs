//! `mandel-mpi info FILE.h5`: what a file holds, or what is done of an unfinished one.

use std::path::Path;

use super::assemble::read_texts;
use crate::band::Geometry;
use crate::error::Result;
use crate::report;
use crate::store::hdf5::FieldFile;
use crate::store::hdf5::layout::counts;
use crate::store::journal;
use crate::store::paths::Paths;

/// Prints what is known of a finished file or of a journal, one `key value` a line.
///
/// # Errors
///
/// When it cannot be read.
pub fn run(path: &Path) -> Result<()> {
    let paths = Paths::of_any(path);
    if path.exists() && path == paths.output() { finished(path) } else { unfinished(&paths) }
}

fn unfinished(paths: &Paths) -> Result<()> {
    let (_, config) = read_texts(paths)?;
    let geometry = Geometry::of(&config.job);
    let done = journal::count_bands(paths, &config.job)?;
    let percent = 100.0 * done as f64 / geometry.bands() as f64;
    let grid =
        format!("{} x {} (im x re), {}", geometry.height, geometry.width, config.job.sampling().name());
    print_facts(&[
        ("output", format!("{} (unfinished)", paths.output().display())),
        ("segments", paths.segments()?.len().to_string()),
        ("bands", format!("{done} of {} ({percent:.1} %)", geometry.bands())),
        ("grid", grid),
        ("max_iter", config.job.max_iter().to_string()),
        ("job", config.job.hash().to_string()),
    ]);
    Ok(())
}

fn finished(path: &Path) -> Result<()> {
    let file = FieldFile::open(path)?;
    let (height, width) = file.shape();
    print_facts(&[
        ("file", path.display().to_string()),
        ("grid", format!("{height} x {width} (im x re), {}", file.text(counts::SAMPLING)?)),
        ("region re", file.text(counts::REGION_RE_TEXT)?),
        ("region im", file.text(counts::REGION_IM_TEXT)?),
        ("max_iter", file.number(counts::MAX_ITER)?.to_string()),
        ("sum", file.text(counts::SUM)?),
        ("undecided", file.number(counts::UNDECIDED)?.to_string()),
        ("checksum", file.text(counts::CHECKSUM)?),
        ("job", file.text(counts::JOB_HASH)?),
    ]);
    Ok(())
}

fn print_facts(facts: &[(&str, String)]) {
    let lines: Vec<String> = facts.iter().map(|(key, value)| format!("{key:<10} {value}")).collect();
    report::print(&lines.join("\n"));
}
