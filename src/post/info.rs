//! `mandel-mpi info FILE.h5`: what a file holds.

use std::path::Path;

use crate::error::Result;
use crate::store::hdf5::FieldFile;
use crate::telemetry;

/// Prints what is known of a finished file, one `key value` a line.
///
/// # Errors
///
/// When it cannot be read.
pub fn run(path: &Path) -> Result<()> {
    let file = FieldFile::open(path)?;
    let (height, width) = file.shape();
    let facts = [
        ("file", path.display().to_string()),
        ("grid", format!("{height} x {width} (im x re), {}", file.text("sampling")?)),
        ("region re", file.text("region_re_text")?),
        ("region im", file.text("region_im_text")?),
        ("max_iter", file.number("max_iter")?.to_string()),
        ("sum", file.text("sum")?),
        ("undecided", file.number("undecided")?.to_string()),
        ("checksum", file.text("checksum")?),
        ("job", file.text("job_hash")?),
    ];
    telemetry::print(&facts.map(|(key, value)| format!("{key:<10} {value}")).join("\n"));
    Ok(())
}
