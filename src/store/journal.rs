//! The journal: finished bands, appended and synced. It is the only checkpoint. (The last bands of a job are
//! synced only when the file cannot be made of them at once.)
//!
//! A process that is killed with an HDF5 file open leaves wrong rows or no readable file, so nothing of a
//! running job is in HDF5. A journal is a row of segments, one per start of the job. A start reads all
//! segments, believes only what their checksums prove, and appends to a new segment that it creates
//! exclusively. So there is one writer: a start that finds a segment with a higher number than its own has
//! been superseded, and stops.

mod segment;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::paths::{self, Paths};
use crate::band::{Encoding, RecordHeader, Summary};
use crate::checksum::Checksum;
use crate::error::{Error, Result, Status};
use crate::job::{Job, JobHash};
use segment::{Entry, header_bytes, read_header, read_segments, unreadable};

pub use segment::Texts;

/// Bytes of a system call that writes records, about.
const WRITE_BYTES: usize = 1 << 20;

/// A journal open for appending.
#[derive(Debug)]
pub struct Journal {
    paths: Paths,
    hash: JobHash,
    encoding: Encoding,
    bands: BTreeMap<u64, Entry>,
    segment: Arc<File>,
    segment_number: u64,
    segment_bytes: u64,
}

impl Journal {
    /// Reads the segments that earlier starts of `job` left and creates the next one.
    ///
    /// `encoding` is used unless an earlier segment has another one. `texts` are kept in the header.
    ///
    /// # Errors
    ///
    /// [`Status::Damaged`] when a segment is of another job, naming the keys that differ, or may not be
    /// trusted; [`Status::CannotCreate`] when the new segment cannot be made.
    pub fn open(paths: &Paths, job: &Job, encoding: Encoding, texts: &Texts) -> Result<Self> {
        let numbers = paths.segments()?;
        let past = read_segments(paths, &numbers, job)?;
        // A start that was killed may have left its last records in the system's memory. They count from now
        // on.
        for (number, file) in &past.files {
            file.sync_data().map_err(|error| Error::io(paths.segment(*number).display(), &error))?;
        }
        let encoding = past.encoding.unwrap_or(encoding);
        let segment_number = numbers.last().map_or(1, |last| last + 1);
        let path = paths.segment(segment_number);
        let mut segment = paths::create_new(&path)?;
        let header = header_bytes(job, &encoding, texts);
        let write = segment.write_all(&header).and_then(|()| segment.sync_all());
        write.map_err(|error| Error::io(path.display(), &error))?;
        paths.sync_directory()?;
        Ok(Self {
            paths: paths.clone(),
            hash: job.hash(),
            encoding,
            bands: past.bands,
            segment: Arc::new(segment),
            segment_number,
            segment_bytes: header.len() as u64,
        })
    }

