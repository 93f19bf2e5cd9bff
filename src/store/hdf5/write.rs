//! Assembles the finished file from a complete journal, and compares it with the journal once more.

use std::path::Path;

use hdf5::file::LibraryVersion;
use hdf5::types::{VarLenArray, VarLenUnicode};
use hdf5::{Dataset, File, Group, H5Type, Location, ObjectReference, ObjectReference1};

use super::raw::{read_chunk, write_chunk, write_terminated_text};
use super::{COUNTS, hdf5_error};
use crate::band::{Geometry, Summary};
use crate::checksum::Checksum;
use crate::dataset::CountWidth;
use crate::error::{Error, Result, Status};
use crate::grid::Axis;
use crate::job::Job;
use crate::store::Provenance;
use crate::store::journal::Journal;
use crate::store::paths;
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
    // The disk has its time while the chunks are compared.
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
    let counts = create_counts(file, &encoding.geometry, encoding.deflate.level())?;
    let im = write_axis(file, "im", "imaginary part of c", &job.grid().im)?;
    let re = write_axis(file, "re", "real part of c", &job.grid().re)?;
    attach_scales(file, &counts, [("im", &im), ("re", &re)])?;
    describe_counts(&counts, job, &journal.summary())?;
    write_provenance(file, provenance)?;
    Ok(counts)
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
    // Times and the newest format features would make the same job's files differ: both are pinned. Without a sieve
    // buffer samples and texts are written when they are given, not when a dataset is dropped, whose errors are lost.
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

/// Writes the samples of an axis, in slabs: a terapixel grid has a million, but a column may have 2^32.
fn write_axis(file: &File, name: &str, long_name: &str, axis: &Axis) -> hdf5::Result<Dataset> {
    let dataset = file
        .new_dataset::<f64>()
        .shape(axis.len() as usize)
        .no_chunk()
        .obj_track_times(false)
        .create(name)?;
    for start in (0..axis.len()).step_by(SAMPLES_PER_WRITE as usize) {
        let end = (start + SAMPLES_PER_WRITE).min(axis.len());
        dataset.write_slice(&axis.samples(start..end), start as usize..end as usize)?;
    }
    write_terminated_text(&dataset, "CLASS", "DIMENSION_SCALE")?;
    write_terminated_text(&dataset, "NAME", name)?;
    write_text(&dataset, "long_name", long_name)?;
    Ok(dataset)
}

/// Makes the axes the dimension scales of the counts, as HDF5's Dimension Scale Specification says.
fn attach_scales(file: &File, counts: &Dataset, axes: [(&str, &Dataset); 2]) -> hdf5::Result<()> {
    let references = axes
        .iter()
        .map(|(name, _)| Ok(VarLenArray::from_slice(&[ObjectReference1::create(file, name)?])))
        .collect::<hdf5::Result<Vec<_>>>()?;
    let list =
        counts.new_attr::<VarLenArray<ObjectReference1>>().shape(axes.len()).create("DIMENSION_LIST")?;
    list.write(&references)?;
    for (dimension, (_, axis)) in axes.iter().enumerate() {
        let scale_use =
            ScaleUse { dataset: ObjectReference1::create(file, COUNTS)?, dimension: dimension as i32 };
        let uses = axis.new_attr::<ScaleUse>().shape(1).create("REFERENCE_LIST")?;
        uses.write(&[scale_use])?;
    }
    Ok(())
}

fn describe_counts(counts: &Dataset, job: &Job, summary: &Summary) -> hdf5::Result<()> {
    let region = job.region();
    let number = |name: &str, value: u64| counts.new_attr::<u64>().create(name)?.write_scalar(&value);
    let bounds = |name: &str, interval: &crate::region::Interval| {
        let values = [interval.lower.value(), interval.upper.value()];
        counts.new_attr::<f64>().shape(2).create(name)?.write(&values)?;
        let text = format!("[{}, {}]", interval.lower, interval.upper);
        write_text(counts, &format!("{name}_text"), &text)
    };
    write_text(counts, "long_name", "escape count of the Mandelbrot set")?;
    write_text(
        counts,
        "description",
        "the smallest n with |z_n| > escape_radius, where z_0 = c and z_(n+1) = z_n^2 + c in float64; \
         max_iter: did not escape within max_iter",
    )?;
    number("max_iter", u64::from(job.max_iter().get()))?;
    counts.new_attr::<f64>().create("escape_radius")?.write_scalar(&2.0)?;
    bounds("region_re", &region.re)?;
    bounds("region_im", &region.im)?;
    write_text(counts, "sampling", job.sampling().name())?;
    write_text(counts, "job_hash", &job.hash().to_string())?;
    write_text(counts, "checksum", &summary.checksum.to_string())?;
    write_text(counts, "checksum_of", "CRC-64/XZ of the counts as little-endian uint32, row by row")?;
    // A sum can pass 2^64.
    write_text(counts, "sum", &summary.sum.to_string())?;
    number("undecided", summary.undecided)?;
    number("minimum", summary.minimum.into())
}

fn write_provenance(file: &File, provenance: &Provenance) -> hdf5::Result<()> {
    let group = create_group(file, "provenance")?;
    write_text(&group, "version", env!("CARGO_PKG_VERSION"))?;
    write_text(&group, "commit", env!("MANDEL_MPI_COMMIT"))?;
    write_long_text(&group, "config", &provenance.config)?;
    write_long_text(&group, "source", &provenance.source)?;
    let Some(run) = &provenance.run else { return Ok(()) };
    let group = create_group(&group, "run")?;
    let number = |name: &str, value: u64| group.new_attr::<u64>().create(name)?.write_scalar(&value);
    number("ranks", run.hosts.len() as u64)?;
    number("started_unix_s", run.started_unix_s)?;
    group.new_attr::<f64>().create("wall_s")?.write_scalar(&run.wall_s)?;
    let threads =
        group.new_dataset::<u64>().shape(run.threads.len()).obj_track_times(false).create("threads")?;
    threads.write(&run.threads)?;
    write_long_text(&group, "hosts", &run.hosts.join("\n"))?;
    write_long_text(&group, "config", &run.config)
}

fn create_group(parent: &Group, name: &str) -> hdf5::Result<Group> {
    parent.create_group_builder().obj_track_times(false).create(name)
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
    // HDF5's texts end at a zero byte, so one in a config would cut it off.
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
