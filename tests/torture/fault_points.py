"""Faults on purpose in a build for tests: in every phase of the program, on each rank, by panic or by error.

The promises: all ranks end in less than 10 s, with 70 for a panic and 1 for an error; an error of one rank is
told once, a panic at least once; afterwards the job can be resumed.
"""

import re
import shutil
from pathlib import Path

from bench import expect
from job import Job

SOURCE = Path(__file__).resolve().parents[2] / "src" / "faults.rs"
RANKS = (1, 2, 4)
CODES = {"panic": 70, "error": 1}
# Phases of root alone: it has the writer.
AT_ROOT = ("write",)
ENDS_WITHIN_S = 10

# Of all combinations the short form takes so many, at random.
SHORT = 5


def run(bench):
    """The scenario."""
    job = Job(bench, 60, 60, 60)
    command = bench.launch("fault-points", 2, job.arguments())
    job.run_clean(command)
    points = [
        (ranks, rank, phase, how)
        for ranks in RANKS
        for phase in phases()
        for rank in range(1 if phase in AT_ROOT else ranks)
        for how in CODES
    ]
    tried = bench.random.sample(points, SHORT) if bench.short else points
    for point in tried:
        fail(bench, job, *point)
    where = f"phases {', '.join(phases())}; ranks {RANKS}"
    bench.say(f"{len(tried)} of {len(points)} points ({where}), each with its code")


def phases():
    """The phases that the program names, so that none is forgotten."""
    body = SOURCE.read_text().split("pub enum Point {")[1].split("\n}")[0]
    names = [name.lower() for name in re.findall(r"^    (\w+),$", body, re.MULTILINE)]
    expect(names, "the program has fault points", SOURCE)
    return sorted(names)


def fail(bench, job, ranks, rank, phase, how):
    """One failure in one place."""
    folder = bench.new_folder()
    fault = f"{rank}:{phase}:{how}"
    ended = bench.run(bench.launch("fault-points", ranks, job.arguments("--fail-at", fault)), folder)
    evidence = f"{ranks} ranks, --fail-at {fault}\n{ended}"
    expect(ended.seconds < ENDS_WITHIN_S, f"all ranks end within {ENDS_WITHIN_S} s", evidence)
    expect(ended.code == CODES[how], f"the exit code is {CODES[how]}", evidence)
    told = len(ended.errors)
    expect(told >= 1 if how == "panic" else told == 1, "there is one message", evidence)
    job.expect_never_wrong(folder, evidence)
    job.resume(folder)
    shutil.rmtree(folder)
