//! How a kernel says that it gave up.

/// The kernel gave up because it was asked to; what it wrote is incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;
