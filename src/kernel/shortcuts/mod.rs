//! What is known of points without iterating them, or without iterating all of them. Every shortcut is
//! proven.

pub(crate) mod allowed;
pub(crate) mod attracting_cycle;
pub mod cardioid_and_disc;
pub(crate) mod classify;
pub(crate) mod neighbour_cost;
pub(crate) mod patches;
pub(crate) mod series;
