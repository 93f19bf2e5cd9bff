//! Files and a journal that version 0.1.0 wrote: the program of today writes the same bytes, and goes on from
//! them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mandel_mpi::band::RecordHeader;
use mandel_mpi::job::JobHash;
use sha2::{Digest, Sha256};

use crate::sandbox::Sandbox;

/// SHA-256 of the file that version 0.1.0 makes of `wide.toml`: 2 MiB, most of them the samples' real parts.
const WIDE: &str = "b3c56753fe5bc3c3cbd2a058d9ea7f98d3adcc0baf634140b864ec2540be320d";

/// The job hash of `small.toml`.
const SMALL_HASH: &str = "717e5e13877048b7e4ab1b85ed24350dc9dd4c941d2a7c1a3c9dd0cc8b1747e9";

/// The commit that the old files were made with.
const COMMIT: &str = "a200cadb28c1";

const REPRODUCIBLE: [&str; 2] = ["--set", "output.reproducible=true"];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/version_0_1_0").join(name)
}

fn old(name: &str) -> Vec<u8> {
    fs::read(data(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Puts a file of the old version into the sandbox, with the mode that the program gives it.
fn put(sandbox: &Sandbox, name: &str, bytes: &[u8]) {
    fs::write(sandbox.path(name), bytes).expect("written");
    fs::set_permissions(sandbox.path(name), Permissions::from_mode(0o644)).expect("the mode is set");
}

/// A sandbox with the configs of the old files.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for config in ["small.toml", "centres.toml", "wide.toml"] {
        put(&sandbox, config, &old(config));
    }
    sandbox
}

/// Makes the output of a config in the reproducible form, and gives its bytes with the old commit in place of
/// today's.
///
/// Nothing is given where their lengths differ (a working tree with changes): then all that follows lies
/// elsewhere.
fn make(sandbox: &Sandbox, name: &str, options: &[&str]) -> Option<Vec<u8>> {
    let config = format!("{name}.toml");
    sandbox.run(&[&["--config", &config], &REPRODUCIBLE[..], options].concat()).succeeded();
    let commit = env!("MANDEL_MPI_COMMIT").as_bytes();
    let mut bytes = sandbox.read(&format!("{name}.h5"));
    let at = bytes.windows(commit.len()).position(|window| window == commit).expect("the file names it");
    bytes.get_mut(at..at + COMMIT.len())?.copy_from_slice(COMMIT.as_bytes());
    (commit.len() == COMMIT.len()).then_some(bytes)
}

/// Asserts that a config gives the file of version 0.1.0.
fn assert_same(sandbox: &Sandbox, name: &str, options: &[&str]) {
    let file = format!("{name}.h5");
    let is_same = make(sandbox, name, options).is_none_or(|bytes| bytes == old(&file));
    assert!(is_same, "{file} differs");
    let new = sandbox.run(&["verify", &file]).succeeded();
    put(sandbox, &file, &old(&file));
    assert_eq!(new.stdout, sandbox.run(&["verify", &file]).succeeded().stdout);
}

/// The records of a segment, each with its bytes.
fn records(segment: &[u8]) -> Vec<&[u8]> {
    let digit = |at| u8::from_str_radix(&SMALL_HASH[at..at + 2], 16).expect("hexadecimal");
    let hash = JobHash(std::array::from_fn(|byte| digit(2 * byte)));
    let starts = (0..segment.len()).filter_map(|at| {
        let header = RecordHeader::parse(&hash, &segment[at..])?;
        Some(at..at + (header.header_bytes() + header.payload_bytes()) as usize)
    });
    starts.map(|bytes| &segment[bytes]).collect()
}

#[test]
fn a_file_is_the_same_bytes() {
    let sandbox = sandbox();
    assert_same(&sandbox, "small", &[]);
    assert_same(&sandbox, "centres", &["--threads", "2"]);
    if let Some(wide) = make(&sandbox, "wide", &[]) {
        assert_eq!(JobHash(Sha256::digest(wide).into()).to_string(), WIDE);
    }
}

#[test]
fn a_file_is_taken_for_the_complete_output_of_its_job() {
    let sandbox = sandbox();
    put(&sandbox, "small.h5", &old("small.h5"));
    let run = sandbox.job(&[]).succeeded();
    assert!(run.stdout.starts_with("mandel-mpi: already complete output=small.h5"), "{}", run.stdout);
    sandbox.run(&["verify", "small.h5", "--sample", "1200"]).succeeded();
}

#[test]
fn a_journal_has_the_same_records() {
    let old = old("small.journal.1");
    assert_eq!(records(&old).len(), 30);
    let sandbox = sandbox();
    // The file cannot be made, so that the complete journal stays.
    fs::create_dir(sandbox.path("small.h5.part")).expect("in the way");
    // Two threads may finish their bands in any order.
    assert_eq!(sandbox.job(&["--kernel", "reference", "--threads", "1"]).code, 73);
    let new = sandbox.read("small.journal.1");
    assert_eq!(records(&new), records(&old));
}

#[test]
fn a_torn_journal_is_gone_on_with() {
    let sandbox = sandbox();
    let whole = old("small.journal.1");
    // In the middle of the last record.
    put(&sandbox, "small.journal.1", &whole[..whole.len() - 10]);
    let info = sandbox.run(&["info", "small.journal.1"]).succeeded();
    assert!(info.stdout.contains("29 of 30"), "{}", info.stdout);
    assert_same(&sandbox, "small", &[]);
    assert!(!sandbox.path("small.journal.1").exists());
}

#[test]
fn a_complete_journal_is_assembled_to_the_same_counts() {
    let sandbox = sandbox();
    put(&sandbox, "small.journal.1", &old("small.journal.1"));
    sandbox.run(&["assemble", "small.journal.1"]).succeeded();
    let assembled = sandbox.run(&["verify", "small.h5"]).succeeded();
    put(&sandbox, "small.h5", &old("small.h5"));
    let old = sandbox.run(&["verify", "small.h5"]).succeeded();
    assert_eq!(assembled.stdout, old.stdout);
}
