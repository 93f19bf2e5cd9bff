//! Where the orbits of a vector of points are. What is done with them is in [`vector`](super::vector).

/// A complex number, or one for each lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Orbit<V> {
    pub(crate) re: V,
    pub(crate) im: V,
}

/// The squares of the coordinates of an orbit: the escape test and the next step both need them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Squares<V> {
    pub(crate) re: V,
    pub(crate) im: V,
}
