//! Records of all ranks to root, in waves that fit root's memory and MPI's counts.

use std::time::{Duration, Instant};

use crate::band::Record;
use crate::comm::Comm;
use crate::error::{Error, Result, Status};
use crate::store::writer::Writer;

/// Bytes of a wave, at most; a longer record is a wave of its own. Root writes one wave while the next is
/// under way.
const WAVE_BYTES: u64 = 16 << 20;

/// What root does with a round's records; other ranks have none.
#[derive(Debug, Clone, Copy)]
pub struct Root<'a> {
    /// Takes the waves.
    pub writer: &'a Writer,
    /// Bytes that may be gathered and queued together.
    pub budget_bytes: u64,
    /// When to give up waiting for room, because a stop was asked.
    pub leave_at: Option<Instant>,
}

/// Sends the records of all ranks to root's writer, root's own first, then the others' in rank order, and
/// returns how many bytes they were, at root.
///
/// Sizes go first, so that root can plan waves of whole records. Before each wave all ranks wait, asleep,
/// until the queue of root's writer has room for it. *Collective.*
///
/// # Errors
///
/// On all ranks, when root's writer failed.
pub fn gather_records<C: Comm>(comm: &C, records: Vec<Record>, root: Option<Root<'_>>) -> Result<u64> {
    // Root's own need no message.
    let (own, records) = if root.is_some() { (records, Vec::new()) } else { (Vec::new(), records) };
    let own_bytes = own.iter().map(|record| record.as_bytes().len() as u64).sum();
    comm.agree(root.map_or(Ok(()), |root| wait_for_room(root, own_bytes)))?;
    if let Some(root) = root {
        root.writer.submit(own.into_iter().map(Record::into_bytes).collect());
    }
    let first = comm.exclusive_scan(records.len() as u64);
    let sizes = gather_sizes(comm, &records);
    let longest = root.map_or(0, |root| root.budget_bytes.min(WAVE_BYTES));
    let ends = numbers(&comm.broadcast(bytes(&wave_ends(&sizes, longest))));
    let mut start = 0;
    for end in ends {
        let wave_bytes = sizes.get(start as usize..end as usize).map_or(0, |sizes| sizes.iter().sum());
        comm.agree(root.map_or(Ok(()), |root| wait_for_room(root, wave_bytes)))?;
        let mine = |number: u64| (number.clamp(first, first + records.len() as u64) - first) as usize;
        let own_part: Vec<&[u8]> = records[mine(start)..mine(end)].iter().map(Record::as_bytes).collect();
        let wave = comm.gather(&own_part.concat());
        if let Some((root, wave)) = root.zip(wave) {
            root.writer.submit(vec![wave.into_bytes()]);
        }
        start = end;
    }
    Ok(own_bytes + sizes.iter().sum::<u64>())
}

/// The size of every record of all ranks in rank order, at root. *Collective.*
fn gather_sizes<C: Comm>(comm: &C, records: &[Record]) -> Vec<u64> {
    let mine: Vec<u64> = records.iter().map(|record| record.as_bytes().len() as u64).collect();
    comm.gather(&bytes(&mine)).map(|all| numbers(&all.into_bytes())).unwrap_or_default()
}

fn bytes(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).map(|le| u64::from_le_bytes(le.try_into().expect("8 bytes"))).collect()
}

/// Where each wave ends, as a number of records: a wave has at least one, and as many as fit `longest` bytes.
fn wave_ends(sizes: &[u64], longest: u64) -> Vec<u64> {
    let mut ends = Vec::new();
    let mut wave = 0;
    for (number, size) in sizes.iter().enumerate() {
        if wave > 0 && wave + size > longest {
            ends.push(number as u64);
            wave = 0;
        }
        wave += size;
    }
    if wave > 0 {
        ends.push(sizes.len() as u64);
    }
    ends
}

/// Waits until the writer can take `bytes` more, or has failed.
fn wait_for_room(root: Root<'_>, bytes: u64) -> Result<()> {
    loop {
        let queued = root.writer.queued_bytes();
        if let Some(error) = root.writer.error() {
            return Err(error);
        }
        if queued == 0 || queued + bytes <= root.budget_bytes {
            return Ok(());
        }
        if root.leave_at.is_some_and(|leave_at| Instant::now() >= leave_at) {
            let message = "the last bands could not be written in time: run again to compute them anew";
            return Err(Error::new(Status::Stopped, message));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_whole_records_and_keep_to_their_limit() {
        assert_eq!(wave_ends(&[10, 20, 30, 5, 60, 1], 40), [2, 4, 5, 6]);
        assert_eq!(wave_ends(&[10; 6], 1000), [6]);
        assert!(wave_ends(&[], 1000).is_empty());
    }
}
