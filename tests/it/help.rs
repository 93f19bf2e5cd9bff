//! What the program says about itself: help, man page, completions, the table of config keys.
//!
//! Help is compared as a whole with `data/help`, the table with `docs/configuration.md`. After a change on
//! purpose `UPDATE_GOLDEN=1 cargo test --test it` writes them anew. The difference is read and committed.

use std::path::PathBuf;
use std::process::Command;

use crate::sandbox::Sandbox;

const BEFORE_TABLE: &str = "<!-- keys: begin (made by mandel-mpi --generate config-table) -->\n";
const AFTER_TABLE: &str = "<!-- keys: end -->\n";

/// Standard output on a terminal of 100 columns, without blanks at the ends of lines.
fn output(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mandel-mpi"));
    let run = Sandbox::new().finish(command.args(arguments).env("COLUMNS", "100")).succeeded();
    run.stdout.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Asserts that a file is what `change` makes of it, or makes it so.
pub(crate) fn assert_golden(name: &str, change: impl Fn(&str) -> String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let new = change(&old);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &new).expect("written");
    } else {
        assert_eq!(old, new, "{name}: UPDATE_GOLDEN=1 cargo test --test it writes it anew");
    }
}

#[test]
fn help_is_as_it_was_read_last() {
    assert_golden("tests/it/data/help/mandel-mpi.txt", |_| output(&["--help"]));
    assert_golden("tests/it/data/help/short.txt", |_| output(&["-h"]));
    for command in ["render", "info", "assemble", "verify"] {
        assert_golden(&format!("tests/it/data/help/{command}.txt"), |_| output(&[command, "--help"]));
    }
}

#[test]
fn the_docs_have_the_table_of_keys() {
    assert_golden("docs/configuration.md", |old| {
        let (before, rest) = old.split_once(BEFORE_TABLE).expect("the mark before the table");
        let (_, after) = rest.split_once(AFTER_TABLE).expect("the mark after the table");
        let table = output(&["--generate", "config-table"]);
        format!("{before}{BEFORE_TABLE}{table}{AFTER_TABLE}{after}")
    });
}

#[test]
fn the_man_page_has_every_option_command_and_key() {
    let page = output(&["--generate", "man"]).replace("\\-", "-");
    let help = output(&["--help"]);
    let options = help.split_whitespace().filter(|word| word.starts_with("--"));
    let settings = Sandbox::new().job(&["--print-config"]).succeeded().stdout;
    let keys = settings.lines().filter_map(|line| Some(line.split_once(" = ")?.0));
    for word in options.chain(keys).chain(["mandel-mpi render", "--max-size", "--sample", "run.max_time"]) {
        assert!(page.contains(word), "{word}");
    }
}

#[test]
fn completions_know_flags_of_keys_and_their_values() {
    for kind in ["complete-bash", "complete-zsh", "complete-fish"] {
        let text = output(&["--generate", kind]);
        for word in ["config", "log-format", "portable", "assemble"] {
            assert!(text.contains(word), "{kind}: {word}");
        }
    }
}
