"""SIGKILL at random moments, leg after leg, until the job is done.

Each leg has other ranks, threads and kernels.

The promises: the same file, byte for byte, as of one clean run; no hang, no process and no file left behind;
at most the two newest rounds lost. The last is seen in time: between the last growth of the journal and the
kill there are never more than two rounds. It is the ranks' CPU time, which does not pass while others have
the machine.
"""

import contextlib
import os
import signal
import time

from bench import expect, send
from job import OUTPUT, SEAHORSES, Job

KILLS_SHORT = 20
KILLS_LONG = 200
MOST_RANKS = 4
MOST_THREADS = 2
KERNELS = ("auto", "portable", "reference")

ROUND_S = 1
# Two rounds on all cores, each a tenth longer when it is nearly done then,
# and what comes before the first one, ...
LOST_AT_MOST_CPU_S = (2 * 1.1 * ROUND_S + 1) * len(os.sched_getaffinity(0))
# ... which needs legs that live longer. One leg of so many is one.
LONG_LEG_S = (5.5, 7)
LONG_LEGS = 20
LEG_S = (0.2, 1.2)

# A clean run takes about so long, whatever the machine and its kernels.
CLEAN_SHORT_S = 3
CLEAN_LONG_S = 10
FIRST_SIDE = 1000
LARGEST_SIDE = 6000
MAX_ITER = 2048

# When a launcher must have started its ranks.
RANKS_WITHIN_S = 5

# One leg of so many is killed while the file is assembled, at most so long after that began.
AT_ASSEMBLY = 4
ASSEMBLY_S = 0.05


def run(bench):
    """The scenario."""
    job = job_of_right_size(bench)
    wanted = KILLS_SHORT if bench.short else KILLS_LONG
    kills, jobs, legs = dict.fromkeys(WAYS, 0), 0, 0
    longest_loss = 0
    while sum(kills.values()) < wanted:
        folder = bench.new_folder()
        jobs += 1
        complete = False
        while not complete and sum(kills.values()) < wanted:
            legs += 1
            way, loss, complete = leg(bench, job, folder, legs)
            if way:
                kills[way] += 1
                longest_loss = max(longest_loss, loss)
        if not complete:
            job.resume(folder, command(bench, job))
    expect(all(kills.values()), "every way of killing was used", kills)
    told = ", ".join(f"{count} x {way}" for way, count in kills.items())
    bench.say(
        f"{sum(kills.values())} kills ({told}) in {legs} legs of {jobs} jobs, each ended with the same file"
    )
    bench.say(f"at most {longest_loss:.1f} s of CPU time not in the journal, rounds of {ROUND_S} s")


def job_of_right_size(bench):
    """A job that takes long enough to be killed often."""
    side, wanted_s = FIRST_SIDE, CLEAN_SHORT_S if bench.short else CLEAN_LONG_S
    while True:
        job = Job(bench, side, side, MAX_ITER, region=SEAHORSES)
        began = time.monotonic()
        job.run_clean(bench.launch("mpi", 2, job.arguments("--threads", "1")))
        took_s = time.monotonic() - began
        if took_s > 0.5 * wanted_s or side == LARGEST_SIDE:
            bench.say(f"a job of {side} x {side} points, {took_s:.1f} s without kills")
            return job
        # Less the start of MPI, which is no work.
        work_s = max(took_s - 0.8, 0.1)
        side = min(int(side * min((wanted_s / work_s) ** 0.5, 4)), LARGEST_SIDE)


def command(bench, job):
    """The job's next start, by other means than the last one."""
    random = bench.random
    ranks, threads = random.randint(1, MOST_RANKS), random.randint(1, MOST_THREADS)
    arguments = job.arguments("--threads", threads, "--kernel", random.choice(KERNELS))
    if random.random() < 0.5:
        # Rounds that end because root's memory is full.
        arguments += ["--set", "run.root_memory_mib=1"]
    return bench.launch("mpi", ranks, arguments)


