"""multiprocessing over rows: `python -m talk_bench.job_processes CASE WORKERS COUNTS.npy`."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time

import numpy as np

from talk_bench.cases import Case, Counts
from talk_bench.python_numba import mandel_set5


def compute_row(task: tuple[float, float, float, int, int]) -> Counts:
    im, start, stop, width, max_iter = task
    return mandel_set5(np.linspace(start, stop, width), np.array([im]), max_iter)[0]


def main(case: Case, workers: int, path: str) -> None:
    tasks = [(im, *case.re, case.side, case.max_iter) for im in case.im_samples()]
    compute_row(tasks[0])  # compiles
    began = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        counts = pool.map(compute_row, tasks)
    seconds = time.perf_counter() - began
    np.save(path, counts)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(Case.from_json(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
