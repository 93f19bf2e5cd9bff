//! A job that is stopped and started again, and its journal.

use crate::sandbox::{Sandbox, slow};

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
