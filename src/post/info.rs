//! `mandel-mpi info FILE.h5`: what a file holds.

use std::path::Path;

use crate::error::Result;
use crate::store::hdf5::FieldFile;

/// Prints what is known of a finished file, one `key value` a line.
///
/// # Errors
///
/// When it cannot be read.
pub fn run(path: &Path) -> Result<()> {
    let file = FieldFile::open(path)?;
    let (height, width) = file.shape();
    println!("file       {}", path.display());
    println!("grid       {height} x {width} (im x re), {}", file.text("sampling")?);
    println!("region re  {}", file.text("region_re_text")?);
    println!("region im  {}", file.text("region_im_text")?);
    println!("max_iter   {}", file.number("max_iter")?);
    println!("sum        {}", file.text("sum")?);
    println!("undecided  {}", file.number("undecided")?);
    println!("checksum   {}", file.text("checksum")?);
    println!("job        {}", file.text("job_hash")?);
    Ok(())
}
