//! What points of a coarse sample cost as points among neighbours.

use std::sync::atomic::AtomicBool;

use ndarray::Array2;
use num_complex::Complex64;

use super::dispatch::PointKernel;
use super::shortcuts::neighbour_cost::Query;
use super::stopped::Stopped;
use crate::grid::{Axis, Grid};

/// Points that share the price of a proof, on the average over large patches and, where these fail, their
/// parts.
const POINTS_PER_PATCH: u64 = 56;

/// One escaping sample in 4 is tested; a test costs as much as iterating the sample.
const ESCAPED_PER_QUERY: usize = 4;

/// What the points `re + i im` cost, each as one of a patch of neighbours that lie within `patch_radius` of
/// it.
///
/// A sample alone costs more: samples are too far apart to share a proof or a series, as neighbours do.
pub(super) fn sample_cost(
    kernel: &PointKernel,
    re: &[f64],
    im: f64,
    patch_radius: f64,
    stop: &AtomicBool,
) -> Result<u64, Stopped> {
    let alone = kernel.without_patches();
    let iterate = |re: &[f64]| {
        let mut counts = Array2::<u32>::zeros((1, re.len()));
        let cost = alone.compute(re, &[im], counts.view_mut(), stop)?;
        Ok((cost, counts))
    };
    let (cost, counts) = iterate(re)?;
    if !kernel.allowed.patches {
        return Ok(cost);
    }
    let points = re.iter().map(|&re| Complex64::new(re, im)).zip(counts);
    let (undecided, escaped): (Vec<_>, Vec<_>) = points.partition(|&(_, count)| count == kernel.max_iter);
    let undecided: Vec<Complex64> = undecided.into_iter().map(|(c, _)| c).collect();
    let (escaped, counts): (Vec<Complex64>, Vec<u32>) =
        escaped.into_iter().step_by(ESCAPED_PER_QUERY).unzip();
    let spared = kernel.neighbour_cost(Query {
        undecided: &undecided,
        escaped: &escaped,
        radius: patch_radius,
        params: kernel.params(stop),
        allowed: kernel.allowed,
    })?;
    let proven: Vec<f64> = those(&spared.undecided, &undecided).map(|c| c.re).collect();
    let together: u64 = those(&spared.escaped, &counts).map(|&count| u64::from(count)).sum();
    let (of_proven, _) = iterate(&proven)?;
    let less = of_proven + together * ESCAPED_PER_QUERY as u64;
    let more = spared.proofs + spared.series * ESCAPED_PER_QUERY as u64;
    Ok(cost.saturating_sub(less) + more / POINTS_PER_PATCH)
}

/// The items for which `which` holds.
fn those<'a, T>(which: &'a [bool], of: &'a [T]) -> impl Iterator<Item = &'a T> {
    of.iter().zip(which).filter_map(|(item, is_one)| is_one.then_some(item))
}

/// How far a proof must reach around a sample. That is a little more than half the diagonal of the smallest
/// patch, 8 x 8 points: larger patches are tried first, and often succeed.
pub(super) fn patch_radius(grid: &Grid) -> f64 {
    let spacing = |axis: &Axis| (axis.sample(1.min(axis.len() - 1)) - axis.sample(0)).abs();
    5.0 * spacing(&grid.re).hypot(spacing(&grid.im))
}
