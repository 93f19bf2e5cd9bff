//! The definition of the escape count, one point at a time: the oracle of every other kernel.
//!
//! It is written with complex numbers, as the mathematics is, and is never made faster.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use num_complex::Complex64;

/// Returns the escape count of `c`: the smallest `n < max_iter` with `|z_n| > 2`, where
/// `z_0 = c` and `z_{n+1} = z_n² + c`; `max_iter` when there is none.
///
/// "`|z| > 2`" is `re² + im² > 4` in f64, and a step rounds each operation once, in the order in which
/// the code has it; no fused multiply-add. That fixes every bit of the orbit, and so the count.
///
/// ```
/// # use mandel_mpi::kernel::reference::escape_count;
/// # use num_complex::Complex64;
/// # let thousand = std::num::NonZeroU32::new(1_000).unwrap();
/// let at = |re, im| escape_count(Complex64::new(re, im), thousand);
/// assert_eq!(at(3.0, 0.0), 0);      // |z_0| = 3
/// assert_eq!(at(2.0, 0.0), 1);      // |z_0| = 2 is still inside, z_1 = 6
/// assert_eq!(at(-2.0, 0.0), 1_000); // the left tip never escapes
/// assert_eq!(at(0.0, 1.0), 1_000);  // i, i - 1, -i, i - 1, ...
/// ```
#[must_use]
pub fn escape_count(c: Complex64, max_iter: NonZeroU32) -> u32 {
    let mut z = c;
    for n in 0..max_iter.get() {
        if z.norm_sqr() > 4.0 {
            return n;
        }
        z = step(z, c);
    }
    max_iter.get()
}

/// One step of the orbit, `z² + c`.
///
/// Not `z * z + c`, which `num_complex` computes with `re*im + im*re`: where `re*im` is subnormal that has
/// other bits than `2*re*im`.
fn step(z: Complex64, c: Complex64) -> Complex64 {
    Complex64::new(z.re * z.re - z.im * z.im + c.re, 2.0 * z.re * z.im + c.im)
}

/// [`escape_count`], but none when `stop` is set, which is looked at every few thousand iterations.
pub(super) fn interruptible(c: Complex64, max_iter: u32, stop: &AtomicBool) -> Option<u32> {
    let mut z = c;
    for n in 0..max_iter {
        if z.norm_sqr() > 4.0 {
            return Some(n);
        }
        if n % 4096 == 4095 && stop.load(Ordering::Relaxed) {
            return None;
        }
        z = step(z, c);
    }
    Some(max_iter)
}
