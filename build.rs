//! Tells the program which commit it is built from and with what.

use std::process::Command;

fn main() {
    let commit = output("git", &["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]);
    let rustc = output(&std::env::var("RUSTC").expect("cargo sets it"), &["--version"]);
    println!("cargo::rustc-env=MANDEL_MPI_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=MANDEL_MPI_RUSTC={}", rustc.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=MANDEL_MPI_TARGET={}", std::env::var("TARGET").expect("cargo sets it"));
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/index");
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
