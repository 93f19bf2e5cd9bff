"""The n-th file operation fails, for n = 1, 2, ... until none is hit.

This is SQLite's way to try every single I/O failure.

The promises: one message, an exit code of those for such failures, no hang, never a wrong file under the
final name, and afterwards the job can be resumed to the same file. The program may also get over a fault, a
short write for one; then the file must be right.
"""

import collections
import errno
import shutil

from bench import expect
from job import OUTPUT, Job
from power import write_files
from power_cut import Recording

# Of a full disk only what needs space fails; a broken one fails at everything.
NEED_SPACE = "cwtsrl"
EVERYTHING = "cowtsrulR"

FAULTS = {
    "ENOSPC from then on": {"ERRNO": errno.ENOSPC, "HOW": "persistent", "KINDS": NEED_SPACE},
    "EDQUOT from then on": {"ERRNO": errno.EDQUOT, "HOW": "persistent", "KINDS": NEED_SPACE},
    "EIO once": {"ERRNO": errno.EIO, "HOW": "once", "KINDS": EVERYTHING},
    "ESTALE from then on": {"ERRNO": errno.ESTALE, "HOW": "persistent", "KINDS": EVERYTHING},
    "short write once": {"ERRNO": errno.ENOSPC, "HOW": "short", "KINDS": "w"},
    "a bit of a read flipped": {"ERRNO": 0, "HOW": "flip", "KINDS": "R"},
}

# I/O; of a wrong bit also that data cannot be trusted,
# or that the file in the output's place is none of ours.
FAILED = {74}
NOT_TRUSTED = {65, 73, 74}

# In the short form these, and of the points only every so many-th, beginning at random.
SHORT_FAULTS = ("ENOSPC from then on", "EIO once")
SHORT_STRIDE = 6

# More operations than any of these jobs has.
MOST_POINTS = 2000


def run(bench):
    """The scenario."""
    job = Job(bench, 24, 24, 60)
    job.run_clean()
    states = starting_points(bench, job)
    for fault in SHORT_FAULTS if bench.short else FAULTS:
        hit = 0
        for state, files in states.items():
            codes = every_point(bench, job, fault, files)
            by_code = ", ".join(f"{count} x exit code {code}" for code, count in sorted(codes.items()))
            bench.say(f"{fault}, {state}: {sum(codes.values())} points: {by_code}")
            hit += sum(codes.values())
        expect(hit > 0, "some operation is hit", fault)


def starting_points(bench, job):
    """What is in the folder when the run begins that meets the fault."""
    recording = Recording(bench, job, {})

    def before(matches):
        at = next(at for at, operation in enumerate(recording.operations) if matches(operation))
        disk, _ = recording.disk_after(at)
        return {name: bytes(content) for name, content in disk.untouched().items()}

    return {
        "from nothing": {},
        "from a whole journal and half a file": before(lambda op: op.kind == "r"),
        "from a finished file and its journal": before(lambda op: op.kind == "u"),
    }


def every_point(bench, job, fault, files):
    """Meets the fault at every operation in turn; how often the run ended with which exit code."""
    codes: collections.Counter[int] = collections.Counter()
    stride = SHORT_STRIDE if bench.short else 1
    for number in range(bench.random.randint(1, stride), MOST_POINTS, stride):
        folder = bench.new_folder()
        write_files(folder, files)
        hits = bench.folder / "hits"
        ended = bench.run(job.alone(), folder, shim_settings(bench, folder, fault, number, hits))
        if not hits.exists():
            job.expect_complete(folder, ended)
            shutil.rmtree(folder)
            return codes
        hit = f"{fault} at operation {number}: {hits.read_text().splitlines()[0]}"
        hits.unlink()
        check(job, folder, ended, hit, NOT_TRUSTED if FAULTS[fault]["HOW"] == "flip" else FAILED)
        codes[ended.code] += 1
        job.resume(folder)
        shutil.rmtree(folder)
    expect(False, f"{fault}: fewer than {MOST_POINTS} operations", codes)


def shim_settings(bench, folder, fault, number, hits):
    settings = {f"TORTURE_{name}": str(value) for name, value in FAULTS[fault].items()}
    return {
        **settings,
        "LD_PRELOAD": str(bench.builds.shim),
        "TORTURE_DIR": str(folder),
        "TORTURE_AT": str(number),
        "TORTURE_HITS": str(hits),
    }


def check(job, folder, ended, hit, expected):
    """What must hold right after a run that met a fault."""
    evidence = f"{hit}\nin {folder}: {sorted(path.name for path in folder.iterdir())}\n{ended}"
    job.expect_never_wrong(folder, evidence)
    if ended.code == 0:
        expect((folder / OUTPUT).exists(), "who ends with 0 has made the file", evidence)
        return
    expect(ended.code in expected, f"the exit code is one of {sorted(expected)}", evidence)
    expect(len(ended.errors) == 1, "there is one message", evidence)
    said = [line for line in ended.stderr.splitlines() if "panicked" in line]
    expect(not said, "an I/O failure is no bug", evidence)
