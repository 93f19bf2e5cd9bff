//! What a support desk asks for first.

use crate::comm;
use crate::error::{Error, Result, Status};
use crate::kernel::Kernel;
use crate::store::hdf5::{built_version, running_version};

/// The text of `--version`: of the program, what it was built from and with, and what it runs with.
#[must_use]
pub fn version() -> String {
    let features = [("mpi", cfg!(feature = "mpi")), ("fault-points", cfg!(feature = "fault-points"))];
    let features: Vec<&str> = features.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name).collect();
    let facts = [
        ("commit", env!("MANDEL_MPI_COMMIT").to_owned()),
        ("rustc", env!("MANDEL_MPI_RUSTC").to_owned()),
        ("target", env!("MANDEL_MPI_TARGET").to_owned()),
        ("features", [&["hdf5"], features.as_slice()].concat().join(", ")),
        ("mpi", comm::library_version()),
        ("hdf5", format!("{}, built with {}", dotted(running_version()), dotted(built_version()))),
        ("kernels", Kernel::available()),
    ];
    let lines: Vec<String> = facts.iter().map(|(key, value)| format!("{key:<9} {value}")).collect();
    format!("{}\n{}", env!("CARGO_PKG_VERSION"), lines.join("\n"))
}

/// Refuses an HDF5 whose version is another one than what the program was built with: their structures may differ.
///
/// # Errors
///
/// [`Status::Failure`], naming both versions.
pub fn check_libraries() -> Result<()> {
    let (running, built) = (running_version(), built_version());
    if (running.0, running.1) == (built.0, built.1) {
        return Ok(());
    }
    let (running, built) = (dotted(running), dotted(built));
    let advice = "load the module that it was built with, or build it again";
    Err(Error::new(Status::Failure, format!("HDF5 {running} is running, built with {built}: {advice}")))
}

fn dotted((major, minor, micro): (u8, u8, u8)) -> String {
    format!("{major}.{minor}.{micro}")
}
