//! A foreign crate is named in one place, and pure code imports nothing above it.

use std::fs;
use std::path::{Path, PathBuf};

/// Crates, and the only places (files, or folders) that may name them.
const FENCES: [(&str, &[&str]); 5] = [
    ("clap::", &["src/cli.rs"]),
    ("mpi::", &["src/comm/mpi.rs"]),
    ("hdf5::", &["src/store/hdf5.rs", "src/store/hdf5/"]),
    ("hdf5_sys::", &["src/store/hdf5.rs", "src/store/hdf5/raw.rs"]),
    ("indicatif::", &["src/telemetry.rs"]),
];

/// Files that only know numbers.
const PURE: [&str; 10] = [
    "src/region.rs",
    "src/grid.rs",
    "src/job.rs",
    "src/checksum.rs",
    "src/partition.rs",
    "src/metrics.rs",
    "src/band.rs",
    "src/band/encode.rs",
    "src/band/record.rs",
    "src/kernel/",
];

/// What pure files do not import.
const IMPURE: [&str; 9] = [
    "crate::comm",
    "crate::store",
    "crate::app",
    "crate::cli",
    "crate::config",
    "crate::telemetry",
    "std::fs",
    "std::process",
    "std::env",
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        let paths = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let (inner, found): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(|path| path.is_dir());
        folders.extend(inner);
        files.extend(found);
    }
    let text = |path: &PathBuf| fs::read_to_string(path).expect("UTF-8");
    let name = |path: &PathBuf| path.strip_prefix(root).expect("below it").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), text(path))).collect()
}

/// The lines of code: no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Whether a line names a path that begins with `prefix`, and not only ends with it.
fn names(line: &str, prefix: &str) -> bool {
    line.match_indices(prefix).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before
            .is_none_or(|c| !c.is_alphanumeric() && c != '_' && !(c == ':' && line[..at].ends_with("self::")))
    })
}

#[test]
fn foreign_crates_stay_behind_their_fences() {
    for (name, text) in sources() {
        for (prefix, places) in FENCES {
            let allowed =
                places.iter().any(|place| name == *place || place.ends_with('/') && name.starts_with(place));
            let outside = |line: &&str| {
                let line = line.replace("store::hdf5::", "").replace("comm::mpi::", "");
                names(&line, prefix) && !line.contains("mod mpi") && !line.contains("self::mpi::")
            };
            let found = code(&text).find(outside);
            assert!(allowed || found.is_none(), "{name} names {prefix}: {found:?}");
        }
    }
}

#[test]
fn pure_files_import_nothing_above_them() {
    let sources = sources();
    for place in PURE {
        let inside = |name: &str| name == place || place.ends_with('/') && name.starts_with(place);
        let files: Vec<_> = sources.iter().filter(|(name, _)| inside(name)).collect();
        assert!(!files.is_empty(), "{place} is gone");
        for (name, text) in files {
            let found = code(text).find(|line| IMPURE.iter().any(|prefix| names(line, prefix)));
            assert!(found.is_none(), "{name}: {found:?}");
        }
    }
}
