//! Assembles the finished file from a complete journal, and compares it with the journal once more.

use std::path::Path;

use hdf5::file::LibraryVersion;
use hdf5::types::{VarLenArray, VarLenUnicode};
use hdf5::{Dataset, File, Group, H5Type, Location, ObjectReference, ObjectReference1};

use super::failure::hdf5_error;
use super::layout::{self, COUNTS, IM, RE, axis, counts};
use super::raw::{read_chunk, write_chunk, write_terminated_text};
use crate::band::{Geometry, Summary};
use crate::checksum::Checksum;
use crate::dataset::CountWidth;
use crate::error::{Error, Result, Status};
use crate::grid::Axis;
use crate::job::Job;
use crate::region::Interval;
use crate::store::journal::Journal;
use crate::store::paths;
use crate::store::{Provenance, RunProvenance};
use crate::threads;

/// Samples written at once: 8 MiB.
const SAMPLES_PER_WRITE: u64 = 1 << 20;

/// An entry of the attribute by which a dimension scale names its users.
#[derive(H5Type)]
#[repr(C)]
struct ScaleUse {
    dataset: ObjectReference1,
    dimension: i32,
}

/// Writes `NAME.h5.part`, compares it with the journal, and leaves it to be renamed.
pub(super) fn assemble(
    job: &Job,
    journal: &Journal,
    provenance: &Provenance,
    stopped: &dyn Fn() -> bool,
) -> Result<()> {
    let part = journal.paths().part();
    // A newer start may be at work on a file of that name.
    journal.refuse_when_superseded()?;
    remove_leftover(&part)?;
    let failed = |error: hdf5::Error| hdf5_error(&format!("cannot write {}", part.display()), &error);
    let file = create_file(&part).map_err(failed)?;
    let counts = write_frame(&file, job, journal, provenance).map_err(failed)?;
    write_bands(&counts, journal, stopped)?;
    drop(counts);
    // Closed by hand: an error of an implicit close would be lost.
    file.close().map_err(failed)?;
    // The disk writes while the chunks are compared.
    let (sync, comparison) = std::thread::scope(|scope| {
        let sync = || std::fs::File::open(&part).and_then(|file| file.sync_all());
        let sync = threads::spawn_scoped(scope, sync)?;
        let comparison = compare_with_journal(&part, journal, stopped);
        Ok((sync.join().expect("a panic has ended the job"), comparison))
    })?;
    sync.map_err(|error| Error::io(part.display(), &error))?;
    comparison
}

/// The file without its counts.
fn write_frame(file: &File, job: &Job, journal: &Journal, provenance: &Provenance) -> hdf5::Result<Dataset> {
    let encoding = journal.encoding();
    let dataset = create_counts(file, &encoding.geometry, encoding.deflate.level())?;
    let im = write_axis(file, IM, "imaginary part of c", &job.grid().im)?;
    let re = write_axis(file, RE, "real part of c", &job.grid().re)?;
    attach_scales(file, &dataset, [(IM, &im), (RE, &re)])?;
    describe_counts(&dataset, job, &journal.summary())?;
    write_provenance(file, provenance)?;
    Ok(dataset)
}

/// Removes what a killed run left half written. Nothing of it is worth keeping: the journal has it all.
fn remove_leftover(part: &Path) -> Result<()> {
    match part.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(metadata) if metadata.is_file() => {
            std::fs::remove_file(part).map_err(|error| paths::cannot_create(part, &error))
        }
        Ok(_) => {
            let message = format!("{} is in the way and not a file: remove it", part.display());
            Err(Error::new(Status::CannotCreate, message))
        }
    }
}

fn create_file(part: &Path) -> hdf5::Result<File> {
    // Times and the newest features of the format would make files of the same job differ: both are pinned.
    // Without a sieve buffer HDF5 writes samples and texts when they are given. With one it writes when a
    // dataset is dropped, and errors are lost.
    File::with_options()
        .with_fapl(|access| access.libver_bounds(LibraryVersion::V18, LibraryVersion::V18).sieve_buf_size(0))
        .with_fcpl(|create| create.obj_track_times(false))
        .create_excl(part)
}

fn create_counts(file: &File, geometry: &Geometry, deflate: u8) -> hdf5::Result<Dataset> {
    match geometry.count_width {
        CountWidth::U16 => create_counts_of::<u16>(file, geometry, deflate),
        CountWidth::U32 => create_counts_of::<u32>(file, geometry, deflate),
    }
}

