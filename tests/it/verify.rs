//! `verify`: damage is found.

use std::num::NonZeroU32;

use mandel_mpi::kernel::reference::escape_count;
use num_complex::Complex64;

use crate::sandbox::Sandbox;

/// Row 15 of `small.toml`, as bytes.
fn middle_row() -> Vec<u8> {
    let max_iter = NonZeroU32::new(200).expect("not zero");
    let im = 15.0 * (2.5 / 29.0) + -1.25;
    let re = (0..40).map(|j| if j == 39 { 0.5 } else { f64::from(j) * (2.5 / 39.0) + -2.0 });
    re.flat_map(|re| (escape_count(Complex64::new(re, im), max_iter) as u16).to_le_bytes()).collect()
}

#[test]
fn a_finished_file_can_be_verified_and_nothing_else_is_left() {
    let sandbox = Sandbox::new();
    let job = sandbox.job(&[]).succeeded();
    assert_eq!(sandbox.names(), ["small.h5", "small.toml"]);
    let verified = sandbox.run(&["verify", "small.h5", "--sample", "500"]).succeeded();
    assert!(verified.stdout.contains(&format!("checksum={}", job.word("checksum"))), "{}", verified.stdout);
    assert!(verified.stdout.contains("500 points computed anew"), "{}", verified.stdout);
    let info = sandbox.run(&["info", "small.h5"]).succeeded();
    assert!(info.stdout.contains("30 x 40"), "{}", info.stdout);
}

#[test]
fn damage_is_found() {
    let sandbox = Sandbox::new();
    sandbox.job(&["--set", "output.deflate=0"]).succeeded();
    let mut bytes = sandbox.read("small.h5");
    // A row of the counts as it is stored, somewhere in the file.
    let row = middle_row();
    let at = bytes.windows(row.len()).position(|window| window == row).expect("it is stored as it is");
    bytes[at] ^= 1;
    std::fs::write(sandbox.path("small.h5"), &bytes).expect("written");
    let verify = sandbox.run(&["verify", "small.h5"]);
    assert_eq!(verify.code, 65, "{}{}", verify.stdout, verify.stderr);
    assert!(verify.stderr.contains("the counts have checksum"), "{}", verify.stderr);
    // The job does not take it for its own either.
    assert_eq!(sandbox.job(&[]).code, 73);
    assert_eq!(sandbox.run(&["verify", "none.h5"]).code, 1);
    assert_eq!(sandbox.run(&["verify", "small.toml"]).code, 65);
}
