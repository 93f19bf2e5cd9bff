"""A rank at half speed, as on a busy node: it is stopped so often that it has half of the other's CPU time.

The promises: the same file; in the rounds after the first the other rank gets the bands that the slow one
does not get to. How much longer than on 1.5 CPUs that takes is told and not judged: who else uses the machine
is not known.
"""

import contextlib
import functools
import json
import os
import shutil
import signal
import time

from bench import cpu_s_of, expect
from job import SEAHORSES, Job

SIDE_SHORT = 3000
SIDE_LONG = 6000
MAX_ITER = 2048

# Not the fastest kernel: the job takes seconds on any machine, so it has some rounds.
OPTIONS = ("--threads", "1", "--kernel", "portable")

# The slow rank runs for so long at a time, far below the time of a round, ...
RUNS_S = 0.02
# ... and then waits for the other one, but not for longer than this: that one may be idle.
WAITS_S = 5 * RUNS_S

# What the slow rank executes, as a share of what the other one does:
# 1 if rounds evened out nothing, 0.5 when they do.
SLOW_SHARE = 0.8
# Where others have the machine, the other rank may be as slow: then the next attempt counts.
ATTEMPTS = 4


def run(bench):
    """The scenario."""
    side = SIDE_SHORT if bench.short else SIDE_LONG
    job = Job(bench, side, side, MAX_ITER, region=SEAHORSES)
    job.run_clean(command(bench, job))
    for slow in (1,) if bench.short else (0, 1):
        ended, rounds, share = first_telling(functools.partial(slowed, bench, job, slow))
        evidence = f"rank {slow} at half speed, {rounds} rounds\n{ended}"
        expect(rounds > 1, "bands are given out more than once", evidence)
        expect(
            share < SLOW_SHARE,
            f"the slow rank executes less: {share:.2f} of what the other one does",
            evidence,
        )
        of_ideal = ended.wall_s / (job.wall_s * 2 / 1.5)
        bench.say(
            f"rank {slow} at half speed: in {rounds} rounds it executed {share:.2f} of what the other did"
        )
        bench.say(
            f"{ended.wall_s:.2f} s, {job.wall_s:.2f} s at full speed: "
            f"{of_ideal:.2f} of what 1.5 CPUs would take"
        )


def first_telling(attempt):
    """The first attempt in which the slow rank executed less, or the last one."""
    for _ in range(ATTEMPTS):
        result = attempt()
        if result[-1] < SLOW_SHARE:
            break
    return result


def command(bench, job, *more):
    return bench.launch("mpi", 2, job.arguments(*OPTIONS, *more))


def slowed(bench, job, slow):
    """Runs the job with a slow rank: its end, rounds, what that rank executed over what the other one did."""
    folder, trace = bench.new_folder(), bench.folder / "trace.json"
    began = time.monotonic()
    process = bench.start(command(bench, job, "--trace", trace), folder)
    ranks = [bench.await_rank(rank) for rank in (slow, 1 - slow)]
    throttle(process, *ranks)
    ended = bench.wait(process, began)
    bench.expect_no_process()
    job.expect_complete(folder, ended)
    shutil.rmtree(folder)
    rounds = [event for event in json.loads(trace.read_text())["traceEvents"] if event["name"] == "round"]
    return ended, len(rounds) // 2, executed(rounds, slow) / executed(rounds, 1 - slow)


def throttle(process, slow, other):
    """Gives a rank half of the CPU time that the other one has, until the job ends."""
    # Signals go to this process and no other one, even if its number is another's one day.
    handle = os.pidfd_open(slow)
    with contextlib.closing(os.fdopen(handle)), contextlib.suppress(ProcessLookupError):
        while process.poll() is None:
            time.sleep(RUNS_S)
            signal.pidfd_send_signal(handle, signal.SIGSTOP)
            latest = time.monotonic() + WAITS_S
            while 2 * cpu_s_of(slow) > cpu_s_of(other) and time.monotonic() < latest:
                time.sleep(RUNS_S / 10)
            signal.pidfd_send_signal(handle, signal.SIGCONT)


def executed(rounds, rank):
    """Pixel-iterations of a rank in all rounds."""
    return sum(event["args"]["executed"] for event in rounds if event["pid"] == rank)
