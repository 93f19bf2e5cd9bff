//! The program's own sources, as text.

use std::fs;
use std::path::{Path, PathBuf};

/// Name and text of every file in `src`.
pub(crate) fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        let paths = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let (inner, found): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(|path| path.is_dir());
        folders.extend(inner);
        files.extend(found.into_iter().filter(|path| path.extension().is_some_and(|suffix| suffix == "rs")));
    }
    let text = |path: &PathBuf| fs::read_to_string(path).expect("UTF-8");
    let name = |path: &PathBuf| path.strip_prefix(root).expect("below it").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), text(path))).collect()
}

/// The lines of code: no comments.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}
