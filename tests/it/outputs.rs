//! Files: what is written, what is kept, what is refused.

use std::num::NonZeroU32;
use std::os::unix::fs::symlink;

use mandel_mpi::kernel::reference::escape_count;
use num_complex::Complex64;

use crate::sandbox::{SMALL, Sandbox};

/// One thread, one point after the other: slow enough to be stopped in the middle, in every build.
fn slow() -> String {
    SMALL.replace("width = 40", "width = 400").replace("height = 30", "height = 400").replace("200", "20000")
}

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
fn the_same_job_again_is_complete_at_once() {
    let sandbox = Sandbox::new();
    let first = sandbox.job(&[]).succeeded();
    let bytes = sandbox.read("small.h5");
    let again = sandbox.job(&["--threads", "2", "--kernel", "reference"]).succeeded();
    assert!(again.stdout.starts_with("mandel-mpi: already complete output=small.h5"), "{}", again.stdout);
    assert_eq!(again.word("checksum"), first.word("checksum"));
    assert_eq!(sandbox.read("small.h5"), bytes);
}

#[test]
fn another_jobs_output_is_kept_unless_forced() {
    let sandbox = Sandbox::new();
    sandbox.job(&[]).succeeded();
    let bytes = sandbox.read("small.h5");
    let refused = sandbox.job(&["--set", "iteration.max_iter=100"]);
    assert_eq!((refused.code, refused.errors().len()), (73, 1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("the output exists and is not this job's: small.h5"),
        "{}",
        refused.stderr
    );
    assert_eq!((sandbox.read("small.h5"), sandbox.names().len()), (bytes, 2));
    let forced = sandbox.job(&["--set", "iteration.max_iter=100", "--force"]).succeeded();
    let verified = sandbox.run(&["verify", "small.h5"]).succeeded();
    assert!(verified.stdout.contains(forced.word("checksum")));
}

#[test]
fn what_is_no_file_of_ours_is_refused_too() {
    let sandbox = Sandbox::new();
    sandbox.write("small.h5", "not HDF5");
    assert_eq!(sandbox.job(&[]).code, 73);
    assert_eq!(sandbox.read("small.h5"), b"not HDF5");
    let sandbox = Sandbox::new();
    symlink(sandbox.path("elsewhere.h5"), sandbox.path("small.h5")).expect("a link");
    assert_eq!(sandbox.job(&[]).code, 73);
    let missing = Sandbox::new().job(&["--output", "no/such/folder/small.h5"]);
    assert_eq!((missing.code, missing.errors().len()), (73, 1), "{}", missing.stderr);
}

#[test]
fn a_dry_run_checks_everything_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let run = sandbox.job(&["--dry-run", "--ranks", "8", "--threads", "2"]).succeeded();
    for words in [
        "30 x 40, 30 bands",
        "8 with 2 thread(s)",
        "core-seconds",
        "#SBATCH --ntasks=8 --cpus-per-task=2 --time=",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert_eq!(sandbox.names(), ["small.toml"]);
    let missing = sandbox.job(&["--dry-run", "--output", "no/folder/a.h5"]);
    assert_eq!((missing.code, missing.errors().len()), (73, 1), "{}", missing.stderr);
    sandbox.write("small.h5", "in the way");
    assert_eq!(sandbox.job(&["--dry-run"]).code, 73);
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

#[test]
fn a_stopped_job_goes_on_to_the_same_bits() {
    let sandbox = Sandbox::new();
    sandbox.write("small.toml", &slow());
    let options = ["--kernel", "reference", "--set", "output.reproducible=true"];
    let whole =
        sandbox.job(&[&options[..], &["--output", "whole.h5", "--threads", "2"]].concat()).succeeded();
    let mut starts = 0;
    loop {
        starts += 1;
        let run = sandbox.job(&[&options[..], &["--threads", "1", "--max-time", "0:01"]].concat());
        if run.code == 0 {
            assert_eq!(run.word("checksum"), whole.word("checksum"));
            break;
        }
        assert_eq!((run.code, run.errors().len()), (75, 0), "{}", run.stderr);
        assert!(run.stderr.contains("are in the journal: run again to go on"), "{}", run.stderr);
        assert!(starts < 60, "no start gets anything done: {}", run.stderr);
    }
    assert!(starts > 1, "the job is too short to be stopped");
    assert_eq!(sandbox.names(), ["small.h5", "small.toml", "whole.h5"]);
    assert_eq!(sandbox.run(&["verify", "small.h5"]).succeeded().code, 0);
}

/// Root writes a round while the next one is computed: together they take less than one after the other.
#[cfg(feature = "fault-points")]
#[test]
fn a_slow_writer_holds_nobody_up() {
    let sandbox = Sandbox::new();
    sandbox.write("small.toml", &slow());
    let options = ["--kernel", "reference", "--threads", "1", "--set", "run.round_seconds=1"];
    let slowed = [&options[..], &["--fail-at", "0:write:slow", "--summary", "slow.json"]].concat();
    let run = sandbox.job(&slowed).succeeded();
    let report: serde_json::Value = serde_json::from_slice(&sandbox.read("slow.json")).expect("JSON");
    let phase = |name: &str| {
        let phases = report["phases"].as_array().expect("a list");
        let phase = phases.iter().find(|phase| phase["name"] == name).expect("a phase");
        phase["max_s"].as_f64().expect("seconds")
    };
    assert!(report["rounds"].as_u64() > Some(1), "{report}");
    assert!(phase("write") > 0.5, "the writer is not slow: {report}");
    assert!(report["wall_s"].as_f64() < Some(phase("compute") + phase("write")), "{report}");
    let quick = sandbox.job(&["--output", "quick.h5"]).succeeded();
    assert_eq!(run.word("checksum"), quick.word("checksum"));
}

#[test]
fn a_journal_can_be_looked_at_and_finished_without_mpi() {
    let sandbox = Sandbox::new();
    sandbox.write("small.toml", &slow());
    let options = ["--kernel", "reference", "--threads", "1", "--max-time", "0:01"];
    assert_eq!(sandbox.job(&options).code, 75);
    let info = sandbox.run(&["info", "small.journal.1"]).succeeded();
    assert!(info.stdout.contains("of 400 ("), "{}", info.stdout);
    assert_eq!(info.stdout, sandbox.run(&["info", "small.h5"]).succeeded().stdout);
    let incomplete = sandbox.run(&["assemble", "small.h5"]);
    assert_eq!(incomplete.code, 75, "{}", incomplete.stderr);
    assert_eq!(sandbox.names(), ["small.journal.1", "small.toml"]);
    // A complete journal: what is left when the last step is not possible.
    std::fs::create_dir(sandbox.path("small.h5.part")).expect("in the way");
    let blocked = sandbox.job(&[]);
    assert_eq!((blocked.code, blocked.errors().len()), (73, 1), "{}", blocked.stderr);
    std::fs::remove_dir(sandbox.path("small.h5.part")).expect("removed");
    let assembled = sandbox.run(&["assemble", "small.journal.1"]).succeeded();
    assert!(assembled.stdout.starts_with("mandel-mpi: assembled output=small.h5 checksum="));
    assert_eq!(sandbox.names(), ["small.h5", "small.toml"]);
    sandbox.run(&["verify", "small.h5", "--sample", "100"]).succeeded();
    assert_eq!(sandbox.run(&["assemble", "small.h5"]).code, 1);
}

#[test]
fn another_jobs_journal_is_shown_and_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("small.toml", &slow());
    let stopped = sandbox.job(&["--kernel", "reference", "--threads", "1", "--max-time", "0:01"]);
    assert_eq!(stopped.code, 75, "{}", stopped.stderr);
    let refused = sandbox.job(&["--set", "iteration.max_iter=50"]);
    assert_eq!((refused.code, refused.errors().len()), (65, 1), "{}", refused.stderr);
    assert!(refused.stderr.contains("journal: iteration.max_iter = 20000"), "{}", refused.stderr);
    assert!(refused.stderr.contains("now:     iteration.max_iter = 50"), "{}", refused.stderr);
    sandbox.job(&["--set", "iteration.max_iter=50", "--restart"]).succeeded();
    assert_eq!(sandbox.names(), ["small.h5", "small.journal-aside-1.1", "small.toml"]);
}
