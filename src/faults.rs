//! Places where a test can make a rank fail on purpose. Without the feature `fault-points` there are none.

#[cfg_attr(feature = "fault-points", path = "faults/on.rs")]
#[cfg_attr(not(feature = "fault-points"), path = "faults/off.rs")]
mod switch;

pub use switch::Faults;
