//! Ways to iterate the points of a work item.

mod lanes;
pub(crate) mod lockstep;
pub(crate) mod one_by_one;
mod points;
pub(crate) mod refill;
mod replay;
