//! A kernel that one thread calls with many bands at a time: its counts on their way through block, encoding,
//! gather and journal. What such a kernel asks of a block is tested in `src/block/tests/few_callers.rs`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use mandel_mpi::band::{Deflate, Encoding, Geometry};
use mandel_mpi::block::TeamWork;
use mandel_mpi::comm::SerialComm;
use mandel_mpi::dataset::Fields;
use mandel_mpi::faults::Faults;
use mandel_mpi::gather::{Root, gather_records};
use mandel_mpi::grid::Sampling;
use mandel_mpi::job::Job;
use mandel_mpi::kernel::{Calling, Choice, FieldKernel, Kernel, Part, Shortcuts, Stopped};
use mandel_mpi::region::Region;
use mandel_mpi::store::journal::{Journal, Texts};
use mandel_mpi::store::paths::Paths;
use mandel_mpi::store::writer::Writer;

const SIDE: u64 = 60;
const THREADS: usize = 3;

/// The definition, to be called as a device.
#[derive(Debug)]
struct Device(Kernel);

impl FieldKernel for Device {
    fn name(&self) -> &'static str {
        "device"
    }

    fn calling(&self) -> Calling {
        Calling::FewThreads { callers: NonZeroUsize::MIN, points: 25 * SIDE, cost: u64::MAX }
    }

    fn compute(&self, part: &Part, fields: &mut Fields, stop: &AtomicBool) -> Result<u64, Stopped> {
        self.0.compute(part, fields, stop)
    }

    fn point_cost(&self) -> u64 {
        self.0.point_cost()
    }

    fn sample_cost(&self, row: u64, columns: &[u64], stop: &AtomicBool) -> Result<u64, Stopped> {
        self.0.sample_cost(row, columns, stop)
    }
}

/// The journal of the whole job.
fn journal(job: &Job, kernel: &dyn FieldKernel, output: &Path) -> Journal {
    let encoding = Encoding { geometry: Geometry::of(job), deflate: Deflate::new(1).expect("a level") };
    let work = TeamWork::new(job, encoding, kernel);
    let bands: Vec<u64> = (0..SIDE).collect();
    let block = work.block(&bands, &[1; SIDE as usize], THREADS, u64::MAX);
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|_| drop(scope.spawn(|| work.contribute(&block))));
    });
    let journal = Journal::open(&Paths::new(output), job, encoding, &Texts::default()).expect("a journal");
    let faults = Faults::new(None, 0);
    let writer = Writer::start(journal, faults).expect("a thread");
    let root = Root { writer: &writer, budget_bytes: 1 << 20, leave_at: None };
    gather_records(&SerialComm, block.take_records(), Some(root)).expect("gathered");
    writer.finish().expect("written")
}

#[test]
fn a_device_and_the_definition_fill_the_same_journal() {
    let region = Region::parse(["-2", "0.5"], ["-1.25", "1.25"]).expect("a region");
    let max_iter = NonZeroU32::new(200).expect("not zero");
    let job = Job::new(region, SIDE, SIDE, Sampling::Endpoints, max_iter);
    let reference = || Kernel::prepare(Choice::Reference, &job, Shortcuts::None).expect("any CPU has it");
    let folder = tempfile::tempdir().expect("a folder");
    let expected = journal(&job, &reference(), &folder.path().join("a.h5"));
    let found = journal(&job, &Device(reference()), &folder.path().join("b.h5"));
    assert_eq!(found.summary(), expected.summary());
    for band in 0..SIDE {
        let payload = |of: &Journal| of.read(band).expect("in the journal").1;
        assert_eq!(payload(&found), payload(&expected), "band {band}");
    }
}
