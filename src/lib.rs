//! Escape-time fields of the Mandelbrot set, computed exactly by many ranks and threads, written as HDF5.
pub mod band;
pub mod block;
pub mod checksum;
pub mod comm;
pub mod config;
pub mod error;
pub mod estimate;
pub mod gather;
pub mod grid;
pub mod job;
pub mod kernel;
pub mod partition;
pub mod region;
pub mod round;
pub mod stop;
pub mod store;
