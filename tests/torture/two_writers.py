"""Two writers of one job: root is stopped, as behind a cut network, another start takes over, root goes on.

The promises: the second start takes over and ends with the right file; the first one, as soon as it goes on,
sees that it has been superseded, ends with 74 and one message, and has written nothing more.
"""

import shutil
import signal
import time

import journal
from bench import expect, send
from job import SEAHORSES, Job

SIDE = 1400
MAX_ITER = 2048

# A slow kernel, about as slow on any machine: the job has some rounds, and is not over when root is stopped.
SLOW = ("--threads", "1", "--kernel", "reference")

# After a round is in the journal the writer sleeps until the next one is: root is stopped in between.
WRITER_IS_DONE_S = 0.1

# Nothing that is waited for here takes longer.
PATIENCE_S = 30


def run(bench):
    """The scenario."""
    job = Job(bench, SIDE, SIDE, MAX_ITER, region=SEAHORSES)
    job.run_clean(bench.launch("mpi", 2, job.arguments()))
    cases = [(who, when) for who in WHO for when in WHEN]
    for who, when in cases[::3] if bench.short else cases:
        two_writers(bench, job, WHO[who], WHEN[when])
        bench.say(
            f"{who} stopped, continued {when}: 74, nothing more written; the second start made the same file"
        )


def command(bench, job):
    return bench.launch("mpi", 2, job.arguments(*SLOW))


def root(bench):
    return [bench.ranks()[0]]


def everyone(bench):
    return list(bench.processes())


WHO = {"root": root, "everyone": everyone}


WHEN = {
    "while the second start computes": lambda second: None,
    # Which has taken the journal away.
    "after its end": lambda second: second.wait(PATIENCE_S),
}


def two_writers(bench, job, who, until):
    """One pair of writers."""
    folder, began = bench.new_folder(), time.monotonic()
    first = bench.start(command(bench, job), folder, voice="first")
    segments = [folder / f"field.journal.{number}" for number in (1, 2)]
    await_true(
        lambda: segments[0].exists() and journal.records(segments[0].read_bytes()), "the first start writes"
    )
    time.sleep(WRITER_IS_DONE_S)
    stopped = who(bench)
    for pid in stopped:
        send(pid, signal.SIGSTOP)
    # Kept open: the second start removes it, and the first one must not write to it even so.
    with segments[0].open("rb") as segment:
        written = segment.read()
        second = bench.start(command(bench, job), folder)
        await_true(segments[1].exists, "the second start takes over")
        until(second)
        for pid in stopped:
            send(pid, signal.SIGCONT)
        ghost = bench.wait(first, began, voice="first")
        segment.seek(0)
        expect(segment.read() == written, "who was superseded writes nothing more", ghost)
    expect(ghost.code == 74, "who was superseded ends with 74", ghost)
    expect(len(ghost.errors) == 1, "there is one message", ghost)
    expect("another start of this job has taken over" in ghost.errors[0], "it tells what has happened", ghost)
    ended = bench.wait(second, began)
    bench.expect_no_process()
    expect(ended.resumed > 0, "the second start uses what the first one wrote", ended)
    job.expect_complete(folder, ended)
    shutil.rmtree(folder)


def await_true(holds, what):
    """Waits until something holds; that it never does breaks a promise."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        expect(time.monotonic() < deadline, f"{what} within {PATIENCE_S} s", "it does not")
        time.sleep(0.005)
