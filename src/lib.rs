//! Escape-time fields of the Mandelbrot set, computed exactly by many ranks and threads, written as HDF5.
pub mod grid;
pub mod kernel;
pub mod region;
