//! The kernel for small `max_iter`: a tile of neighbours together, tested and counted at every step.
//!
//! Where most orbits are over within two blocks of the [`refill`](super::refill) kernel, its bookkeeping
//! costs more than the tests that it saves. Neighbours escape at about the same time, so little is lost by
//! going on until all of a tile have. Rows are stacked, not columns strung together, because the tile is then about square.

use std::array::from_fn;

use super::item::Item;
use super::orbit::Orbit;
use super::replay::{ZERO_COUNT, count};
use super::simd::{LANES, Simd, Work};
use super::sort::Sorted;
use super::{Count, Stopped};

/// Steps between two looks whether a tile has any orbit left inside.
const STEPS_PER_LOOK: u32 = 8;

/// Computes an item in tiles of `G` rows and eight columns, `FUSED` rows of them in the fused form.
pub(super) struct Tiles<'a, T, const G: usize, const FUSED: usize>(pub(super) Item<'a, T>);

impl<S: Simd, T: Count, const G: usize, const FUSED: usize> Work<S> for Tiles<'_, T, G, FUSED> {
    type Output = Result<u64, Stopped>;

    #[inline(always)]
    fn with(self, simd: S) -> Self::Output {
        let mut item = self.0;
        let mut cost = 0;
        for y in (0..item.im.len()).step_by(G) {
            for x in (0..item.re.len()).step_by(LANES) {
                item.go_on()?;
                cost += tile::<_, _, G, FUSED>(simd, &mut item, y, x)?;
            }
        }
        Ok(cost)
    }
}

/// Computes the tile whose first point is that of row `y` and column `x`.
#[inline(always)]
fn tile<S: Simd, T: Count, const G: usize, const FUSED: usize>(
    simd: S,
    item: &mut Item<'_, T>,
    y: usize,
    x: usize,
) -> Result<u64, Stopped> {
    let rows = G.min(item.im.len() - y);
    let columns = LANES.min(item.re.len() - x);
    let mut re = [0.0; LANES];
    re[..columns].copy_from_slice(&item.re[x..x + columns]);
    let re = simd.load(&re);
    // A row below the last one is the last one again, and not written.
    let im: [f64; G] = from_fn(|row| item.im[y + row.min(rows - 1)]);
    let sorted = im.map(|im| Sorted::new(simd, re, im, columns));
    let c = im.map(|im| Orbit { re, im: simd.splat(im) });
    let mut cost = 0;
    if sorted.iter().any(|row| row.open != 0) {
        let counts = iterate::<_, G, FUSED>(simd, &c, item.max_iter);
        for row in 0..rows {
            let mut row_counts = [0.0; LANES];
            simd.store(counts[row], &mut row_counts);
            let row_counts = row_counts.map(|n| count(n, item.max_iter));
            cost += row_counts.iter().map(|&n| u64::from(n)).sum::<u64>();
            for column in 0..columns {
                item.counts[[y + row, x + column]] = T::from_count(row_counts[column]);
            }
        }
    }
    for row in 0..rows {
        cost += sorted[row].settle(item, y + row, x)?;
    }
    Ok(cost)
}

/// [`ZERO_COUNT`] + the count of each of the points `c`.
#[inline(always)]
fn iterate<S: Simd, const G: usize, const FUSED: usize>(
    simd: S,
    c: &[Orbit<S::Vector>; G],
    max_iter: u32,
) -> [S::Vector; G] {
    let mut z = *c;
    let mut counts = [simd.splat(ZERO_COUNT); G];
    let mut left = max_iter;
    loop {
        let steps = left.min(STEPS_PER_LOOK);
        let mut inside = 0;
        for _ in 0..steps {
            inside = 0;
            for group in 0..G {
                let squares = z[group].squares(simd);
                let mask = squares.inside(simd);
                inside |= simd.bits(mask);
                counts[group] = simd.add_where(mask, counts[group], simd.splat(1.0));
                z[group] = z[group].step(simd, squares, c[group], group < FUSED);
            }
        }
        left -= steps;
        if inside == 0 || left == 0 {
            return counts;
        }
    }
}
