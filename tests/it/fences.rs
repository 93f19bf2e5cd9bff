//! What is named in one place only: foreign crates, the operating system's calls, the variables of launchers.

use crate::sources::{code, sources};

/// A file's name and text.
type Source = (String, String);

/// Crates, and the only places (files, or folders) that may name them.
const FENCES: [(&str, &[&str]); 15] = [
    ("clap::", &["src/cli.rs", "src/cli/"]),
    ("clap_complete::", &["src/cli/generate.rs"]),
    ("clap_mangen::", &["src/cli/man.rs"]),
    ("crc_fast::", &["src/checksum.rs"]),
    ("flate2::", &["src/band/encode.rs"]),
    ("mpi::", &["src/comm/mpi.rs"]),
    ("hdf5::", &["src/store/hdf5.rs", "src/store/hdf5/"]),
    ("hdf5_sys::", &["src/store/hdf5.rs", "src/store/hdf5/raw.rs"]),
    ("indicatif::", &["src/telemetry.rs"]),
    ("png::", &["src/post/render.rs"]),
    // Whose file it is, and what it links to, is asked where files are opened.
    ("rustix::", &["src/machine.rs", "src/store/paths.rs"]),
    ("sha2::", &["src/job.rs"]),
    ("signal_hook::", &["src/stop.rs"]),
    ("toml::", &["src/config/settings.rs"]),
    ("tracing_subscriber::", &["src/telemetry.rs", "src/telemetry/"]),
];

/// What numbers know nothing of.
const IMPURE: [&str; 4] = ["std::fs", "std::process", "std::env", "std::net"];

/// Where there are only numbers.
const PURE: [&str; 9] =
    ["region", "grid", "job", "dataset", "checksum", "partition", "metrics", "band", "kernel"];

/// How the names of variables begin that launchers and batch systems set.
const VARIABLES: [&str; 5] = ["\"OMPI_", "\"PMI", "\"PMIX_", "\"SLURM_", "\"OMP_"];

/// Whether a line names a path that begins with `prefix`, and not only ends with it.
fn names(line: &str, prefix: &str) -> bool {
    line.match_indices(prefix).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before
            .is_none_or(|c| !c.is_alphanumeric() && c != '_' && !(c == ':' && line[..at].ends_with("self::")))
    })
}

/// The first line of code outside `places` for which `is_named` holds, with its file.
fn outside(sources: &[Source], places: &[&str], is_named: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let is_inside = |name: &str| {
        places.iter().any(|place| name == *place || place.ends_with('/') && name.starts_with(place))
    };
    let mut others = sources.iter().filter(|(name, _)| !is_inside(name));
    others.find_map(|(name, text)| {
        code(text).find(|line| is_named(line)).map(|line| (name.clone(), line.trim().to_owned()))
    })
}

#[test]
fn foreign_crates_stay_behind_their_fences() {
    let sources = sources();
    for (prefix, places) in FENCES {
        let is_named = |line: &str| {
            let line = line.replace("store::hdf5::", "").replace("comm::mpi::", "");
            names(&line, prefix) && !line.contains("mod mpi") && !line.contains("self::mpi::")
        };
        assert_eq!(outside(&sources, places, is_named), None, "{prefix}");
        assert!(places.iter().all(|place| sources.iter().any(|(name, _)| name.starts_with(place))));
    }
}

/// The definition leans on nothing of ours, so that everything of ours can be compared with it.
#[test]
fn the_definition_stands_alone() {
    let sources = sources();
    let (_, text) =
        sources.iter().find(|(name, _)| name == "src/kernel/reference.rs").expect("the definition");
    let ours = code(text).find(|line| ["super::", "crate::"].iter().any(|prefix| names(line, prefix)));
    assert_eq!(ours, None);
    assert!(text.contains("use num_complex::"));
}

#[test]
fn numbers_know_nothing_of_files_processes_and_variables() {
    let is_pure = |(name, _): &Source| {
        let path = name.trim_start_matches("src/").trim_end_matches(".rs");
        PURE.contains(&path.split('/').next().unwrap_or_default())
    };
    let pure: Vec<Source> = sources().into_iter().filter(is_pure).collect();
    let is_named = |line: &str| IMPURE.iter().any(|prefix| names(line, prefix));
    assert_eq!(outside(&pure, &[], is_named), None);
}

#[test]
fn launchers_variables_are_named_in_one_file() {
    let is_named = |line: &str| VARIABLES.iter().any(|prefix| line.contains(prefix));
    // The man page explains them.
    assert_eq!(outside(&sources(), &["src/launcher.rs", "src/cli/man.rs"], is_named), None);
    assert!(outside(&sources(), &[], is_named).is_some(), "the names have changed");
}

#[test]
fn a_breach_is_found() {
    let source = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let sources =
        [source("src/a.rs", "use rustix::fs;\n"), source("src/b.rs", "// rustix::\nlet x = rustix::y();\n")];
    let is_named = |line: &str| names(line, "rustix::");
    let found = outside(&sources, &["src/a.rs"], is_named);
    assert_eq!(found, Some(("src/b.rs".to_owned(), "let x = rustix::y();".to_owned())));
}
