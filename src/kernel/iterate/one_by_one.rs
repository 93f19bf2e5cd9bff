//! The definition, point by point: the slowest way, which all others are compared with.

use num_complex::Complex64;

use crate::dataset::Count;
use crate::kernel::reference;
use crate::kernel::shortcuts::allowed::Allowed;
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::WorkItem;

/// Computes an item and returns the cost. Interior is only what `allowed` takes for it.
pub(crate) fn one_by_one<T: Count>(item: WorkItem<'_, T>, allowed: Allowed) -> Result<u64, Stopped> {
    let WorkItem { re, im, mut counts, params } = item;
    let mut cost = 0;
    for ((y, x), count) in counts.indexed_iter_mut() {
        let c = Complex64::new(re[x], im[y]);
        if allowed.is_interior(c) {
            *count = T::from_count(params.max_iter);
            continue;
        }
        let n = reference::interruptible(c, params.max_iter, params.stop).ok_or(Stopped)?;
        *count = T::from_count(n);
        cost += u64::from(n);
    }
    Ok(cost)
}
