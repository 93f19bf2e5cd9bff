"""mpi4py: equal row blocks and a Gatherv, under mpirun: `python -m talk_bench.job_mpi CASE COUNTS.npy`.

A rank makes its rows' coordinates by a linspace of its own, as the talk does. The integers are sized
and wrapped as today's mpi4py and numba want them; that is all that differs in the method.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from mpi4py import MPI

from talk_bench.cases import Case, Counts
from talk_bench.python_numba import mandel_set5


def compute_and_gather(comm: MPI.Intracomm, case: Case) -> Counts | None:
    rank, size = comm.Get_rank(), comm.Get_size()
    rows = case.side // size + (rank < case.side % size)
    first = comm.scan(rows) - rows
    step = (case.im[1] - case.im[0]) / (case.side - 1)
    start, stop = (case.im[0] + row * step for row in (first, first + rows - 1))
    im = np.linspace(start, stop, rows)
    block = mandel_set5(case.re_samples(), im, case.max_iter)
    sizes = comm.gather(block.size)
    counts = np.empty((case.side, case.side), np.int32) if rank == 0 else None
    comm.Gatherv([block, MPI.INT], [counts, sizes, MPI.INT] if rank == 0 else None)
    return counts


def main(case: Case, path: str) -> None:
    comm = MPI.COMM_WORLD
    mandel_set5(np.zeros(1), np.zeros(1), 1)  # compiles
    comm.Barrier()
    began = time.perf_counter()
    counts = compute_and_gather(comm, case)
    seconds = time.perf_counter() - began
    if counts is not None:
        np.save(path, counts)
        print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(Case.from_json(sys.argv[1]), sys.argv[2])
