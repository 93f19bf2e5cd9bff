//! A job and the file in the place of its output: what is kept, replaced, refused.

use std::os::unix::fs::symlink;

use crate::sandbox::Sandbox;

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