fn create_counts_of<T: H5Type>(file: &File, geometry: &Geometry, deflate: u8) -> hdf5::Result<Dataset> {
    let usizes = |row: u64, column: u64| (row as usize, column as usize);
    let mut builder = file
        .new_dataset::<T>()
        .shape(usizes(geometry.height, geometry.width))
        .chunk(usizes(geometry.band_rows, geometry.chunk_columns))
        .obj_track_times(false);
    if deflate > 0 {
        builder = builder.shuffle().deflate(deflate);
    }
    builder.create(COUNTS)
}

/// Writes the samples of an axis, in slabs: the longest has 2^32.
fn write_axis(file: &File, name: &str, long_name: &str, samples: &Axis) -> hdf5::Result<Dataset> {
    let dataset = file
        .new_dataset::<f64>()
        .shape(samples.len() as usize)
        .no_chunk()
        .obj_track_times(false)
        .create(name)?;
    for start in (0..samples.len()).step_by(SAMPLES_PER_WRITE as usize) {
        let end = (start + SAMPLES_PER_WRITE).min(samples.len());
        dataset.write_slice(&samples.samples(start..end), start as usize..end as usize)?;
    }
    write_terminated_text(&dataset, axis::CLASS, axis::IS_SCALE)?;
    write_terminated_text(&dataset, axis::NAME, name)?;
    write_text(&dataset, axis::LONG_NAME, long_name)?;
    Ok(dataset)
}

/// Makes the axes the dimension scales of the counts, as HDF5's Dimension Scale Specification says.
fn attach_scales(file: &File, dataset: &Dataset, axes: [(&str, &Dataset); 2]) -> hdf5::Result<()> {
    let references = axes
        .iter()
        .map(|(name, _)| Ok(VarLenArray::from_slice(&[ObjectReference1::create(file, name)?])))
        .collect::<hdf5::Result<Vec<_>>>()?;
    let list = dataset
        .new_attr::<VarLenArray<ObjectReference1>>()
        .shape(axes.len())
        .create(counts::DIMENSION_LIST)?;
    list.write(&references)?;
    for (dimension, (_, scale)) in axes.iter().enumerate() {
        let scale_use =
            ScaleUse { dataset: ObjectReference1::create(file, COUNTS)?, dimension: dimension as i32 };
        let uses = scale.new_attr::<ScaleUse>().shape(1).create(axis::REFERENCE_LIST)?;
        uses.write(&[scale_use])?;
    }
    Ok(())
}

fn describe_counts(dataset: &Dataset, job: &Job, summary: &Summary) -> hdf5::Result<()> {
    let region = job.region();
    let bounds = |name: &str, name_of_text: &str, interval: &Interval| {
        let values = [interval.lower.value(), interval.upper.value()];
        dataset.new_attr::<f64>().shape(2).create(name)?.write(&values)?;
        let text = format!("[{}, {}]", interval.lower, interval.upper);
        write_text(dataset, name_of_text, &text)
    };
    write_text(dataset, counts::LONG_NAME, "escape count of the Mandelbrot set")?;
    write_text(
        dataset,
        counts::DESCRIPTION,
        "the smallest n with |z_n| > escape_radius, where z_0 = c and z_(n+1) = z_n^2 + c in float64; \
         max_iter: did not escape within max_iter",
    )?;
    write_number(dataset, counts::MAX_ITER, u64::from(job.max_iter().get()))?;
    write_number(dataset, counts::ESCAPE_RADIUS, 2.0)?;
    bounds(counts::REGION_RE, counts::REGION_RE_TEXT, &region.re)?;
    bounds(counts::REGION_IM, counts::REGION_IM_TEXT, &region.im)?;
    write_text(dataset, counts::SAMPLING, job.sampling().name())?;
    write_text(dataset, counts::JOB_HASH, &job.hash().to_string())?;
    write_text(dataset, counts::CHECKSUM, &summary.checksum.to_string())?;
    write_text(dataset, counts::CHECKSUM_OF, "CRC-64/XZ of the counts as little-endian uint32, row by row")?;
    // A sum can pass 2^64.
    write_text(dataset, counts::SUM, &summary.sum.to_string())?;
    write_number(dataset, counts::UNDECIDED, summary.undecided)?;
    write_number(dataset, counts::MINIMUM, u64::from(summary.minimum))
}

