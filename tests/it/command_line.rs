//! What the program says, and with which code it ends.

use crate::help::assert_golden;
use crate::sandbox::Sandbox;

#[test]
fn the_version_comes_on_standard_output() {
    let version = Sandbox::new().run(&["--version"]).succeeded().stdout;
    assert!(version.starts_with(concat!("mandel-mpi ", env!("CARGO_PKG_VERSION"))), "{version}");
}

#[test]
fn the_effective_config_is_printed() {
    let sandbox = Sandbox::new();
    let run = sandbox.job(&["--print-config", "--set", "grid.width=50", "--threads", "3"]).succeeded();
    assert_golden("tests/it/data/print_config.toml", |_| run.stdout.clone());
    assert_eq!(sandbox.names(), ["small.toml"]);
}

#[test]
fn every_bad_usage_has_one_message_and_code_2() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.toml", "");
    sandbox.write("broken.toml", "[grid\nwidth = 3\n");
    std::fs::write(sandbox.path("latin1.toml"), b"# caf\xe9\n").expect("written");
    for (arguments, words) in [
        (vec![], "--config FILE is missing"),
        (vec!["--config", "none.toml"], "cannot read the config none.toml"),
        (vec!["--config", "."], "cannot read the config ."),
        (vec!["--config", "empty.toml"], "empty.toml is empty"),
        (vec!["--config", "broken.toml"], "the config is not TOML"),
        (vec!["--config", "latin1.toml"], "is not UTF-8: see byte 5"),
        (
            vec!["--config", "small.toml", "--set", "grid.width=0"],
            "grid.width = 0: must be a whole number from 1",
        ),
        (vec!["--config", "small.toml", "--set", "grid"], "must be key=value"),
        (vec!["--config", "small.toml", "--kernel", "gpu"], "iteration.kernel = \"gpu\": must be \"auto\""),
        (vec!["--config", "small.toml", "--threads", "-1"], "run.threads = -1: must be a whole number"),
        (vec!["--config", "small.toml", "--output", "a.png"], "output.path = \"a.png\": must end in .h5"),
    ] {
        let run = sandbox.run(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert_eq!(run.errors().len(), 1, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{arguments:?}: {}", run.stderr);
    }
    assert_eq!(sandbox.run(&["--colour"]).code, 2);
    assert_eq!(sandbox.names(), ["broken.toml", "empty.toml", "latin1.toml", "small.toml"]);
}

#[test]
fn the_last_line_can_be_cut_apart() {
    let sandbox = Sandbox::new();
    let run = sandbox.job(&["--summary", "small.json"]).succeeded();
    assert!(run.stdout.lines().last().unwrap_or_default().starts_with("mandel-mpi: done output=small.h5 "));
    let text = String::from_utf8(sandbox.read("small.json")).expect("UTF-8");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["checksum"], run.word("checksum"));
    assert_eq!(report["sum"], run.word("sum"));
    assert_eq!(report["band_costs"].as_array().expect("a list").len(), 30);
}
