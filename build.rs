//! Tells the program which commit it is built from and with what.

use std::process::Command;

fn main() {
    let commit = output("git", &["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]);
    let rustc = output(&std::env::var("RUSTC").expect("cargo sets it"), &["--version"]);
    println!("cargo::rustc-env=MANDEL_MPI_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=MANDEL_MPI_RUSTC={}", rustc.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=MANDEL_MPI_TARGET={}", std::env::var("TARGET").expect("cargo sets it"));
    println!("cargo::rustc-env=MANDEL_MPI_BUILT_WITH={}", mpi().unwrap_or_default());
    println!("cargo::rerun-if-env-changed=MPICC");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/index");
}

/// Name and version of the MPI whose header the compiler wrapper finds, as that MPI calls itself at run time.
fn mpi() -> Option<String> {
    let mpicc = std::env::var("MPICC").unwrap_or_else(|_| "mpicc".to_owned());
    let macros = output(&mpicc, &["-E", "-dM", "-include", "mpi.h", "-x", "c", "/dev/null"])?;
    let value = |name: &str| {
        let definition = format!("#define {name} ");
        macros.lines().find_map(|line| line.strip_prefix(&definition)).map(|value| value.trim_matches('"'))
    };
    let open_mpi = || {
        let [major, minor, release] =
            ["MAJOR", "MINOR", "RELEASE"].map(|part| value(&format!("OMPI_{part}_VERSION")));
        Some(format!("Open MPI v{}.{}.{}", major?, minor?, release?))
    };
    open_mpi().or_else(|| Some(format!("MPICH Version: {}", value("MPICH_VERSION")?)))
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