fn write_provenance(file: &File, provenance: &Provenance) -> hdf5::Result<()> {
    use layout::provenance as names;
    let group = create_group(file, names::GROUP)?;
    write_text(&group, names::VERSION, env!("CARGO_PKG_VERSION"))?;
    write_text(&group, names::COMMIT, env!("MANDEL_MPI_COMMIT"))?;
    write_long_text(&group, names::CONFIG, &provenance.config)?;
    write_long_text(&group, names::SOURCE, &provenance.source)?;
    provenance.run.as_ref().map_or(Ok(()), |run| write_run(&group, run))
}

fn write_run(provenance: &Group, run: &RunProvenance) -> hdf5::Result<()> {
    use layout::run as names;
    let group = create_group(provenance, names::GROUP)?;
    if let Some(ranks) = &run.ranks {
        write_number(&group, names::RANKS, ranks.hosts.len() as u64)?;
        write_number(&group, names::STARTED_UNIX_S, ranks.started_unix_s)?;
        write_number(&group, names::WALL_S, ranks.wall_s)?;
        let builder = group.new_dataset::<u64>().shape(ranks.threads.len()).obj_track_times(false);
        builder.create(names::THREADS)?.write(&ranks.threads)?;
        write_long_text(&group, names::HOSTS, &ranks.hosts.join("\n"))?;
    }
    write_long_text(&group, names::CONFIG, &run.config)
}

fn create_group(parent: &Group, name: &str) -> hdf5::Result<Group> {
    parent.create_group_builder().obj_track_times(false).create(name)
}

fn write_number<T: H5Type + Copy>(location: &Location, name: &str, number: T) -> hdf5::Result<()> {
    location.new_attr::<T>().create(name)?.write_scalar(&number)
}

fn write_text(location: &Location, name: &str, text: &str) -> hdf5::Result<()> {
    location.new_attr::<VarLenUnicode>().create(name)?.write_scalar(&unicode(text))
}

/// A text of any length, as a dataset: attributes end at 64 KiB.
fn write_long_text(group: &Group, name: &str, text: &str) -> hdf5::Result<()> {
    let dataset = group.new_dataset::<VarLenUnicode>().obj_track_times(false).create(name)?;
    dataset.write_scalar(&unicode(text))
}

fn unicode(text: &str) -> VarLenUnicode {
    // HDF5's texts end at a zero byte: one in a config would cut the rest off.
    text.replace('\0', "\u{fffd}").parse().expect("no zero byte is left")
}

fn write_bands(counts: &Dataset, journal: &Journal, stopped: &dyn Fn() -> bool) -> Result<()> {
    let geometry = &journal.encoding().geometry;
    for band in 0..geometry.bands() {
        refuse_when_stopped(stopped)?;
        let (header, payload) = journal.read(band)?;
        let mut rest = payload.as_slice();
        for (chunk, &length) in header.chunk_lengths.iter().enumerate() {
            let (encoded, tail) = rest.split_at(length as usize);
            rest = tail;
            let offset = [band * geometry.band_rows, chunk as u64 * geometry.chunk_columns];
            write_chunk(counts, offset, encoded)
                .map_err(|error| hdf5_error("cannot write a chunk", &error))?;
        }
    }
    Ok(())
}

/// Reads the finished file's chunks back and compares them with what the ranks encoded.
fn compare_with_journal(part: &Path, journal: &Journal, stopped: &dyn Fn() -> bool) -> Result<()> {
    let failed = |error: hdf5::Error| hdf5_error(&format!("cannot read back {}", part.display()), &error);
    let file = File::open(part).map_err(failed)?;
    let counts = file.dataset(COUNTS).map_err(failed)?;
    let geometry = &journal.encoding().geometry;
    for band in 0..geometry.bands() {
        refuse_when_stopped(stopped)?;
        let header = journal.header(band);
        let chunks = (0..geometry.chunks())
            .map(|chunk| read_chunk(&counts, [band * geometry.band_rows, chunk * geometry.chunk_columns]));
        let found = chunks.collect::<hdf5::Result<Vec<_>>>().map_err(failed)?.concat();
        if Checksum::of_bytes(&found) != header.payload_checksum {
            let message =
                format!("the file differs from the journal: {}, band {band}: run again", part.display());
            return Err(Error::new(Status::Io, message));
        }
    }
    drop(counts);
    file.close().map_err(failed)
}

fn refuse_when_stopped(stopped: &dyn Fn() -> bool) -> Result<()> {
    if stopped() {
        Err(Error::new(Status::Stopped, "stopped while assembling: run again to finish"))
    } else {
        Ok(())
    }
}
