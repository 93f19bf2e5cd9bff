"""Other programs: how many CPUs there are for them, how mpirun is called, what went wrong."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from talk_bench.contender import Unavailable

TIMEOUT_S = 60


def cpus() -> list[int]:
    """The CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def worker_counts() -> list[int]:
    """1, 2, 4, ... and all CPUs."""
    most = len(cpus())
    return sorted({1 << power for power in range(most.bit_length())} | {most})


def cores() -> int:
    """The cores behind the CPUs: what Open MPI counts as slots."""
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    try:
        return len({Path(topology.format(cpu)).read_text() for cpu in cpus()})
    except OSError:
        return len(cpus())


def mpirun(ranks: int) -> list[str]:
    """The command in front of a program of so many ranks."""
    program, is_open_mpi = find_mpirun()
    oversubscribe = ["--oversubscribe"] if is_open_mpi and ranks > cores() else []
    return [program, "--bind-to", "none", *oversubscribe, "-n", str(ranks)]


@functools.cache
def find_mpirun() -> tuple[str, bool]:
    program = shutil.which("mpirun")
    if program is None:
        raise Unavailable("no mpirun in PATH", "package openmpi-bin (on a cluster: the MPI module)")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return program, "Open MPI" in version


def environment() -> dict[str, str]:
    """Ours, and root's leave to run Open MPI, which containers need."""
    if os.geteuid() != 0:
        return dict(os.environ)
    return os.environ | {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }


def output_of(command: Sequence[str | Path], cwd: Path | None = None) -> str:
    """What a program says on stdout; [`Unavailable`] with its own message where it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"not done within {TIMEOUT_S} s") from None
    if done.returncode:
        raise Unavailable(complaint(done.stderr) or f"exit status {done.returncode}")
    return done.stdout


def complaint(stderr: str) -> str:
    """The line that says most: the first with an error in it, else the last."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip(" -")]
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")
