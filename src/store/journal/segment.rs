//! A segment of the journal, a header and records: its layout, and what is believed of one that is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::band::{Deflate, Encoding, Geometry, RecordHeader};
use crate::checksum::Checksum;
use crate::dataset::CountWidth;
use crate::error::{Error, Result, Status};
use crate::job::{Job, JobHash};
use crate::store::paths::{self, Paths};

const MAGIC: &[u8; 8] = b"mandel-j";
const FORMAT_VERSION: u32 = 1;

/// A header is a few kilobytes: the texts of configs. A longer one than this is damaged.
const MAX_HEADER_BYTES: u64 = 16 << 20;

/// The texts that a journal keeps for whoever finishes it without the config's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// The config as the user wrote it.
    pub source: String,
    /// The same with defaults, `--set` and flags.
    pub effective: String,
    /// The keys, of these, that decide the bytes of the finished file.
    pub of_file: String,
}

/// What a segment's header says, as JSON in the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    identity: String,
    pub(super) texts: Texts,
    height: u64,
    width: u64,
    band_rows: u64,
    chunk_columns: u64,
    count_bytes: u64,
    deflate: u8,
}

/// Where a band's record is.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) file: Arc<File>,
    pub(super) payload_at: u64,
    pub(super) header: RecordHeader,
}

/// What reading the segments of earlier starts gave.
pub(super) struct Past {
    pub(super) encoding: Option<Encoding>,
    pub(super) bands: BTreeMap<u64, Entry>,
    /// The segments that can be used, and their numbers.
    pub(super) files: Vec<(u64, Arc<File>)>,
}

pub(super) fn read_segments(paths: &Paths, numbers: &[u64], job: &Job) -> Result<Past> {
    let mut past = Past { encoding: None, bands: BTreeMap::new(), files: Vec::new() };
    for &number in numbers {
        let path = paths.segment(number);
        let mut file = paths::open_own(&path)?;
        let read = read_header(&mut file).map_err(|error| unreadable(paths, number, &error))?;
        let Some((header, header_bytes)) = read else {
            tracing::warn!("{} has no whole header: nothing of it can be used", path.display());
            continue;
        };
        refuse_other_job(&path, &header, job)?;
        let encoding =
            header.encoding(job).filter(|encoding| past.encoding.is_none_or(|first| first == *encoding));
        let Some(encoding) = encoding else {
            tracing::warn!("{} is encoded in another way: nothing of it can be used", path.display());
            continue;
        };
        past.encoding = Some(encoding);
        let before = past.bands.len();
        let file = Arc::new(file);
        read_records(&file, header_bytes, &job.hash(), &encoding.geometry, &mut past.bands)
            .map_err(|error| unreadable(paths, number, &error))?;
        past.files.push((number, file));
        tracing::debug!("{}: {} bands", path.display(), past.bands.len() - before);
    }
    Ok(past)
}

pub(super) fn header_bytes(job: &Job, encoding: &Encoding, texts: &Texts) -> Vec<u8> {
    let geometry = &encoding.geometry;
    let header = Header {
        identity: job.identity(),
        texts: texts.clone(),
        height: geometry.height,
        width: geometry.width,
        band_rows: geometry.band_rows,
        chunk_columns: geometry.chunk_columns,
        count_bytes: geometry.count_width.bytes(),
        deflate: encoding.deflate.level(),
    };
    let text = serde_json::to_vec(&header).expect("plain data");
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&text);
    let crc = Checksum::of_bytes(&bytes).crc();
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// A segment could not be read, so this start ends: the next one may be able to read it.
pub(super) fn unreadable(paths: &Paths, number: u64, error: &io::Error) -> Error {
    Error::io(format_args!("cannot read {}", paths.segment(number).display()), error)
}

