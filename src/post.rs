//! Commands on finished files. They never start MPI.

pub mod assemble;
pub mod info;
mod magma;
pub mod render;
pub mod verify;
