//! The record of a finished band: the same bytes are gathered over MPI and written to the journal.
//!
//! Header and payload have a checksum each: a damaged payload costs one band, a damaged header ends the
//! reading. The header's begins with the job's hash, so that a record of another job never passes.

use super::summary::Summary;
use crate::checksum::Checksum;
use crate::job::JobHash;

const MAGIC: u32 = u32::from_le_bytes(*b"band");
const FIXED_BYTES: usize = 80;
const CRC_BYTES: usize = 8;

/// A band's record without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHeader {
    /// Index of the band in the grid.
    pub band: u64,
    /// What is known of its counts.
    pub summary: Summary,
    /// Executed pixel-iterations.
    pub cost: u64,
    /// Bytes of each encoded chunk, from left to right.
    pub chunk_lengths: Vec<u32>,
    /// Checksum of the payload, which the chunks of the finished file are compared with.
    pub payload_checksum: Checksum,
}

/// A finished band as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    bytes: Vec<u8>,
}

/// Bytes of a record before its payload.
pub(super) fn header_bytes(chunks: u64) -> u64 {
    FIXED_BYTES as u64 + 4 * chunks + CRC_BYTES as u64
}

impl Record {
    /// Puts a record together.
    #[must_use]
    pub fn new(
        job: &JobHash,
        band: u64,
        summary: Summary,
        cost: u64,
        chunk_lengths: &[u32],
        payload: &[u8],
    ) -> Self {
        let mut bytes = Vec::with_capacity(FIXED_BYTES + 4 * chunk_lengths.len() + CRC_BYTES + payload.len());
        bytes.extend_from_slice(&MAGIC.to_le_bytes());
        bytes.extend_from_slice(&(chunk_lengths.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&band.to_le_bytes());
        bytes.extend_from_slice(&summary.checksum.crc().to_le_bytes());
        bytes.extend_from_slice(&summary.checksum.bytes().to_le_bytes());
        bytes.extend_from_slice(&summary.sum.to_le_bytes());
        bytes.extend_from_slice(&summary.undecided.to_le_bytes());
        bytes.extend_from_slice(&u64::from(summary.minimum).to_le_bytes());
        bytes.extend_from_slice(&cost.to_le_bytes());
        bytes.extend_from_slice(&Checksum::of_bytes(payload).crc().to_le_bytes());
        debug_assert_eq!(bytes.len(), FIXED_BYTES);
        bytes.extend(chunk_lengths.iter().flat_map(|length| length.to_le_bytes()));
        let crc = seal(job, &bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(payload);
        Self { bytes }
    }

    /// The record as it is sent and stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its bytes alone.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl RecordHeader {
    /// Reads the header at the beginning of `bytes`. `None`: it is torn, damaged, or of another job.
    #[must_use]
    pub fn parse(job: &JobHash, bytes: &[u8]) -> Option<Self> {
        let fixed = bytes.get(..FIXED_BYTES)?;
        let u32_at = |at: usize| u32::from_le_bytes(fixed[at..at + 4].try_into().expect("4 bytes"));
        let u64_at = |at: usize| u64::from_le_bytes(fixed[at..at + 8].try_into().expect("8 bytes"));
        if u32_at(0) != MAGIC {
            return None;
        }
        let sealed = FIXED_BYTES + 4 * u32_at(4) as usize;
        let crc = bytes.get(sealed..sealed + CRC_BYTES)?;
        if seal(job, &bytes[..sealed]).to_le_bytes() != crc {
            return None;
        }
        let lengths = bytes[FIXED_BYTES..sealed].chunks_exact(4);
        let chunk_lengths: Vec<u32> =
            lengths.map(|le| u32::from_le_bytes(le.try_into().expect("4 bytes"))).collect();
        let payload_bytes = chunk_lengths.iter().map(|&length| u64::from(length)).sum();
        Some(Self {
            band: u64_at(8),
            summary: Summary {
                checksum: Checksum::new(u64_at(16), u64_at(24)),
                sum: u128::from(u64_at(32)) | u128::from(u64_at(40)) << 64,
                undecided: u64_at(48),
                minimum: u64_at(56) as u32,
            },
            cost: u64_at(64),
            payload_checksum: Checksum::new(u64_at(72), payload_bytes),
            chunk_lengths,
        })
    }

    /// Bytes of the header: where the payload begins.
    #[must_use]
    pub fn header_bytes(&self) -> u64 {
        header_bytes(self.chunk_lengths.len() as u64)
    }

    /// Bytes of the payload.
    #[must_use]
    pub fn payload_bytes(&self) -> u64 {
        self.chunk_lengths.iter().map(|&length| u64::from(length)).sum()
    }
}

/// Checksum over the job's hash and a header.
fn seal(job: &JobHash, header: &[u8]) -> u64 {
    Checksum::of_bytes(&job.0).then(Checksum::of_bytes(header)).crc()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: JobHash = JobHash([7; 32]);

    fn record() -> Record {
        let summary = Summary::of(&[1_u16, 2, 80], 80);
        Record::new(&JOB, 42, summary, 83, &[2, 3], b"hello")
    }

    #[test]
    fn a_header_comes_back_as_it_was() {
        let header = RecordHeader::parse(&JOB, record().as_bytes()).expect("a good record");
        assert_eq!(header.band, 42);
        assert_eq!(header.summary, Summary::of(&[1_u16, 2, 80], 80));
        assert_eq!((header.cost, header.chunk_lengths.as_slice()), (83, [2, 3].as_slice()));
        assert_eq!(header.payload_checksum, Checksum::of_bytes(b"hello"));
        assert_eq!(header.header_bytes() + header.payload_bytes(), record().as_bytes().len() as u64);
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_noticed() {
        let header_bytes =
            RecordHeader::parse(&JOB, record().as_bytes()).expect("good").header_bytes() as usize;
        for bit in 0..8 * header_bytes {
            let mut bytes = record().bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(RecordHeader::parse(&JOB, &bytes).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn a_record_of_another_job_does_not_pass() {
        let other = JobHash([8; 32]);
        assert_eq!(RecordHeader::parse(&other, record().as_bytes()), None);
    }

    #[test]
    fn no_torn_header_is_believed() {
        let header_bytes =
            RecordHeader::parse(&JOB, record().as_bytes()).expect("good").header_bytes() as usize;
        for length in 0..header_bytes {
            let torn = RecordHeader::parse(&JOB, &record().as_bytes()[..length]);
            assert_eq!(torn, None, "length {length}");
        }
    }
}
