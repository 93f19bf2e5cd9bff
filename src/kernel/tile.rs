//! The kernel for small `max_iter`: a tile of neighbours together, tested and counted at every step.
//!
//! Where most orbits are over within two blocks of the [`refill`](super::refill) kernel, its bookkeeping
//! costs more than the tests that it saves. Neighbours escape at about the same time, so little is lost by
//! going on until all of a tile have. Rows are stacked, not columns strung together, because the tile is then about square.

use std::array::from_fn;

use ndarray::Axis;

use super::item::{Item, Terms, load_up_to_eight};
use super::orbit::Orbit;
use super::simd::{LANES, Simd, Work, ZERO_COUNT};
use super::sort::{Sorted, all_open, lanes};
use super::{Count, Stopped};

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
            let mut rows = band.rows_mut().into_iter();
            let mut rows: [&mut [T]; G] = from_fn(|_| {
                rows.next().map_or(Default::default(), |row| row.into_slice().expect("rows are contiguous"))
            });
            for x in (0..re.len()).step_by(LANES) {
                terms.go_on()?;
                let (right, low, high) = (x + LANES - 1, im[0], im[im.len() - 1]);
                let is_open =
                    ascends && right < re.len() && all_open(&terms, [re[x], re[right]], [low, high]);
                cost += tile(
                    simd,
                    &terms,
                    &re[x..],
                    im,
                    is_open,
                    &mut rows.each_mut().map(|row| row.get_mut(x..).unwrap_or_default()),
                    &mut executed,
                )?;
            }
        }
        let mut iterations = [0.0; LANES];
        simd.store(executed, &mut iterations);
        Ok(cost + iterations.iter().sum::<f64>() as u64)
    }
}

/// Computes the points with the first eight of `re` and the `im` of up to `G` rows. With `is_open` they are all open. Adds the
/// iterations of open rows to `executed`, lane by lane, and returns all others.
#[inline(always)]
fn tile<S: Simd, T: Count, const G: usize>(
    simd: S,
    terms: &Terms<'_>,
    re: &[f64],
    im: &[f64],
    is_open: bool,
    rows: &mut [&mut [T]; G],
    executed: &mut S::Vector,
) -> Result<u64, Stopped> {
    let (columns, len) = load_up_to_eight(simd, re);
    // A row below the last one is the last one again, and not written.
    let im: [f64; G] = from_fn(|row| im[row.min(im.len() - 1)]);
    let mut sorted = [Sorted::OPEN; G];
    let mut c = [Orbit { re: columns, im: columns }; G];
    for row in 0..G {
        if !is_open {
            sorted[row] = Sorted::new(simd, terms, columns, im[row], len);
        }
        c[row].im = simd.splat(im[row]);
    }
    let mut cost = 0;
    if sorted.iter().any(|row| row.open != 0) {
        let counts = simd.outlined(Iterate { c: &c, max_iter: terms.max_iter });
        for row in 0..G {
            if rows[row].is_empty() {
                break;
            }
            let mut row_counts = [0.0; LANES];
            simd.store(counts[row], &mut row_counts);
            let row_counts = row_counts.map(|count| count.to_bits() as u32);
            write(&row_counts, rows[row]);
            if sorted[row].open == u8::MAX {
                let iterated = simd.sub(counts[row], simd.splat(ZERO_COUNT));
                *executed = simd.add(*executed, iterated);
            } else {
                cost += lanes(sorted[row].open.into()).map(|lane| u64::from(row_counts[lane])).sum::<u64>();
            }
        }
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

/// Finds [`ZERO_COUNT`] + the count of each of the points `c`. A function of its own: among what else there is to do for a tile
/// the compiler runs out of registers for the loop.
struct Iterate<'a, V, const G: usize> {
    c: &'a [Orbit<V>; G],
    max_iter: u32,
}

impl<S: Simd, const G: usize> Work<S> for Iterate<'_, S::Vector, G> {
    type Output = [S::Vector; G];

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let Self { c, max_iter } = self;
        let mut z = *c;
        let mut counts = [simd.splat(ZERO_COUNT); G];
        let mut done = 0;
        loop {
            let steps = (max_iter - done).min(STEPS_PER_LOOK);
            for _ in 0..steps {
                for group in 0..G {
                    (z[group], counts[group]) = simd.counted_step(z[group], &c[group], counts[group]);
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
