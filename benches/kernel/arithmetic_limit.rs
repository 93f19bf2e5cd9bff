//! The arithmetic limit of each kernel: its step without tests, counts and bookkeeping, in a loop of its own.
//!
//! The loops have as many vectors in flight as the kernels, and as many of these in the fused form. The
//! points are read from memory at every step, as the kernels do.

#[cfg(all(target_arch = "x86_64", not(any_cpu)))]
#[path = "x86_64.rs"]
mod x86_64;

use std::hint::black_box;

/// Iterates points that never escape, `steps` times each, as the kernel `name` does, and returns the executed
/// pixel-iterations; none where the CPU lacks what that takes.
pub(super) fn iterate(name: &str, steps: u64) -> Option<u64> {
    match name {
        "portable" => Some(portable(steps)),
        #[cfg(all(target_arch = "x86_64", not(any_cpu)))]
        "avx2" => x86_64::avx2(steps),
        #[cfg(all(target_arch = "x86_64", not(any_cpu)))]
        "avx512" => x86_64::avx512(steps),
        _ => None,
    }
}

/// The points -0.1 + 0.001 k i, which are in the main cardioid.
pub(super) fn im<const LEN: usize>(first: usize) -> [f64; LEN] {
    std::array::from_fn(|lane| 0.001 * (first + lane) as f64)
}

/// One vector of eight.
fn portable(steps: u64) -> u64 {
    const LANES: usize = 8;
    let c = ([-0.1; LANES], im::<LANES>(0));
    let (mut re, mut im) = c;
    for _ in 0..steps {
        let c = black_box(&c);
        for lane in 0..LANES {
            let (re2, im2) = (re[lane] * re[lane], im[lane] * im[lane]);
            im[lane] = (re[lane] + re[lane]) * im[lane] + c.1[lane];
            re[lane] = re2 - im2 + c.0[lane];
        }
    }
    black_box((re, im));
    steps * LANES as u64
}