def leg(bench, job, folder, number):
    """One start of the job and its end by force, or by completion.

    Returns the way in which it was killed, if it was, the CPU time that was lost by that, and whether the job
    is complete.
    """
    random = bench.random
    way = random.choice(list(WAYS))
    if number <= len(WAYS):
        way = list(WAYS)[number - 1]
    lives_s = random.uniform(*(LONG_LEG_S if number % LONG_LEGS == LONG_LEGS // 2 else LEG_S))
    at_assembly = number % AT_ASSEMBLY == 0
    began = time.monotonic()
    process = bench.start(command(bench, job), folder)
    loss_cpu_s = watch(bench, process, folder, began + lives_s, at_assembly)
    killed = process.poll() is None and WAYS[way](bench, process)
    ended = bench.wait(process, began)
    bench.expect_no_process()
    job.expect_never_wrong(folder, ended)
    expect_no_shared_memory(bench, ended, way if killed else None)
    complete = (folder / OUTPUT).exists()
    if not killed or ended.code == 0:
        job.expect_complete(folder, ended)
        return None, 0, True
    if complete:
        # Killed between the rename and the end: the next start removes the journal.
        job.resume(folder, command(bench, job))
    assembling = (folder / "field.h5.part").exists()
    is_little = loss_cpu_s < LOST_AT_MOST_CPU_S or assembling or complete
    expect(is_little, f"{loss_cpu_s:.1f} s of CPU time are lost by {way}", ended)
    return way, 0 if assembling or complete else loss_cpu_s, complete


def watch(bench, process, folder, until, at_assembly):
    """Waits for the moment of the kill; the CPU time since the journal grew last."""
    size, cpu_s = journal_bytes(folder), None
    while process.poll() is None and time.monotonic() < until:
        now = journal_bytes(folder)
        if now != size:
            size, cpu_s = now, bench.ranks_cpu_s()
        if at_assembly and (folder / "field.h5.part").exists():
            time.sleep(bench.random.uniform(0, ASSEMBLY_S))
            break
        time.sleep(0.005)
    # Before this start has a segment of its own it has not begun.
    return 0 if cpu_s is None else max(bench.ranks_cpu_s() - cpu_s, 0)


def journal_bytes(folder):
    """Bytes of all segments; those that go away meanwhile, because the job is done, have none."""
    total = 0
    for path in folder.glob("*.journal.*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def kill_root(bench, process):
    return kill_rank(bench, 0)


def kill_random_rank(bench, process):
    return kill_rank(bench, None)


def kill_rank(bench, rank):
    """Kills one rank, a random one when none is given, as soon as there is one."""
    deadline = time.monotonic() + RANKS_WITHIN_S
    while time.monotonic() < deadline:
        ranks = bench.ranks()
        chosen = bench.random.choice(sorted(ranks)) if ranks and rank is None else rank
        if chosen in ranks:
            return send(ranks[chosen], signal.SIGKILL)
        time.sleep(0.005)
    return False


def kill_group(bench, process):
    """All at once, as when a node is lost."""
    was_there = [send(pid, signal.SIGKILL) for pid in bench.processes()]
    return any(was_there)


def kill_launcher(bench, process):
    return send(process.pid, signal.SIGKILL)


def terminate_launcher(bench, process):
    return send(process.pid, signal.SIGTERM)


WAYS = {
    "KILL to root": kill_root,
    "KILL to a rank": kill_random_rank,
    "KILL to all": kill_group,
    "KILL to mpirun": kill_launcher,
    "TERM to mpirun": terminate_launcher,
}

# Nobody is left to clean up after these.
WITHOUT_LAUNCHER = ("KILL to all", "KILL to mpirun")


def expect_no_shared_memory(bench, ended, way):
    """MPI's shared memory is gone with the job, unless everyone was killed who could remove it."""
    left = sorted(path.name for path in bench.shared_memory.rglob("*"))
    if way in WITHOUT_LAUNCHER:
        for name in left:
            (bench.shared_memory / name).unlink(missing_ok=True)
        return
    expect(not left, f"shared memory is left behind: {left}", ended)
