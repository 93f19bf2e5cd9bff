"""Power cuts: every operation of a run is recorded; the job is resumed from what a disk may hold after a cut.

The promises: the file comes out the same; no wrong file is ever under the final name, not even right after
the cut; no band is computed again whose record the program had reason to believe durable, which is from the
sync on that followed it. Some of the resumed runs are cut again.

To show that this would notice a program that leaves out a sync, or a checksum, the same is done with syncs
that the shim swallows and with records forged to carry right checksums of wrong counts: each must break a
promise.
"""

import shutil

import journal
from bench import Broken, digest, expect
from job import OUTPUT, Job
from power import Disk, good_bands, read_log, write_files

STATES_SHORT = 60
STATES_LONG = 1000

# A mutant must be found within so many states.
STATES_PER_MUTANT = 120

# How often a cut is close to a step that matters: a sync, or a change of the folder.
NEAR_STEPS = 0.7


class Recording:
    """All operations of one run in a folder, and what the program may rely on after each of them."""

    def __init__(self, bench, job, files, swallow=""):
        self.bench = bench
        self.job = job
        self.files = files
        # What is on the disk at first is durable, but an earlier cut may have torn it.
        self.found = good_bands(files)
        folder = bench.new_folder()
        write_files(folder, files)
        self.inodes = {path.stat().st_ino: path.name for path in folder.iterdir()}
        log = bench.folder / f"{folder.name}.log"
        shim = {
            "LD_PRELOAD": str(bench.builds.shim),
            "TORTURE_DIR": str(folder),
            "TORTURE_LOG": str(log),
            "TORTURE_SWALLOW": swallow,
        }
        ended = bench.run(job.alone(), folder, shim)
        job.expect_complete(folder, ended)
        self.operations = read_log(log)
        self.steps = [at for at, operation in enumerate(self.operations) if operation.kind in "csxDru"]
        shutil.rmtree(folder)
        log.unlink()

    def cut(self):
        """The disk at a random moment, and the bands that were believed durable."""
        random = self.bench.random
        last = len(self.operations)
        at = random.randint(0, last)
        if random.random() < NEAR_STEPS:
            at = min(max(random.choice(self.steps) + random.randint(-1, 2), 0), last)
        return self.disk_after(at)

    def disk_after(self, count):
        """The disk after so many operations, and the bands that were believed durable."""
        disk = Disk(self.files, self.inodes)
        believed = set(self.found)
        for operation in self.operations[:count]:
            disk.do(operation)
            if operation.kind in "sx" and ".journal." in operation.name:
                believed |= disk.written_bands()
        return disk, believed


def run(bench):
    """The scenario."""
    job = small_job(bench)
    states = STATES_SHORT if bench.short else STATES_LONG
    counts = replay(bench, job, states)
    expect(counts["resumed with bands"] > 0, "some states have bands to resume from", counts)
    expect(counts["cut twice"] > 0, "some runs are cut twice", counts)
    bench.say(f"{states} crash states: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    show_teeth(bench, job)


def small_job(bench):
    """A job of some rounds: its rows cannot be compressed, and soon fill root's memory, the least allowed."""
    job = Job(bench, 1000, 1100, 60, deflate=0, options=("--set", "run.root_memory_mib=1"))
    job.run_clean()
    return job


def replay(bench, job, states, swallow="", may_cut_twice=True):
    """Resumes the job from `states` crash states; fails at the first broken promise."""
    counts = dict.fromkeys(("complete at the cut", "resumed with bands", "begun anew", "cut twice"), 0)
    recording = Recording(bench, job, {}, swallow)
    check_recording(recording, swallow)
    for number in range(states):
        disk, believed = recording.cut()
        files = disk.after_crash(bench.random)
        if may_cut_twice and number % 8 == 0 and OUTPUT not in files:
            counts["cut twice"] += 1
            disk, believed = Recording(bench, job, files, swallow).cut()
            files = disk.after_crash(bench.random)
        counts[resume(bench, job, files, believed)] += 1
    return counts


def check_recording(recording, swallow):
    """The record is of all that a run does, or the replay proves nothing."""
    kinds = {operation.kind for operation in recording.operations}
    expected = set("cwru") | ({"D"} - set(swallow)) | ({"s"} if swallow not in ("df", "fd") else set())
    expect(expected <= kinds, f"operations of the kinds {expected} are recorded", kinds)
    records = [op for op in recording.operations if op.kind == "w" and ".journal." in op.name]
    expect(len(records) > 3, "the job commits several times", len(records))


def resume(bench, job, files, believed):
    """Resumes the job from one crash state."""
    folder = bench.new_folder()
    write_files(folder, files)
    before = sorted((name, len(content)) for name, content in files.items())
    job.expect_never_wrong(folder, before)
    ended = job.resume(folder)
    is_complete = OUTPUT in files
    lost = len(believed) - ended.resumed
    expect(
        is_complete or lost <= 0,
        f"{lost} of {len(believed)} durable bands are lost in {folder}",
        f"{before}\n{ended}",
    )
    shutil.rmtree(folder)
    if is_complete:
        return "complete at the cut"
    return "resumed with bands" if ended.resumed else "begun anew"


def show_teeth(bench, job):
    """Every mutant must break a promise."""
    for swallow, mutant in [
        ("d", "fdatasync of the journal"),
        ("f", "fsync of files"),
        ("D", "fsync of the folder"),
    ]:
        try:
            replay(bench, job, STATES_PER_MUTANT, swallow, may_cut_twice=False)
        except Broken as broken:
            bench.say(
                f"without {mutant} it is found: {str(broken).splitlines()[0].replace(str(bench.folder), '')}"
            )
        else:
            raise Broken(
                f"without {mutant} {STATES_PER_MUTANT} states break no promise: this harness is blunt"
            )
    show_forgery(bench, job)


def show_forgery(bench, job):
    """Wrong counts under right checksums: what a program without checksums would let pass."""
    files = whole_journal(bench, job)
    [(name, segment)] = files.items()
    record = bench.random.choice(journal.records(segment))
    bit = bench.random.randrange(8 * (record.end - record.payload))
    folder = bench.new_folder()
    write_files(folder, {name: journal.forge(segment, record, bit)})
    ended = bench.run(job.alone(), folder)
    expect(ended.code == 0, "a forged record is believed", ended)
    expect(digest(folder / OUTPUT) != job.digest, "a wrong count is found by the comparison of files", ended)
    bench.say("without the checksum of the payload it is found: a forged record gives another file")


def whole_journal(bench, job):
    """The journal of the whole job, as it is before the file is assembled."""
    recording = Recording(bench, job, {})
    first_of_part = next(at for at, op in enumerate(recording.operations) if op.name.endswith(".part"))
    disk, _ = recording.disk_after(first_of_part)
    return {name: bytes(content) for name, content in disk.untouched().items()}
