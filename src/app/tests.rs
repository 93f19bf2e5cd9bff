//! Whole runs on one rank, the finished file in a form of the tests' own.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::comm::SerialComm;
use crate::job::Job;
use crate::store::journal::Journal;
use crate::store::{Finished, Provenance};

/// Payloads in band order, after a line with the job's hash and the checksum.
struct Plain;

impl FileFormat for Plain {
    fn identify(&self, path: &Path) -> Result<Option<Finished>> {
        let bytes = std::fs::read(path).map_err(|error| Error::io("the file", &error))?;
        let line = String::from_utf8_lossy(bytes.split(|&byte| byte == b'\n').next().expect("a line"));
        let fields = line.split_once(' ').map(|(hash, checksum)| (hash.to_owned(), checksum.to_owned()));
        Ok(fields.map(|(job_hash, checksum)| Finished { job_hash, checksum }))
    }

    fn assemble(
        &mut self,
        job: &Job,
        journal: &Journal,
        _: &Provenance,
        stopped: &dyn Fn() -> bool,
    ) -> Result<()> {
        let mut bytes = format!("{} {}\n", job.hash(), journal.summary().checksum).into_bytes();
        for band in 0..journal.encoding().geometry.bands() {
            if stopped() {
                return Err(Error::new(Status::Stopped, "stopped"));
            }
            bytes.extend(journal.read(band)?.1);
        }
        std::fs::write(journal.paths().part(), bytes).map_err(|error| Error::io("the file", &error))
    }
}

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = "[region]\nre = [-2, 0.5]\nim = [-1.25, 1.25]\n[grid]\nwidth = 50\nheight = 40\n\
                      [iteration]\nmax_iter = 100\n";
        std::fs::write(folder.path().join("job.toml"), config).expect("written");
        Self { folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn args(&self, output: &str) -> JobArgs {
        let output = format!("output.path={}", self.path(output).display());
        let set = vec![output, "run.threads=2".to_owned()];
        JobArgs { config: Some(self.path("job.toml")), set, ..JobArgs::default() }
    }

    fn run(&self, output: &str, sets: &[&str]) -> Result<()> {
        let mut args = self.args(output);
        args.set.extend(sets.iter().map(ToString::to_string));
        run(&args, &SerialComm, Box::new(Plain))
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file")
    }
}

#[test]
fn a_job_leaves_its_file_and_nothing_else() {
    let place = Place::new();
    place.run("a.h5", &[]).expect("a good job");
    assert!(place.path("a.h5").exists());
    assert_eq!(std::fs::read_dir(place.folder.path()).expect("a folder").count(), 2);
    place.run("a.h5", &[]).expect("already complete");
    assert_eq!(place.run("a.h5", &["grid.width=51"]).expect_err("not ours").status(), Status::CannotCreate);
}

#[test]
fn kernel_threads_and_partition_change_nothing() {
    let place = Place::new();
    place.run("a.h5", &[]).expect("a good job");
    place.run("b.h5", &["iteration.kernel=reference", "run.partition=equal"]).expect("a good job");
    assert_eq!(place.read("a.h5"), place.read("b.h5"));
}

#[test]
fn a_part_of_the_journal_is_enough_to_go_on() {
    let place = Place::new();
    place.run("a.h5", &[]).expect("a good job");
    // What a killed run leaves: a journal with some bands, and half a file.
    let (config, _) = start::parse_config(&place.args("b.h5"), Path::new("job.toml"), place.read("job.toml"))
        .expect("a good config");
    let geometry = Geometry::of(&config.job);
    let encoding = crate::band::Encoding { geometry, deflate: config.output.deflate };
    let paths = crate::store::paths::Paths::new(&config.output.path);
    let mut journal = Journal::open(&paths, &config.job, encoding, &Texts::default()).expect("a new journal");
    let kernel = prepare_kernel(&config).expect("any CPU has it");
    let work = TeamWork::new(&config.job, encoding, kernel.as_ref());
    let block = work.block(&[3, 4, 5, 20], &[1; 4], 1, u64::MAX);
    work.contribute(&block);
    let records: Vec<Vec<u8>> = block.take_records().into_iter().map(Record::into_bytes).collect();
    journal.append(&records).expect("appended");
    drop(journal);
    std::fs::write(paths.part(), "half").expect("written");
    place.run("b.h5", &[]).expect("the rest of the job");
    assert_eq!(place.read("a.h5"), place.read("b.h5"));
    assert!(!paths.part().exists());
    assert!(paths.segments().expect("a list").is_empty());
}
