//! What each band will cost, from a coarse sample of the grid.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use crate::band::Geometry;
use crate::comm::{Comm, ROOT};
use crate::error::Result;
use crate::kernel::FieldKernel;
use crate::threads;

/// Rows, and columns, from one sample to the next: 16 in small grids, 64 in large ones.
fn stride(height: u64) -> u64 {
    (height / 1024).clamp(16, 64)
}

/// The cost of a point beyond its iterations, in iterations, as root's kernel has it. Ranks may have other
/// kernels, but must predict the same. *Collective.*
pub fn agreed_point_cost<C: Comm>(comm: &C, kernel: &dyn FieldKernel) -> u64 {
    comm.all_gather(&[kernel.point_cost()])[ROOT]
}

/// The predicted cost of every band of the grid, iterations and `point_cost` for every point, the same on all
/// ranks. Each rank samples its share of rows. *Collective.*
///
/// # Errors
///
/// On all ranks, when the team of one cannot be started.
pub fn band_costs<C: Comm>(
    comm: &C,
    geometry: &Geometry,
    kernel: &dyn FieldKernel,
    point_cost: u64,
    threads: NonZeroUsize,
    stop: &AtomicBool,
) -> Result<Vec<u64>> {
    let stride = stride(geometry.height);
    let rows = samples(geometry.height, stride);
    let columns = samples(geometry.width, stride);
    let shares = rows.len().div_ceil(comm.size());
    let mine: Vec<u64> = rows.iter().copied().skip(comm.rank()).step_by(comm.size()).collect();
    let mut costs = comm.agree(row_costs(kernel, &mine, &columns, threads, stop))?;
    costs.resize(shares, 0);
    let all = comm.all_gather(&costs);
    let sampled: Vec<u64> =
        (0..rows.len()).map(|row| all[row % comm.size() * shares + row / comm.size()]).collect();
    let in_band = |band| {
        let height = geometry.row_count(band);
        let middle = geometry.rows(band).start + height / 2;
        let row = interpolate(&rows, &sampled, middle) * u128::from(geometry.width) / columns.len() as u128;
        u128::from(height) * (row + u128::from(point_cost) * u128::from(geometry.width))
    };
    Ok(scaled(&(0..geometry.bands()).map(in_band).collect::<Vec<u128>>()))
}

/// The costs, halved as often as it takes for their sum to fit 62 bits: only their ratios matter.
fn scaled(costs: &[u128]) -> Vec<u64> {
    let bits = u128::BITS - costs.iter().sum::<u128>().leading_zeros();
    costs.iter().map(|&cost| (cost >> bits.saturating_sub(62)) as u64).collect()
}

/// The middle of every `stride` indices.
fn samples(len: u64, stride: u64) -> Vec<u64> {
    (0..len.div_ceil(stride)).map(|cell| (cell * stride + stride / 2).min(len - 1)).collect()
}

/// Cost of some rows, in all their sampled columns.
fn row_costs(
    kernel: &dyn FieldKernel,
    rows: &[u64],
    columns: &[u64],
    threads: NonZeroUsize,
    stop: &AtomicBool,
) -> Result<Vec<u64>> {
    // Once a stop is asked, nobody needs a good estimate any more.
    let cost = |&row: &u64| kernel.sample_cost(row, columns, stop).unwrap_or(0);
    std::thread::scope(|scope| {
        let parts = rows.chunks(rows.len().div_ceil(threads.get()).max(1));
        let workers = parts
            .map(|part| threads::spawn_scoped(scope, || part.iter().map(cost).collect::<Vec<u64>>()))
            .collect::<Result<Vec<_>>>()?;
        let joined = workers.into_iter().map(|worker| worker.join().expect("a panic has ended the job"));
        Ok(joined.flatten().collect())
    })
}

/// The cost at `row` on the line between the sampled rows around it.
fn interpolate(rows: &[u64], costs: &[u64], row: u64) -> u128 {
    let after = rows.partition_point(|&sampled| sampled < row);
    let (left, right) = (after.saturating_sub(1), after.min(rows.len() - 1));
    let (left_cost, right_cost) = (u128::from(costs[left]), u128::from(costs[right]));
    let span = rows[right].saturating_sub(rows[left]);
    if span == 0 {
        return right_cost;
    }
    let from_left = row.clamp(rows[left], rows[right]) - rows[left];
    (left_cost * u128::from(span - from_left) + right_cost * u128::from(from_left)) / u128::from(span)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::comm::SerialComm;
    use crate::dataset::{CountWidth, Fields};
    use crate::grid::Sampling;
    use crate::job::Job;
    use crate::kernel::{Choice, Kernel, Part, Shortcuts};
    use crate::region::Region;

    #[test]
    fn between_samples_costs_are_on_a_line() {
        let (rows, costs) = ([8, 24, 40], [100, 200, 0]);
        let at: Vec<u128> = [0, 8, 16, 24, 32, 40, 47].map(|row| interpolate(&rows, &costs, row)).into();
        assert_eq!(at, [100, 100, 150, 200, 100, 0, 0]);
    }

    #[test]
    fn costs_of_any_size_keep_their_ratios() {
        assert_eq!(scaled(&[3, 5]), [3, 5]);
        let large = scaled(&[3 << 70, 5 << 70]);
        assert_eq!((large[0] % 3, large[0] / 3 * 5), (0, large[1]));
        assert!(large[0] + large[1] < 1 << 62 && large[1] > 1 << 60);
    }

    #[test]
    fn the_estimate_is_near_the_truth() {
        assert_near_the_truth(Choice::Reference, 80, 5);
        assert_near_the_truth(Choice::Auto, 80, 5);
        assert_near_the_truth(Choice::Auto, 1000, 10);
    }

    /// What a point costs must not depend on how many are computed together, nor on how far apart they are.
    #[test]
    fn the_estimate_is_near_the_truth_where_cycles_are_looked_for() {
        assert_near_the_truth(Choice::Auto, 10_000, 30);
        assert_near_the_truth(Choice::Portable, 100_000, 30);
    }

    /// Asserts that the estimate of the whole set is wrong by `percent` at most.
    fn assert_near_the_truth(choice: Choice, max_iter: u32, percent: u64) {
        let region = Region::parse(["-2", "0.5"], ["-1.25", "1.25"]).expect("a region");
        let max_iter = NonZeroU32::new(max_iter).expect("not zero");
        let job = Job::new(region, 1000, 1000, Sampling::Endpoints, max_iter);
        let kernel = Kernel::prepare(choice, &job, Shortcuts::Proven).expect("any CPU has it");
        let geometry = Geometry::of(&job);
        let never = AtomicBool::new(false);
        let costs = band_costs(&SerialComm, &geometry, &kernel, 24, NonZeroUsize::MIN, &never)
            .expect("there are threads");
        assert_eq!(costs.len(), 1000);
        let whole = Part { rows: 0..1000, columns: 0..1000 };
        let mut values = Fields::zeros(CountWidth::U32, whole.shape());
        let cost = kernel.compute(&whole, &mut values, &never).expect("not stopped");
        let predicted = costs.iter().sum::<u64>() - 24 * 1_000_000;
        let (name, error) = (choice.name(), predicted.abs_diff(cost));
        assert!(100 * error < percent * cost, "{name}, {max_iter}: {predicted} against {cost}");
    }
}
