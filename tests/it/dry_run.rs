//! `--dry-run`.

use crate::sandbox::Sandbox;

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
