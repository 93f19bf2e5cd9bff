"""Reads journal segments, independently of the program, and forges records.

A segment is a header (8 bytes magic, u32 version, u32 length, JSON, u64 CRC) and records (80 bytes of fixed
fields, a u32 length per chunk, u64 CRC over the job's hash and all that, payload). CRCs are CRC-64/XZ.
"""

import hashlib
import json
import struct
from typing import NamedTuple

FIXED_BYTES = 80
PAYLOAD_CRC_AT = 72
POLYNOMIAL = 0xC96C5795D7870F42


class Record(NamedTuple):
    """Where a whole record is in its segment."""

    band: int
    start: int
    payload: int
    end: int


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc_table()


def crc64(data):
    crc = (1 << 64) - 1
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ (1 << 64) - 1


def header_bytes(segment):
    """Length of a segment's header; nothing when it is not whole."""
    if len(segment) < 16 or segment[:8] != b"mandel-j":
        return None
    whole = 16 + struct.unpack_from("<I", segment, 12)[0] + 8
    return whole if len(segment) >= whole else None


def job_hash(segment):
    """The hash that seals the records."""
    header = json.loads(segment[16 : header_bytes(segment) - 8])
    return hashlib.sha256(header["identity"].encode()).digest()


def records(segment):
    """The whole records of an undamaged segment, which may end within one."""
    at = header_bytes(segment)
    found = []
    while at is not None and len(segment) >= at + FIXED_BYTES and segment[at : at + 4] == b"band":
        chunks, band = struct.unpack_from("<IQ", segment, at + 4)
        payload = at + FIXED_BYTES + 4 * chunks + 8
        if len(segment) < payload:
            break
        end = payload + sum(struct.unpack_from(f"<{chunks}I", segment, at + FIXED_BYTES))
        if len(segment) < end:
            break
        found.append(Record(band, at, payload, end))
        at = end
    return found


def is_good(segment, record):
    """Whether both checksums of a record are right."""
    at = (record.start + PAYLOAD_CRC_AT, record.payload - 8)
    payload_crc, seal = (struct.unpack_from("<Q", segment, place)[0] for place in at)
    sealed = segment[record.start : record.payload - 8]
    return payload_crc == crc64(segment[record.payload : record.end]) and seal == crc64(
        job_hash(segment) + sealed
    )


def forge(segment, record, flipped_bit):
    """The segment with a bit of a payload flipped, and checksums that say that this is right."""
    forged = bytearray(segment)
    forged[record.payload + flipped_bit // 8] ^= 1 << flipped_bit % 8
    struct.pack_into("<Q", forged, record.start + PAYLOAD_CRC_AT, crc64(forged[record.payload : record.end]))
    sealed = bytes(forged[record.start : record.payload - 8])
    struct.pack_into("<Q", forged, record.payload - 8, crc64(job_hash(segment) + sealed))
    return bytes(forged)
