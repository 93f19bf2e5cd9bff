//! `assemble`, and `info` on a journal.

use crate::sandbox::{Sandbox, slow};

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
