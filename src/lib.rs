//! Escape-time fields of the Mandelbrot set, computed exactly by many ranks and threads, written as HDF5.
//!
//! The program is [`app::run`]. Its parts stand in layers. A module names modules of its own layer and of
//! those below it, without a circle; a test reads this table and checks every arrow (`tests/it/layers.rs`):
//!
//! | layer | modules | knows |
//! |---|---|---|
//! | the program | `main`, `memory` | how it is started, and its exit code |
//! | the story | [`app`], [`post`], [`support`] | one run of one job; commands on finished files |
//! | what users type | [`cli`] | flags and commands |
//! | one rank | [`round`], [`gather`], [`estimate`] | heartbeats, records on their way |
//! | the team | [`block`] | strips for threads, records of bands |
//! | files | [`store`] | journal, HDF5, names beside the output |
//! | what users read | [`telemetry`], [`report`], [`timeline`] | log, progress, the report, the trace |
//! | ranks and signals | [`comm`], [`faults`], [`stop`] | MPI; faults on purpose; requests to stop |
//! | configuration | [`config`], [`threads`] | what was asked for, checked once |
//! | kernels | [`kernel`] | counts of a rectangle of the grid |
//! | bands | [`band`], [`partition`], [`metrics`] | no files, ranks or time |
//! | the grid | [`job`], [`grid`], [`region`], [`dataset`], [`checksum`] | what is computed |
//! | ground | [`error`], [`machine`], [`launcher`] | exit codes; what the system and the launcher say |
//!
//! A foreign library is named in one place (`tests/it/fences.rs`): `mpi` in `comm/mpi.rs`, `hdf5` in
//! `store/hdf5`, `clap` in `cli`. Without the feature `mpi` the same program runs as one rank; without
//! `hdf5` the library builds and its tests run.
//!
//! Not aimed at: an interactive explorer, formulas other than z² + c, artful colours.

pub mod app;
pub mod band;
pub mod block;
pub mod checksum;
pub mod cli;
pub mod comm;
pub mod config;
pub mod dataset;
pub mod error;
pub mod estimate;
pub mod faults;
pub mod gather;
pub mod grid;
pub mod job;
pub mod kernel;
pub mod launcher;
pub mod machine;
pub mod metrics;
pub mod partition;
#[cfg(feature = "hdf5")]
pub mod post;
pub mod region;
pub mod report;
pub mod round;
pub mod stop;
pub mod store;
#[cfg(feature = "hdf5")]
pub mod support;
pub mod telemetry;
pub mod threads;
pub mod timeline;
