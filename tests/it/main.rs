//! The program as its users meet it: real files, real launchers. And its source, read as data.

mod assemble;
mod collectives;
mod command_line;
#[cfg(feature = "mpi")]
mod distribution;
mod dry_run;
mod fences;
mod few_callers;
mod functions;
mod help;
mod inlining;
mod layers;
mod layout;
mod named_paths;
mod outputs;
mod published_counts;
#[cfg(feature = "mpi")]
mod ranks;
mod render;
mod resume;
mod sandbox;
mod sources;
mod verify;
mod version_0_1_0;
