//! The program as its users meet it: real files, real launchers.

mod anchors;
mod command_line;
#[cfg(feature = "mpi")]
mod distribution;
mod fences;
mod layers;
mod layout;
mod outputs;
mod pictures;
#[cfg(feature = "mpi")]
mod ranks;
mod sandbox;
mod sources;
mod version_0_1_0;
