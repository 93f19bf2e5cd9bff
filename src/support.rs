//! What a support desk asks for first.

use crate::comm;
use crate::error::{Error, Result, Status};
use crate::kernel::Kernel;
use crate::store::hdf5::{built_version, running_version};

/// The MPI whose header the program was built with; empty where that is not known.
const MPI_BUILT: &str = if cfg!(feature = "mpi") { env!("MANDEL_MPI_BUILT_WITH") } else { "" };

/// The text of `--version`: of the program, what it was built from and with, and what it runs with.
#[must_use]
pub fn version() -> String {
    // Without HDF5 there is no program.
    let features =
        [("hdf5", true), ("mpi", cfg!(feature = "mpi")), ("fault-points", cfg!(feature = "fault-points"))];
    let features: Vec<&str> = features.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name).collect();
    let facts = [
        ("commit", env!("MANDEL_MPI_COMMIT").to_owned()),
        ("rustc", env!("MANDEL_MPI_RUSTC").to_owned()),
        ("target", env!("MANDEL_MPI_TARGET").to_owned()),
        ("features", features.join(", ")),
        ("mpi", format!("{}{}", comm::library_version(), built_with(MPI_BUILT))),
        ("hdf5", format!("{}{}", dotted(running_version()), built_with(&dotted(built_version())))),
        ("kernels", Kernel::available()),
    ];
    let lines: Vec<String> = facts.iter().map(|(key, value)| format!("{key:<9} {value}")).collect();
    format!("{}\n{}", env!("CARGO_PKG_VERSION"), lines.join("\n"))
}

/// Refuses an MPI or HDF5 of another make or series than what the program was built with: their structures
/// may differ.
///
/// # Errors
///
/// [`Status::MpiUnusable`] or [`Status::Failure`], naming both versions.
pub fn check_libraries() -> Result<()> {
    let advice = "load the module that it was built with, or build it again";
    let mpi = comm::library_version();
    if !MPI_BUILT.is_empty() && series(&mpi) != series(MPI_BUILT) {
        let message = format!("{mpi} is running, built with {MPI_BUILT}: {advice}");
        return Err(Error::new(Status::MpiUnusable, message));
    }
    let (running, built) = (running_version(), built_version());
    if (running.0, running.1) == (built.0, built.1) {
        return Ok(());
    }
    let (running, built) = (dotted(running), dotted(built));
    Err(Error::new(Status::Failure, format!("HDF5 {running} is running, built with {built}: {advice}")))
}

/// Name and major version of an MPI.
fn series(mpi: &str) -> &str {
    mpi.split('.').next().unwrap_or_default()
}

fn built_with(version: &str) -> String {
    if version.is_empty() { String::new() } else { format!(", built with {version}") }
}

fn dotted((major, minor, micro): (u8, u8, u8)) -> String {
    format!("{major}.{minor}.{micro}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_make_and_major_version() {
        assert_eq!(series("Open MPI v4.1.4"), series("Open MPI v4.0.0"));
        assert_ne!(series("Open MPI v4.1.4"), series("Open MPI v5.0.3"));
        assert_ne!(series("Open MPI v4.1.4"), series("MPICH Version: 4.0.2"));
    }

    #[test]
    fn the_libraries_of_the_tests_fit() {
        check_libraries().expect("built and running are the same here");
    }
}