    /// How the job's bands are cut and encoded.
    #[must_use]
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The names beside the output.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Number of bands that are in it.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bands.len() as u64
    }

    /// Whether no band is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bands.is_empty()
    }

    /// Runs of bands that are not in it, ascending.
    #[must_use]
    pub fn unfinished(&self) -> Vec<Range<u64>> {
        let mut runs: Vec<Range<u64>> = Vec::new();
        let is_missing = |band: &u64| !self.bands.contains_key(band);
        for band in (0..self.encoding.geometry.bands()).filter(is_missing) {
            match runs.last_mut() {
                Some(run) if run.end == band => run.end += 1,
                _ => runs.push(band..band + 1),
            }
        }
        runs
    }

    /// What is known of all counts, when every band is in it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.bands.values().map(|entry| entry.header.summary).fold(Summary::empty(), Summary::then)
    }

    /// Cost of each band that is in it, ascending by band.
    #[must_use]
    pub fn costs(&self) -> Vec<u64> {
        self.bands.values().map(|entry| entry.header.cost).collect()
    }

    /// Appends pieces of whole records. They are durable after the next [`Self::sync`].
    ///
    /// # Errors
    ///
    /// When they cannot be written, or a later start of the job has taken over.
    pub fn append(&mut self, pieces: &[Vec<u8>]) -> Result<()> {
        self.refuse_when_superseded()?;
        // A record may be small: a system call for each would cost more than a copy.
        let mut file = BufWriter::with_capacity(WRITE_BYTES, &*self.segment);
        let write = pieces.iter().try_for_each(|piece| file.write_all(piece));
        if let Err(error) = write.and_then(|()| file.flush()) {
            // A buffer that is dropped tries to write once more.
            drop(file.into_parts());
            return Err(Error::io(self.paths.segment(self.segment_number).display(), &error));
        }
        drop(file);
        for piece in pieces {
            let mut rest = piece.as_slice();
            while !rest.is_empty() {
                let header = RecordHeader::parse(&self.hash, rest).expect("ranks send whole records");
                let payload_at = self.segment_bytes + header.header_bytes();
                let bytes = header.header_bytes() + header.payload_bytes();
                rest = &rest[bytes as usize..];
                self.segment_bytes += bytes;
                let entry = Entry { file: Arc::clone(&self.segment), payload_at, header };
                self.bands.entry(entry.header.band).or_insert(entry);
            }
        }
        Ok(())
    }

    /// Makes what was appended durable.
    ///
    /// # Errors
    ///
    /// When that fails. Then nothing is known of what was appended since the last time.
    pub fn sync(&self) -> Result<()> {
        self.sync_later()()
    }

    /// [`Self::sync`] for later, when the journal is no longer at hand.
    pub fn sync_later(&self) -> impl FnOnce() -> Result<()> + use<> {
        let (segment, path) = (Arc::clone(&self.segment), self.paths.segment(self.segment_number));
        move || segment.sync_data().map_err(|error| Error::io(path.display(), &error))
    }

    /// Stops a writer whose job has been started again: it was taken for dead, say behind a cut network.
    ///
    /// # Errors
    ///
    /// When a segment with a higher number than this one's exists, or this one is gone.
    pub fn refuse_when_superseded(&self) -> Result<()> {
        let numbers = self.paths.segments()?;
        if numbers.last() == Some(&self.segment_number) {
            return Ok(());
        }
        let output = self.paths.output().display();
        Err(Error::new(
            Status::Io,
            format!("another start of this job has taken over: {output}: leave it to that one"),
        ))
    }

    /// What is known of a band that is in the journal.
    ///
    /// # Panics
    ///
    /// When the band is not in the journal.
    #[must_use]
    pub fn header(&self, band: u64) -> &RecordHeader {
        &self.bands[&band].header
    }

    /// The header and payload of a band that is in the journal.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not what was written.
    ///
    /// # Panics
    ///
    /// When the band is not in the journal.
    pub fn read(&self, band: u64) -> Result<(&RecordHeader, Vec<u8>)> {
        let entry = &self.bands[&band];
        let mut payload = vec![0; entry.header.payload_bytes() as usize];
        let place = || format!("the journal of {}, band {band}", self.paths.output().display());
        entry
            .file
            .read_exact_at(&mut payload, entry.payload_at)
            .map_err(|error| Error::io(place(), &error))?;
        if Checksum::of_bytes(&payload) == entry.header.payload_checksum {
            return Ok((&entry.header, payload));
        }
        let message = format!("the record is damaged: {}: start again to compute this band anew", place());
        Err(Error::new(Status::Damaged, message))
    }

    /// Removes all segments: the output is complete.
    ///
    /// # Errors
    ///
    /// When one cannot be removed.
    pub fn remove(self) -> Result<()> {
        remove_segments(&self.paths, self.segment_number)
    }
}

/// The texts of the journal beside an output, when there is one.
///
/// # Errors
///
/// When its segments cannot be read.
pub fn texts(paths: &Paths) -> Result<Option<Texts>> {
    for number in paths.segments()? {
        let mut file = paths::open_own(&paths.segment(number))?;
        if let Some((header, _)) =
            read_header(&mut file).map_err(|error| unreadable(paths, number, &error))?
        {
            return Ok(Some(header.texts));
        }
    }
    Ok(None)
}

/// How many bands the journal of `job` has, without becoming its writer.
///
/// # Errors
///
/// As [`Journal::open`].
pub fn count_bands(paths: &Paths, job: &Job) -> Result<u64> {
    let past = read_segments(paths, &paths.segments()?, job)?;
    Ok(past.bands.len() as u64)
}

/// Removes the segments up to `last`.
///
/// # Errors
///
/// When one cannot be removed.
pub fn remove_segments(paths: &Paths, last: u64) -> Result<()> {
    for number in paths.segments()?.into_iter().filter(|&number| number <= last) {
        let path = paths.segment(number);
        std::fs::remove_file(&path).map_err(|error| Error::io(path.display(), &error))?;
    }
    paths.sync_directory()
}

