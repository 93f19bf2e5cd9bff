//! `mandel-mpi verify FILE.h5`: are these still the counts that were computed?

use std::path::Path;

use num_complex::Complex64;

use crate::error::Result;
use crate::kernel::reference::escape_count;
use crate::report;
use crate::store::hdf5::FieldFile;
use crate::store::hdf5::layout::{IM, RE, counts};

/// Recomputes the checksum from the counts, then `sample` counts at random points from their definition.
///
/// # Errors
///
/// [`Status::Damaged`](crate::error::Status::Damaged) when anything differs or cannot be read.
pub fn run(path: &Path, sample: u64) -> Result<()> {
    let file = FieldFile::open(path)?;
    let summary = file.summary()?;
    let checksum = summary.checksum.to_string();
    for (name, found, stored) in [
        (counts::CHECKSUM, checksum.clone(), file.text(counts::CHECKSUM)?),
        (counts::SUM, summary.sum.to_string(), file.text(counts::SUM)?),
        (counts::UNDECIDED, summary.undecided.to_string(), file.number(counts::UNDECIDED)?.to_string()),
        (counts::MINIMUM, summary.minimum.to_string(), file.number(counts::MINIMUM)?.to_string()),
    ] {
        if found != stored {
            return Err(file.damaged(&format!("the counts have {name} {found}, the file says {stored}")));
        }
    }
    recompute(&file, sample)?;
    let (height, width) = file.shape();
    let points = if sample > 0 { format!(", {sample} points computed anew") } else { String::new() };
    report::print(&format!(
        "mandel-mpi: verified {} checksum={checksum} ({height} x {width}{points})",
        path.display()
    ));
    Ok(())
}

/// Compares the counts of `sample` random points with their definition. Every call takes the same points.
fn recompute(file: &FieldFile, sample: u64) -> Result<()> {
    let (re, im) = (file.axis(RE)?, file.axis(IM)?);
    let max_iter = file.max_iter()?;
    let mut random = 0_u64;
    for _ in 0..sample {
        let row = (splitmix64(&mut random) % im.len() as u64) as usize;
        let column = (splitmix64(&mut random) % re.len() as u64) as usize;
        let c = Complex64::new(re[column], im[row]);
        let expected = escape_count(c, max_iter);
        let found = file.count(row, column)?;
        if found != expected {
            let at = format!("row {row}, column {column} (c = {} + {} i)", c.re, c.im);
            return Err(file.damaged(&format!("{at}: the count is {expected}, the file says {found}")));
        }
    }
    Ok(())
}

/// A well-mixed sequence (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
