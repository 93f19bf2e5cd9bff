//! CRC-64/XZ of escape counts, formed per band and joined in band order.

use std::fmt;

use crc_fast::{CrcAlgorithm, Digest};

use crate::dataset::Count;

/// CRC-64/XZ over bytes, and how many they were, so that two of them can be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checksum {
    crc: u64,
    bytes: u64,
}

impl Checksum {
    /// The checksum that `crc` over `bytes` bytes is.
    #[must_use]
    pub fn new(crc: u64, bytes: u64) -> Self {
        Self { crc, bytes }
    }

    /// Of plain bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::new(crc_fast::checksum(CrcAlgorithm::Crc64Xz, bytes), bytes.len() as u64)
    }

    /// Of counts as little-endian u32, whatever type holds them.
    ///
    /// ```
    /// # use mandel_mpi::checksum::Checksum;
    /// let narrow = Checksum::of_counts(&[1_u16, 2, 80]);
    /// assert_eq!(narrow, Checksum::of_counts(&[1_u32, 2, 80]));
    /// assert_eq!(narrow, Checksum::of_bytes(&[1, 0, 0, 0, 2, 0, 0, 0, 80, 0, 0, 0]));
    /// ```
    #[must_use]
    pub fn of_counts<T: Count>(counts: &[T]) -> Self {
        let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
        let mut bytes = [0; 4096];
        for part in counts.chunks(bytes.len() / 4) {
            for (count, le) in part.iter().zip(bytes.chunks_exact_mut(4)) {
                le.copy_from_slice(&count.to_count().to_le_bytes());
            }
            digest.update(&bytes[..4 * part.len()]);
        }
        Self::new(digest.finalize(), 4 * counts.len() as u64)
    }

    /// The checksum of these bytes followed by those of `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        // Joining with an empty side changes nothing; the formula below does not hold for it.
        match (self.bytes, next.bytes) {
            (0, _) => next,
            (_, 0) => self,
            _ => Self::new(multiply(self.crc, shift(next.bytes)) ^ next.crc, self.bytes + next.bytes),
        }
    }

    /// How many bytes it is of.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.bytes
    }

    /// The CRC alone.
    #[must_use]
    pub fn crc(self) -> u64 {
        self.crc
    }
}

// Joining multiplies the left CRC by x^(8n) for n bytes on the right, modulo the CRC's polynomial: the ones
// that a CRC starts and ends with cancel out. It takes a fraction of a microsecond.
// `crc_fast::checksum_combine` uses matrices and takes tens of microseconds: for 8192 bands a third of a
// second on root while all ranks wait.

/// The polynomial of CRC-64/XZ. Polynomials have x^0 in the highest bit.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;

/// x^(8 * 2^k) modulo [`POLYNOMIAL`].
static POWERS: [u64; 64] = {
    let mut powers = [1 << 55; 64];
    let mut k = 1;
    while k < powers.len() {
        powers[k] = multiply(powers[k - 1], powers[k - 1]);
        k += 1;
    }
    powers
};

/// `left * right` modulo [`POLYNOMIAL`].
const fn multiply(left: u64, mut right: u64) -> u64 {
    let (mut product, mut power) = (0, 0);
    while power < u64::BITS {
        // Masks, not branches: the bits are as good as random.
        product ^= right & (left >> (u64::BITS - 1 - power) & 1).wrapping_neg();
        right = right >> 1 ^ POLYNOMIAL & (right & 1).wrapping_neg();
        power += 1;
    }
    product
}

/// x^(8 `bytes`) modulo [`POLYNOMIAL`].
fn shift(bytes: u64) -> u64 {
    let powers = (0..u64::BITS).filter(|power| bytes >> power & 1 == 1);
    powers.map(|power| POWERS[power as usize]).reduce(multiply).expect("some bytes")
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.crc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_published_crc_64_xz() {
        // The check value of the CRC catalogue (reveng.sourceforge.io) for "123456789".
        assert_eq!(Checksum::of_bytes(b"123456789").to_string(), "995dc9bbdf1939fa");
    }

    #[test]
    fn joined_parts_are_the_whole_wherever_it_is_cut() {
        let counts: Vec<u32> = (0..2_000).map(|i| i * i % 997).collect();
        let whole = Checksum::of_counts(&counts);
        for cut in [0, 1, 7, 1023, 1024, 1999, 2000] {
            let (left, right) = counts.split_at(cut);
            assert_eq!(Checksum::of_counts(left).then(Checksum::of_counts(right)), whole, "cut at {cut}");
        }
    }

    #[test]
    fn joining_is_what_the_library_of_the_checksum_says() {
        let lengths = (0..63).flat_map(|power| [1_u64 << power, (1 << power) + 1, 3 << power >> 1]);
        for bytes in lengths.filter(|&bytes| bytes > 0) {
            let (left, right) = (0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210 ^ bytes);
            let joined = Checksum::new(left, 0x1000).then(Checksum::new(right, bytes)).crc();
            let expected = crc_fast::checksum_combine(CrcAlgorithm::Crc64Xz, left, right, bytes);
            assert_eq!(joined, expected, "{bytes} bytes");
        }
    }
}
