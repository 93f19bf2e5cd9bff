//! The kernel for small `max_iter`: a tile of neighbours together, tested and counted at every step.
//!
//! Where most orbits are over within two blocks of the [`refill`](super::refill) kernel, its bookkeeping
//! costs more than the tests that it saves. Neighbours escape at about the same time, so little is lost by
//! going on until all of a tile have. Rows are stacked, not columns strung together, because the tile is then about square.

use std::array::from_fn;

use ndarray::Axis;

use super::Stopped;
use super::item::{Item, Terms, load_up_to_eight};
use super::orbit::Orbit;
use super::simd::{LANES, Simd, Work, ZERO_COUNT};
use super::sort::{Sorted, all_open, lanes};
use crate::dataset::Count;

/// Steps between two looks whether a tile has any orbit left inside.
const STEPS_PER_LOOK: u32 = 4;

/// Computes an item in tiles of `G` rows and eight columns.
pub(super) struct Tiles<'a, T, const G: usize>(pub(super) Item<'a, T>);

impl<S: Simd, T: Count, const G: usize> Work<S> for Tiles<'_, T, G> {
    type Output = Result<u64, Stopped>;

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let ascends = self.0.ascends();
        let Item { re, im, mut counts, terms } = self.0;
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
                terms.go_on()?;
                let is_open =
                    ascends && re.len() == LANES && all_open(&terms, [re[0], re[LANES - 1]], [low, high]);
                let mut rows = rows.each_mut().map(|row| row.next().unwrap_or_default());
                cost += tile(simd, &terms, re, &im, is_open, &mut rows, &mut executed)?;
            }
        }
        let mut by_lane = [0.0; LANES];
        simd.store(executed, &mut by_lane);
        Ok(cost + by_lane.iter().sum::<f64>() as u64)
    }
}

/// Computes the points of up to eight columns `re` and `G` rows `im`, whose counts go to `rows`. With `is_open` all are open.
/// Adds the iterations of rows that are all open to `executed`, lane by lane, and returns all other iterations.
#[inline(always)]
fn tile<S: Simd, T: Count, const G: usize>(
    simd: S,
    terms: &Terms<'_>,
    re: &[f64],
    im: &[f64; G],
    is_open: bool,
    rows: &mut [&mut [T]; G],
    executed: &mut S::Vector,
) -> Result<u64, Stopped> {
    let (columns, len) = load_up_to_eight(simd, re);
    let mut sorted = [Sorted::OPEN; G];
    if !is_open {
        for row in 0..G {
            sorted[row] = Sorted::new(simd, terms, columns, im[row], len);
        }
    }
    let mut cost = 0;
    if sorted.iter().any(|row| row.open != 0) {
        let counts = simd.outlined(Iterate { re: columns, im, max_iter: terms.max_iter });
        for row in 0..G {
            if rows[row].is_empty() {
                break;
            }
            let mut row_counts = [0.0; LANES];
            simd.store(counts[row], &mut row_counts);
            // The low bits of 2^52 are 0, and no count is above `max_iter`.
            let row_counts = row_counts.map(|count| count.to_bits() as u32);
            write(&row_counts, rows[row]);
            if sorted[row].open == u8::MAX {
                *executed = simd.add(*executed, simd.sub(counts[row], simd.splat(ZERO_COUNT)));
            } else {
                cost += lanes(sorted[row].open.into()).map(|lane| u64::from(row_counts[lane])).sum::<u64>();
            }
        }
    }
    if is_open {
        return Ok(cost);
    }
    for row in 0..G {
        if !sorted[row].all_open() && !rows[row].is_empty() {
            cost += sorted[row].settle(terms, re, im[row], rows[row])?;
        }
    }
    Ok(cost)
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

/// Finds [`ZERO_COUNT`] + the count of each of the points of columns `re` and rows `im`. A function of its own: among what else
/// there is to do for a tile the compiler runs out of registers for the loop.
struct Iterate<'a, V, const G: usize> {
    re: V,
    im: &'a [f64; G],
    max_iter: u32,
}

impl<S: Simd, const G: usize> Work<S> for Iterate<'_, S::Vector, G> {
    type Output = [S::Vector; G];

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
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