/// Gives every segment a name that no start looks at, and says which.
///
/// # Errors
///
/// When one cannot be renamed.
pub fn set_aside(paths: &Paths) -> Result<Vec<std::path::PathBuf>> {
    let mut asides = Vec::new();
    for number in paths.segments()? {
        let path = paths.segment(number);
        let name = |copy: u32| paths.output().with_extension(format!("journal-aside-{copy}.{number}"));
        let aside = (1..=u32::MAX).map(name).find(|name| !name.exists()).expect("some name is free");
        std::fs::rename(&path, &aside).map_err(|error| Error::io(path.display(), &error))?;
        asides.push(aside);
    }
    paths.sync_directory()?;
    Ok(asides)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use tempfile::TempDir;

    use super::*;
    use crate::band::{Deflate, Geometry, Record};
    use crate::grid::Sampling;
    use crate::region::Region;

    fn job(max_iter: u32) -> Job {
        let region = Region::parse(["-2", "2"], ["-2", "2"]).expect("a region");
        Job::new(region, 3, 10, Sampling::Endpoints, NonZeroU32::new(max_iter).expect("not zero"))
    }

    fn encoding(job: &Job) -> Encoding {
        Encoding { geometry: Geometry::of(job), deflate: Deflate::new(1).expect("a level") }
    }

    fn record(job: &Job, band: u64) -> Vec<u8> {
        let payload = [band as u8; 20];
        let summary = Summary::of(&[1_u16, 2, band as u16], 80);
        Record::new(&job.hash(), band, summary, 100 + band, &[20], &payload).as_bytes().to_vec()
    }

    fn open(folder: &TempDir, job: &Job) -> Result<Journal> {
        Journal::open(&Paths::new(&folder.path().join("a.h5")), job, encoding(job), &Texts::default())
    }

    /// A folder with a journal of bands 0 to 4 in its first segment.
    fn five_bands() -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = open(&folder, &job(80)).expect("a new journal");
        assert!(journal.unfinished().into_iter().flatten().eq(0..10));
        let records: Vec<Vec<u8>> = (0..5).map(|band| record(&job(80), band)).collect();
        journal.append(&records[..3]).expect("appended");
        journal.append(&[records[3..].concat()]).expect("appended");
        folder
    }

    fn segment(folder: &TempDir, number: u64) -> std::path::PathBuf {
        folder.path().join(format!("a.journal.{number}"))
    }

    #[test]
    fn what_was_appended_is_there_at_the_next_start() {
        let folder = five_bands();
        let journal = open(&folder, &job(80)).expect("the same job");
        assert_eq!(journal.len(), 5);
        assert!(journal.unfinished().into_iter().flatten().eq(5..10));
        let (header, payload) = journal.read(3).expect("a good record");
        assert_eq!((header.band, header.cost, payload), (3, 103, vec![3; 20]));
        assert_eq!(journal.costs(), [100, 101, 102, 103, 104]);
        journal.remove().expect("removed");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn every_torn_tail_costs_only_what_is_torn() {
        let folder = five_bands();
        let whole = std::fs::read(segment(&folder, 1)).expect("read");
        let header = header_bytes(&job(80), &encoding(&job(80)), &Texts::default()).len();
        let record = record(&job(80), 0).len();
        assert_eq!(whole.len(), header + 5 * record);
        for length in 0..whole.len() {
            std::fs::write(segment(&folder, 1), &whole[..length]).expect("written");
            let journal = open(&folder, &job(80)).expect("the same job");
            assert_eq!(journal.len() as usize, length.saturating_sub(header) / record, "torn at {length}");
            std::fs::remove_file(segment(&folder, 2)).expect("removed");
        }
    }

    #[test]
    fn no_flipped_bit_is_believed() {
        let folder = five_bands();
        let whole = std::fs::read(segment(&folder, 1)).expect("read");
        for at in (0..whole.len()).step_by(3) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            std::fs::write(segment(&folder, 1), &bytes).expect("written");
            let journal = open(&folder, &job(80)).expect("damage is no other job");
            assert!(journal.len() < 5, "byte {at}");
            for band in (0..10).filter(|band| !journal.unfinished().iter().any(|run| run.contains(band))) {
                assert_eq!(journal.read(band).expect("checked").1, [band as u8; 20], "byte {at}");
            }
            std::fs::remove_file(segment(&folder, 2)).expect("removed");
        }
    }

    #[test]
    fn another_jobs_journal_is_refused_with_what_differs() {
        let folder = five_bands();
        let error = open(&folder, &job(81)).expect_err("another job");
        assert_eq!(error.status(), Status::Damaged);
        let message = error.to_string();
        assert!(message.contains("journal: iteration.max_iter = 80"), "{message}");
        assert!(message.contains("now:     iteration.max_iter = 81"), "{message}");
        assert_eq!(message.lines().count(), 3, "{message}");
    }

    #[test]
    fn the_first_segments_encoding_is_kept() {
        let folder = five_bands();
        let other = Encoding { deflate: Deflate::new(9).expect("a level"), ..encoding(&job(80)) };
        let paths = Paths::new(&folder.path().join("a.h5"));
        let journal = Journal::open(&paths, &job(80), other, &Texts::default()).expect("the same job");
        assert_eq!(journal.encoding(), &encoding(&job(80)));
    }

    #[test]
    fn a_superseded_writer_writes_nothing_more() {
        let folder = five_bands();
        let mut older = open(&folder, &job(80)).expect("the same job");
        let newer = open(&folder, &job(80)).expect("the same job");
        let before = std::fs::read(segment(&folder, 2)).expect("read");
        let error = older.append(&[record(&job(80), 7)]).expect_err("superseded");
        assert_eq!(error.status(), Status::Io);
        assert_eq!(std::fs::read(segment(&folder, 2)).expect("read"), before);
        newer.refuse_when_superseded().expect("it is the newest");
    }
}
