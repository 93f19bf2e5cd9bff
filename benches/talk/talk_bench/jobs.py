"""The talk's parallel Python: multiprocessing and mpi4py, each as a job of processes of its own.

`multiprocessing` forks its pool inside the timed call, as the talk does, and to fork a process that
runs threads (this bench, after vectorize) may hang: so it gets a fresh process, like mpi4py's ranks.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from talk_bench import launch
from talk_bench.cases import Case
from talk_bench.contender import Contender, Sample, Unavailable

FOLDER = Path(__file__).resolve().parent.parent


def processes(workers: int, scratch: Path) -> Contender:
    def run(case: Case) -> Sample:
        return run_job([], "talk_bench.job_processes", [case.to_json(), str(workers)], scratch)

    return Contender("multiprocessing, rows + numba 5", workers, "process", run)


def ranks(workers: int, scratch: Path, missing: dict[str, str]) -> Contender:
    if "mpi4py" in missing:
        raise Unavailable(f"no mpi4py: {missing['mpi4py']}", "pip package mpi4py")
    launcher = launch.mpirun(workers)

    def run(case: Case) -> Sample:
        return run_job(launcher, "talk_bench.job_mpi", [case.to_json()], scratch)

    return Contender("mpi4py, row blocks + numba 5", workers, "rank", run)


def run_job(launcher: list[str], module: str, arguments: list[str], scratch: Path) -> Sample:
    """The job's last argument is where it writes its counts; it says its seconds on stdout."""
    counts = scratch / "job.npy"
    command = [*launcher, sys.executable, "-m", module, *arguments, str(counts)]
    began = time.perf_counter()
    said = launch.output_of(command, cwd=FOLDER)
    job_seconds = time.perf_counter() - began
    return Sample(json.loads(said)["seconds"], np.load(counts), job_seconds)
