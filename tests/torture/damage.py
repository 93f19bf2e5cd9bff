"""Damaged journals: flipped bits, lost tails, sectors of zeros, records in the wrong place.

The promise: the job resumes to the same file, or refuses with 65 and one message; never to a wrong file.
"""

import collections
import shutil

import journal
from bench import expect
from job import OUTPUT, Job
from power import write_files
from power_cut import whole_journal

SHORT = 40
LONG = 1000

SECTOR = 512

HEIGHT = 48


def run(bench):
    """The scenario."""
    job = Job(bench, 64, HEIGHT, 60)
    job.run_clean()
    other = Job(bench, 64, HEIGHT, 61)
    other.run_clean()
    [(name, segment)] = whole_journal(bench, job).items()
    [(_, foreign)] = whole_journal(bench, other).items()
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for number in range(SHORT if bench.short else LONG):
        kind = KINDS[number % len(KINDS)]
        what, damaged = kind.__name__.replace("_", " "), bytearray(segment)
        kind(bench.random, damaged, foreign)
        counts[what, resume(bench, job, {name: damaged}, what)] += 1
    for (what, end), count in sorted(counts.items()):
        bench.say(f"{count} x {what}: {end}")
    expect(counts["nothing", "resumed with all bands"] > 0, "an undamaged journal is used as it is", counts)


def nothing(random, segment, foreign):
    pass


def flip(random, segment, start, end):
    segment[random.randrange(start, end)] ^= 1 << random.randrange(8)


def bit_anywhere(random, segment, foreign):
    flip(random, segment, 0, len(segment))


def bit_in_header(random, segment, foreign):
    flip(random, segment, 0, journal.header_bytes(segment))


def bit_in_record(random, segment, foreign):
    record = random.choice(journal.records(segment))
    flip(random, segment, record.start, random.choice([record.payload, record.end]))


def cut_off(random, segment, foreign):
    del segment[random.randrange(len(segment)) :]


def sector_of_zeros(random, segment, foreign):
    start = random.randrange(len(segment)) // SECTOR * SECTOR
    end = min(start + SECTOR, len(segment))
    segment[start:end] = bytes(end - start)


def records_moved(random, segment, foreign):
    """Records in any order, some twice, some gone: each is still what it says that it is."""
    records = journal.records(segment)
    pieces = [bytes(segment[record.start : record.end]) for record in random.choices(records, k=len(records))]
    segment[journal.header_bytes(segment) :] = b"".join(pieces)


def of_another_job(random, segment, foreign):
    """A record of a job that differs in one parameter."""
    mine, theirs = (random.choice(journal.records(bytes(each))) for each in (segment, foreign))
    segment[mine.start : mine.end] = foreign[theirs.start : theirs.end]


KINDS = [
    nothing,
    bit_in_header,
    bit_in_record,
    bit_anywhere,
    cut_off,
    sector_of_zeros,
    records_moved,
    of_another_job,
]


def resume(bench, job, files, what):
    """Resumes the job with a damaged journal; how that ended."""
    folder = bench.new_folder()
    write_files(folder, files)
    ended = bench.run(job.alone(), folder)
    evidence = f"{what}, {folder}\n{ended}"
    job.expect_never_wrong(folder, evidence)
    if ended.code == 0:
        job.expect_complete(folder, ended)
        end = "resumed with all bands" if ended.resumed == HEIGHT else "resumed with what is good"
    else:
        expect(ended.code == 65, "a journal that cannot be used is 65", evidence)
        expect(len(ended.errors) == 1, "there is one message", evidence)
        expect(not (folder / OUTPUT).exists(), "no file from a journal that was refused", evidence)
        end = "refused with 65"
    shutil.rmtree(folder)
    return end
