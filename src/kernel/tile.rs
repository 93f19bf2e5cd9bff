//! The kernel for small `max_iter`: a tile of neighbours together, tested and counted at every step.
//!
//! Where most orbits are over within two blocks of the [`refill`](super::refill) kernel, its bookkeeping
//! costs more than the tests that it saves. Neighbours escape at about the same time, so little is lost by
//! going on until all of a tile have. Rows are stacked, not columns strung together, because the tile is then about square.

use std::array::from_fn;

use ndarray::Axis;

use super::item::{Item, Terms, load_up_to_eight};
use super::orbit::Orbit;
use super::replay::{ZERO_COUNT, count};
use super::simd::{LANES, Simd, Work};
use super::sort::{Sorted, all_open, lanes};
use super::{Count, Stopped};

/// Steps between two looks whether a tile has any orbit left inside.
const STEPS_PER_LOOK: u32 = 4;

/// Computes an item in tiles of `G` rows and eight columns, `FUSED` rows of them in the fused form.
pub(super) struct Tiles<'a, T, const G: usize, const FUSED: usize>(pub(super) Item<'a, T>);

impl<S: Simd, T: Count, const G: usize, const FUSED: usize> Work<S> for Tiles<'_, T, G, FUSED> {
    type Output = Result<u64, Stopped>;

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let ascends = self.0.ascends();
        let Item { re, im, mut counts, terms } = self.0;
        let mut cost = 0;
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
                cost += tile::<_, _, G, FUSED>(
                    simd,
                    &terms,
                    &re[x..],
                    im,
                    is_open,
                    &mut rows.each_mut().map(|row| row.get_mut(x..).unwrap_or_default()),
                )?;
            }
        }
        Ok(cost)
    }
}

/// Computes the points with the first eight of `re` and the `im` of up to `G` rows. With `is_open` they are all open.
#[inline(always)]
fn tile<S: Simd, T: Count, const G: usize, const FUSED: usize>(
    simd: S,
    terms: &Terms<'_>,
    re: &[f64],
    im: &[f64],
    is_open: bool,
    rows: &mut [&mut [T]; G],
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
        let counts = simd.outlined(Iterate::<_, G, FUSED> { c: &c, max_iter: terms.max_iter });
        for row in 0..G {
            let mut row_counts = [0.0; LANES];
            simd.store(counts[row], &mut row_counts);
            cost += write(&row_counts.map(|n| count(n, terms.max_iter)), sorted[row].open, rows[row]);
        }
    }
    for row in 0..G {
        if !sorted[row].all_open() && !rows[row].is_empty() {
            cost += sorted[row].settle(terms, re, im[row], rows[row])?;
        }
    }
    Ok(cost)
}

/// Writes counts to the front of `row` and returns the sum of those of the open points.
#[inline(always)]
fn write<T: Count>(counts: &[u32; LANES], open: u8, row: &mut [T]) -> u64 {
    if row.is_empty() {
        return 0;
    }
    if let Some(row) = row.first_chunk_mut::<LANES>() {
        *row = counts.map(T::from_count);
    } else {
        for (to, &count) in row.iter_mut().zip(counts) {
            *to = T::from_count(count);
        }
    }
    if open == u8::MAX {
        return counts.iter().map(|&count| u64::from(count)).sum();
    }
    lanes(open.into()).map(|lane| u64::from(counts[lane])).sum()
}

/// Finds [`ZERO_COUNT`] + the count of each of the points `c`. A function of its own: among what else there is to do for a tile
/// the compiler runs out of registers for the loop.
struct Iterate<'a, V, const G: usize, const FUSED: usize> {
    c: &'a [Orbit<V>; G],
    max_iter: u32,
}

impl<S: Simd, const G: usize, const FUSED: usize> Work<S> for Iterate<'_, S::Vector, G, FUSED> {
    type Output = [S::Vector; G];

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let mut z = *self.c;
        let mut counts = [simd.splat(ZERO_COUNT); G];
        let mut done = 0;
        loop {
            let steps = (self.max_iter - done).min(STEPS_PER_LOOK);
            for _ in 0..steps {
                for group in 0..G {
                    let squares = z[group].squares(simd);
                    counts[group] = simd.add_where(squares.inside(simd), counts[group], simd.splat(1.0));
                    z[group] = z[group].step(simd, squares, self.c[group], group < FUSED);
                }
            }
            done += steps;
            // What was counted at every step is still inside.
            let all = simd.splat(ZERO_COUNT + f64::from(done));
            let mut inside = 0;
            for group in 0..G {
                inside |= simd.bits(simd.eq(counts[group], all));
            }
            if inside == 0 || done == self.max_iter {
                return counts;
            }
        }
    }
}
