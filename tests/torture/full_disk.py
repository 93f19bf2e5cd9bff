"""A disk that is really full: a small tmpfs, then enlarged, then the job resumed.

The promises: 74 and one message while it is full; once there is room the job goes on with what it has, to the
same file.
"""

import contextlib
import subprocess

from bench import Skipped, digest, expect
from job import OUTPUT, Job

SMALL = "3m"
ENLARGED = "64m"

# Width and height of jobs that are stored as they are, 2 bytes a point, and where they fill 3 MB.
JOBS = {
    "the journal fills it": (1500, 1500),
    "the assembled file fills it": (1000, 1000),
}


def run(bench):
    """The scenario."""
    for what, (width, height) in JOBS.items():
        job = Job(bench, width, height, 60, deflate=0)
        job.run_clean()
        commands = {"alone": job.alone()}
        if not bench.short:
            commands["3 ranks"] = bench.launch("mpi", 3, job.arguments())
        for who, command in commands.items():
            resumed = fill(bench, job, command)
            bench.say(
                f"{what}, {who}: 74 and one message; enlarged, resumed from {resumed} bands to the same file"
            )


def fill(bench, job, command):
    """Runs the job on a small disk, then on a larger one; how many bands it resumed from."""
    folder = bench.new_folder()
    with small_disk(folder):
        for attempt in range(2):
            # The second start finds the disk full from the beginning.
            ended = bench.run(command, folder)
            expect(ended.code == 74, f"a full disk is 74, attempt {attempt + 1}", ended)
            expect(len(ended.errors) == 1, "a full disk has one message", ended)
            expect(digest(folder / OUTPUT) is None, "no file on a full disk", ended)
        subprocess.run(["mount", "-o", f"remount,size={ENLARGED}", folder], check=True)
        ended = job.resume(folder, command)
        expect(ended.resumed > 0, "what was in the journal is used", ended)
        return ended.resumed


@contextlib.contextmanager
def small_disk(folder):
    """A tmpfs of little size mounted on a folder."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=0755", "mandel-mpi-torture", folder]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Skipped("there is no mount here") from None
    if mounted.returncode:
        raise Skipped(f"may not mount: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
