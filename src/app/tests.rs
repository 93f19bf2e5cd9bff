//! Whole runs on one rank and on many, the finished file in a form of the tests' own.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::band::{Encoding, Geometry, Record};
use crate::block::TeamWork;
use crate::comm::as_threads;
use crate::error::{Error, Status};
use crate::job::Job;
use crate::store::journal::{Journal, Texts};
use crate::store::paths::Paths;
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

fn edges(heard: Result<StopRequest>) -> Edges {
    Edges { format: Box::new(Plain), listen: Box::new(|| heard) }
}

/// Runs on many ranks, which all come to the same end. `listen` is what each hears of stops.
fn run_on_ranks(
    ranks: usize,
    args: &JobArgs,
    listen: impl Fn(usize) -> Result<StopRequest> + Sync,
) -> Result<()> {
    let ends = as_threads::run(ranks, |comm| run(args, &comm, edges(listen(comm.rank()))));
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
    ends.into_iter().next().expect("a rank")
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

    fn args(&self, output: &str, sets: &[&str]) -> JobArgs {
        let output = format!("output.path={}", self.path(output).display());
        let mut set = vec![output, "run.threads=2".to_owned()];
        set.extend(sets.iter().map(ToString::to_string));
        JobArgs { config: Some(self.path("job.toml")), set, ..JobArgs::default() }
    }

    fn run(&self, output: &str, sets: &[&str]) -> Result<()> {
        run(&self.args(output, sets), &SerialComm, edges(Ok(StopRequest::default())))
    }

    /// Runs on many ranks, which all come to the same end.
    fn run_on(&self, ranks: usize, output: &str, sets: &[&str]) -> Result<()> {
        run_on_ranks(ranks, &self.args(output, sets), |_| Ok(StopRequest::default()))
    }

    /// What a killed run of 40 bands leaves: a journal with some bands, and half a file.
    fn leave_a_part(&self, output: &str) -> Paths {
        let args = self.args(output, &[]);
        let (config, _) =
            start::parse_config(&args, Path::new("job.toml"), self.read("job.toml")).expect("a good config");
        let geometry = Geometry::of(&config.job);
        let encoding = Encoding { geometry, deflate: config.output.deflate };
        let paths = Paths::new(&config.output.path);
        let mut journal =
            Journal::open(&paths, &config.job, encoding, &Texts::default()).expect("a new journal");
        let kernel = start::prepare_kernel(&config).expect("any CPU has it");
        let work = TeamWork::new(&config.job, encoding, kernel.as_ref());
        let block = work.block(&[3, 4, 5, 20], &[1; 4], 1, u64::MAX);
        work.contribute(&block);
        let records: Vec<Vec<u8>> = block.take_records().into_iter().map(Record::into_bytes).collect();
        journal.append(&records).expect("appended");
        std::fs::write(paths.part(), "half").expect("written");
        paths
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
    let paths = place.leave_a_part("b.h5");
    place.run("b.h5", &[]).expect("the rest of the job");
    assert_eq!(place.read("a.h5"), place.read("b.h5"));
    assert!(!paths.part().exists());
    assert!(paths.segments().expect("a list").is_empty());
}

#[test]
fn any_number_of_ranks_writes_the_same_file() {
    let place = Place::new();
    place.run("a.h5", &[]).expect("a good job");
    for ranks in [1, 2, 3, 5] {
        let output = format!("{ranks}.h5");
        place.run_on(ranks, &output, &[]).expect("a good job");
        assert!(place.read(&output) == place.read("a.h5"), "{ranks} ranks");
        place.run_on(ranks, &output, &[]).expect("already complete");
    }
}

#[test]
fn ranks_without_a_band_are_there_too() {
    let place = Place::new();
    let few = ["grid.height=3"];
    place.run("a.h5", &few).expect("a good job");
    place.run_on(5, "b.h5", &few).expect("a good job");
    assert_eq!(place.read("a.h5"), place.read("b.h5"));
}

#[test]
fn a_root_with_little_memory_takes_more_rounds_to_the_same_file() {
    let place = Place::new();
    let many = ["grid.width=1000", "grid.height=1000", "iteration.max_iter=20", "output.deflate=0"];
    place.run("a.h5", &many).expect("a good job");
    let sets = [&many[..], &["run.root_memory_mib=1"]].concat();
    let args = JobArgs { summary: Some(place.path("b.json")), ..place.args("b.h5", &sets) };
    run_on_ranks(3, &args, |_| Ok(StopRequest::default())).expect("a good job");
    assert!(place.read("a.h5") == place.read("b.h5"), "other counts");
    let report: serde_json::Value = serde_json::from_slice(&place.read("b.json")).expect("JSON");
    assert!(report["rounds"].as_u64() > Some(1), "{report}");
}

#[test]
fn another_number_of_ranks_goes_on() {
    let place = Place::new();
    place.run("a.h5", &[]).expect("a good job");
    for ranks in [2, 3] {
        let output = format!("{ranks}.h5");
        place.leave_a_part(&output);
        place.run_on(ranks, &output, &[]).expect("the rest of the job");
        assert!(place.read(&output) == place.read("a.h5"), "{ranks} ranks");
    }
}

#[test]
fn a_stop_on_one_rank_is_everybodys_and_another_number_of_ranks_goes_on() {
    let place = Place::new();
    place.run("a.h5", &[]).expect("a good job");
    let listen = |rank| {
        let request = StopRequest::default();
        if rank == 2 {
            request.ask();
        }
        Ok(request)
    };
    let stopped = run_on_ranks(3, &place.args("b.h5", &[]), listen).expect_err("a stop was asked");
    assert_eq!(stopped.status(), Status::Stopped);
    assert!(stopped.to_string().contains("of 40 bands of "), "{stopped}");
    place.run_on(2, "b.h5", &[]).expect("the rest of the job");
    assert_eq!(place.read("a.h5"), place.read("b.h5"));
}

#[test]
fn an_error_on_one_rank_is_everybodys() {
    let place = Place::new();
    let refused = Error::new(Status::Io, "no signals for this rank");
    let listen = |rank| if rank == 1 { Err(refused.clone()) } else { Ok(StopRequest::default()) };
    assert_eq!(run_on_ranks(3, &place.args("a.h5", &[]), listen), Err(refused.clone()));
    let status = |output, sets| place.run_on(3, output, sets).expect_err("a bad job").status();
    assert_eq!(status("a.h5", &["grid.height=0"]), Status::Usage);
    assert_eq!(status("no/folder/a.h5", &[]), Status::CannotCreate);
    assert!(!place.path("a.h5").exists());
}

#[cfg(feature = "fault-points")]
#[test]
fn a_fault_on_any_rank_ends_all_and_the_job_can_go_on() {
    let place = Place::new();
    place.run("a.h5", &[]).expect("a good job");
    for fault in ["2:config:error", "1:compute:error", "2:gather:error", "0:write:error", "1:assemble:error"]
    {
        let args = JobArgs { fail_at: Some(fault.parse().expect("a fault")), ..place.args("b.h5", &[]) };
        let end = run_on_ranks(3, &args, |_| Ok(StopRequest::default())).expect_err(fault);
        assert_eq!(end.status(), Status::Failure, "{fault}");
        assert!(end.to_string().starts_with("an error on purpose in "), "{fault}: {end}");
    }
    place.run_on(2, "b.h5", &[]).expect("the rest of the job");
    assert_eq!(place.read("a.h5"), place.read("b.h5"));
}
