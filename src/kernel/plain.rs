//! The escape count with real arithmetic, one point after the other: the talk's inner loop.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::ArrayViewMut2;

use super::{Count, Stopped};

/// Iterations between two looks at the stop flag: well below a millisecond.
const ITERATIONS_PER_LOOK: u32 = 65_536;

pub(super) fn run<T: Count>(
    re: &[f64],
    im: &[f64],
    max_iter: NonZeroU32,
    mut counts: ArrayViewMut2<'_, T>,
    stop: &AtomicBool,
) -> Result<u64, Stopped> {
    let mut cost = 0;
    for (&im, mut row) in im.iter().zip(counts.rows_mut()) {
        for (&re, count) in re.iter().zip(&mut row) {
            let n = escape_count(re, im, max_iter.get(), stop)?;
            *count = T::from_count(n);
            cost += u64::from(n);
        }
    }
    Ok(cost)
}

fn escape_count(c_re: f64, c_im: f64, max_iter: u32, stop: &AtomicBool) -> Result<u32, Stopped> {
    let (mut re, mut im) = (c_re, c_im);
    let mut n: u32 = 0;
    loop {
        let look_at = n.saturating_add(ITERATIONS_PER_LOOK).min(max_iter);
        while n < look_at {
            let (re2, im2) = (re * re, im * im);
            if re2 + im2 > 4.0 {
                return Ok(n);
            }
            im = 2.0 * re * im + c_im;
            re = re2 - im2 + c_re;
            n += 1;
        }
        if n == max_iter {
            return Ok(max_iter);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(Stopped);
        }
    }
}