/// The header and its length, when it is whole and undamaged.
pub(super) fn read_header(file: &mut File) -> io::Result<Option<(Header, u64)>> {
    let mut bytes = Vec::new();
    file.take(16).read_to_end(&mut bytes)?;
    let Some(text_bytes) = text_bytes(&bytes) else { return Ok(None) };
    file.take(u64::from(text_bytes) + 8).read_to_end(&mut bytes)?;
    let header = bytes.split_at_checked(16 + text_bytes as usize).and_then(|(sealed, crc)| {
        let is_whole = Checksum::of_bytes(sealed).crc().to_le_bytes() == crc;
        is_whole.then(|| serde_json::from_slice(&sealed[16..]).ok()).flatten()
    });
    Ok(header.map(|header| (header, bytes.len() as u64)))
}

/// The length of the header's text, from the 16 bytes before it.
fn text_bytes(start: &[u8]) -> Option<u32> {
    let length = u32::from_le_bytes(start.get(12..16)?.try_into().expect("4 bytes"));
    (start.starts_with(MAGIC) && u64::from(length) <= MAX_HEADER_BYTES).then_some(length)
}

impl Header {
    /// The encoding, when it is one that this job can have.
    fn encoding(&self, job: &Job) -> Option<Encoding> {
        let geometry = Geometry::of(job);
        let same_grid = (self.height, self.width) == (geometry.height, geometry.width);
        let count_width =
            [CountWidth::U16, CountWidth::U32].into_iter().find(|w| w.bytes() == self.count_bytes)?;
        let sizes = self.band_rows > 0 && self.chunk_columns > 0 && self.chunk_columns <= self.width;
        let geometry = Geometry { band_rows: self.band_rows, chunk_columns: self.chunk_columns, ..geometry };
        (same_grid && sizes && count_width == geometry.count_width)
            .then_some(Encoding { geometry, deflate: Deflate::new(self.deflate)? })
    }
}

fn refuse_other_job(path: &std::path::Path, header: &Header, job: &Job) -> Result<()> {
    let ours = job.identity();
    if header.identity == ours {
        return Ok(());
    }
    let (mut there, mut now) = (header.identity.lines(), ours.lines());
    // One of them may have a line more.
    let pairs = std::iter::from_fn(|| Some([there.next(), now.next()]).filter(|pair| *pair != [None; 2]));
    let differing: Vec<String> = pairs
        .filter(|[there, now]| there != now)
        .map(|pair| pair.map(|line| line.unwrap_or("not set")))
        .map(|[there, now]| format!("\n  journal: {there}\n  now:     {now}"))
        .collect();
    let advice = "finish that job, or set its journal aside with --restart";
    let message =
        format!("the journal is of another job: {}: {advice}{}", path.display(), differing.concat());
    Err(Error::new(Status::Damaged, message))
}

/// Reads records until the end of the segment, or to where a header cannot be believed: a torn tail.
fn read_records(
    file: &Arc<File>,
    mut at: u64,
    hash: &JobHash,
    geometry: &Geometry,
    bands: &mut BTreeMap<u64, Entry>,
) -> io::Result<()> {
    let mut header_bytes = vec![0; geometry.record_header_bytes() as usize];
    loop {
        if !is_there(file.read_exact_at(&mut header_bytes, at))? {
            return Ok(());
        }
        let header = RecordHeader::parse(hash, &header_bytes);
        let Some(header) = header.filter(|header| header.band < geometry.bands()) else { return Ok(()) };
        let payload_at = at + header.header_bytes();
        at = payload_at + header.payload_bytes();
        let mut payload = vec![0; header.payload_bytes() as usize];
        if !is_there(file.read_exact_at(&mut payload, payload_at))? {
            return Ok(());
        }
        if Checksum::of_bytes(&payload) == header.payload_checksum {
            let entry = Entry { file: Arc::clone(file), payload_at, header };
            bands.entry(entry.header.band).or_insert(entry);
        } else {
            tracing::warn!("the record of band {} is damaged: it will be computed again", header.band);
        }
    }
}

/// Whether the file is so long that all could be read.
fn is_there(read: io::Result<()>) -> io::Result<bool> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}
