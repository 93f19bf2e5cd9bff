//! The way for small `max_iter`: neighbours in lockstep, tested and counted at every step.
//!
//! Where most orbits end within two strides of [`refill`](super::refill), its bookkeeping costs more than the
//! tests that it saves. Neighbours escape at about the same time, so little is lost by going on until all
//! have escaped. Eight columns and some rows, a *stack*, go together: its points lie about in a square.

use std::array::from_fn;

use ndarray::Axis;

use crate::dataset::Count;
use crate::kernel::shortcuts::allowed::Allowed;
use crate::kernel::shortcuts::classify::{Classes, all_iterate};
use crate::kernel::simd::{LANES, Orbit, Simd, WithSimd, ZERO_COUNT, lanes, load_up_to_eight};
use crate::kernel::stopped::Stopped;
use crate::kernel::work_item::{Params, WorkItem};

/// Steps between two tests whether any orbit of a stack is still inside.
const STEPS_PER_LOOK: u32 = 4;

/// Computes an item in stacks of `G` rows.
pub(crate) struct Lockstep<'a, T, const G: usize>(pub(crate) WorkItem<'a, T>, pub(crate) Allowed);

impl<S: Simd, T: Count, const G: usize> WithSimd<S> for Lockstep<'_, T, G> {
    type Output = Result<u64, Stopped>;

    #[inline(always)]
    fn with_simd(self, simd: S) -> Self::Output {
        let Self(item, allowed) = self;
        let ascends = item.ascends();
        let WorkItem { re, im, mut counts, params } = item;
        let mut cost = 0;
        let mut executed = simd.splat(0.0);
        for (im, mut band) in im.chunks(G).zip(counts.axis_chunks_iter_mut(Axis(0), G)) {
            let (low, high) = (im[0], im[im.len() - 1]);
            // A row below the last one is the last one again, and not written.
            let im: [f64; G] = from_fn(|row| im[row.min(im.len() - 1)]);
            let mut rows = band.rows_mut().into_iter();
            let mut rows: [_; G] = from_fn(|_| {
                let row = rows.next().map(|row| row.into_slice().expect("rows are contiguous"));
                row.unwrap_or_default().chunks_mut(LANES)
            });
            for re in re.chunks(LANES) {
                params.go_on()?;
                let all_iterate = ascends
                    && re.len() == LANES
                    && all_iterate(&allowed, [re[0], re[LANES - 1]], [low, high]);
                let mut rows = rows.each_mut().map(|row| row.next().unwrap_or_default());
                let stack = Stack { re, im: &im, all_iterate };
                cost += stack.compute(simd, &params, &allowed, &mut rows, &mut executed)?;
            }
        }
        Ok(cost + simd.to_array(executed).iter().sum::<f64>() as u64)
    }
}

/// The points of up to eight columns and `G` rows.
struct Stack<'a, const G: usize> {
    re: &'a [f64],
    im: &'a [f64; G],
    /// Whether it is known that all of them iterate.
    all_iterate: bool,
}

impl<const G: usize> Stack<'_, G> {
    /// Writes the counts to `rows`. The iterations of rows that iterate as a whole are added to `executed`,
    /// lane by lane; all other iterations are returned.
    #[inline(always)]
    fn compute<S: Simd, T: Count>(
        &self,
        simd: S,
        params: &Params<'_>,
        allowed: &Allowed,
        rows: &mut [&mut [T]; G],
        executed: &mut S::Vector,
    ) -> Result<u64, Stopped> {
        let (columns, len) = load_up_to_eight(simd, self.re);
        let mut classes = [Classes::ITERATE; G];
        if !self.all_iterate {
            for row in 0..G {
                classes[row] = Classes::new(simd, allowed, columns, self.im[row], len);
            }
        }
        let mut cost = 0;
        if classes.iter().any(|row| row.iterate != 0) {
            let counts = simd.vectorize(Step { re: columns, im: self.im, max_iter: params.max_iter });
            cost += take_counts(simd, &counts, &classes, rows, executed);
        }
        if self.all_iterate {
            return Ok(cost);
        }
        for row in 0..G {
            if !classes[row].all_iterate() && !rows[row].is_empty() {
                cost += classes[row].write_counts(params, self.re, self.im[row], rows[row])?;
            }
        }
        Ok(cost)
    }
}

/// Writes the counts of all points that iterate, and adds them up as [`Stack::compute`] does.
#[inline(always)]
fn take_counts<S: Simd, T: Count, const G: usize>(
    simd: S,
    counts: &[S::Vector; G],
    classes: &[Classes; G],
    rows: &mut [&mut [T]; G],
    executed: &mut S::Vector,
) -> u64 {
    let mut cost = 0;
    for row in 0..G {
        if rows[row].is_empty() {
            break;
        }
        // The low bits of 2^52 are 0, and no count is above `max_iter`.
        let row_counts = simd.to_array(counts[row]).map(|count| count.to_bits() as u32);
        write(&row_counts, rows[row]);
        if classes[row].iterate == u8::MAX {
            *executed = simd.add(*executed, simd.sub(counts[row], simd.splat(ZERO_COUNT)));
        } else {
            cost += lanes(classes[row].iterate.into()).map(|lane| u64::from(row_counts[lane])).sum::<u64>();
        }
    }
    cost
}

/// Writes counts to the front of `row`.
#[inline(always)]
fn write<T: Count>(counts: &[u32; LANES], row: &mut [T]) {
    if let Some(row) = row.first_chunk_mut::<LANES>() {
        *row = counts.map(T::from_count);
    } else {
        for (to, &count) in row.iter_mut().zip(counts) {
            *to = T::from_count(count);
        }
    }
}

/// Finds [`ZERO_COUNT`] + the count of each of the points of columns `re` and rows `im`. A function of its
/// own: among what else there is to do for a stack the compiler runs out of registers for the loop.
struct Step<'a, V, const G: usize> {
    re: V,
    im: &'a [f64; G],
    max_iter: u32,
}

impl<S: Simd, const G: usize> WithSimd<S> for Step<'_, S::Vector, G> {
    type Output = [S::Vector; G];

    #[inline(always)]
    fn with_simd(self, simd: S) -> Self::Output {
        let Self { re, im, max_iter } = self;
        let mut c_im = [re; G];
        for group in 0..G {
            c_im[group] = simd.splat(im[group]);
        }
        let mut z = c_im.map(|im| Orbit { re, im });
        let mut counts = [simd.splat(ZERO_COUNT); G];
        let mut done = 0;
        loop {
            let steps = (max_iter - done).min(STEPS_PER_LOOK);
            for _ in 0..steps {
                for group in 0..G {
                    let c = Orbit { re: &re, im: &c_im[group] };
                    (z[group], counts[group]) = simd.counted_step(z[group], c, counts[group]);
                }
            }
            done += steps;
            // What was counted at every step is still inside.
            let all = simd.splat(ZERO_COUNT + f64::from(done));
            let mut inside = 0;
            for group in 0..G {
                inside |= simd.bits(simd.eq(counts[group], all));
            }
            if inside == 0 || done == max_iter {
                return counts;
            }
        }
    }
}
