//! Many ranks: one message, one reader, one writer, no hang.

use std::process::Command;

use crate::sandbox::{Sandbox, mpirun};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mandel-mpi");

#[test]
fn a_bad_config_ends_all_ranks_with_one_message() {
    let sandbox = Sandbox::new();
    for (arguments, code) in [
        (vec!["--config", "small.toml", "--set", "grid.height=0"], 2),
        (vec!["--config", "none.toml"], 2),
        (vec!["--config", "small.toml", "--output", "no/folder/a.h5"], 73),
    ] {
        let run = sandbox.finish(mpirun(4).arg(PROGRAM).args(&arguments));
        assert_eq!((run.code, run.errors().len()), (code, 1), "{arguments:?}: {}", run.stderr);
    }
    assert_eq!(sandbox.names(), ["small.toml"]);
}

#[test]
fn under_a_launcher_the_help_comes_once() {
    let sandbox = Sandbox::new();
    for arguments in [vec!["--help"], vec!["--version"], vec!["--config", "small.toml", "--print-config"]] {
        let alone = sandbox.run(&arguments).succeeded();
        let together = sandbox.finish(mpirun(3).arg(PROGRAM).args(&arguments)).succeeded();
        assert_eq!(together.stdout, alone.stdout, "{arguments:?}");
    }
}

#[test]
fn copies_that_do_not_know_of_each_other_stop() {
    let sandbox = Sandbox::new();
    // As srun without PMIx starts them: MPI sees one rank, Slurm has four.
    let mut command = Command::new(PROGRAM);
    command.args(["--config", "small.toml"]).env("SLURM_STEP_NUM_TASKS", "4").env("SLURM_PROCID", "0");
    let run = sandbox.finish(&mut command);
    assert_eq!((run.code, run.errors().len()), (69, 1), "{}", run.stderr);
    assert!(run.stderr.contains("4 copies were started"), "{}", run.stderr);
    let run = sandbox.finish(command.env("SLURM_PROCID", "3"));
    assert_eq!((run.code, run.errors().len()), (69, 0), "{}", run.stderr);
    assert_eq!(sandbox.names(), ["small.toml"]);
}

/// Under strace no rank but root touches the config or the output, and of the folder that all share nothing
/// but the program itself: so no file system is stormed by a thousand ranks.
#[test]
fn only_root_touches_files() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("prefix")).expect("a folder");
    std::fs::copy(PROGRAM, sandbox.path("prefix/mandel-mpi")).expect("a copy");
    let program = sandbox.path("prefix/mandel-mpi").display().to_string();
    let traced = r#"exec strace -f -o "trace.${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" -e trace=%file "$@""#;
    let mut command = mpirun(8);
    command.args(["sh", "-c", traced, "sh", &program, "--config", "small.toml", "--output", "traced.h5"]);
    sandbox.finish(&mut command).succeeded();
    let count = |rank: u32, words: &[&str]| {
        let trace = String::from_utf8_lossy(&sandbox.read(&format!("trace.{rank}"))).into_owned();
        // The command line itself, in execve, names all of them once.
        let calls = trace.lines().filter(|line| !line.contains("execve("));
        calls.filter(|line| words.iter().any(|word| line.contains(word))).count()
    };
    let own = ["small.toml", "traced."];
    assert!(count(0, &own) > 5);
    let folder = sandbox.path("").display().to_string();
    for rank in 1..8 {
        assert_eq!(count(rank, &own), 0, "rank {rank}");
        let shared = 1 + count(rank, &[&folder]);
        assert!(shared <= 3, "rank {rank} touches the shared folder {shared} times");
    }
}
