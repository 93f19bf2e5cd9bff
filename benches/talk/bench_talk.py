#!/usr/bin/env python3
"""Reproduces the tables of the talk "Python in HPC" on this machine, with mandel-mpi beside them.

Method
------
* One run, interleaved: every round times each implementation once on each area (A B C A B C ...), so
  that what disturbs the machine disturbs all of them. Ratios are formed within a round, against
  implementation 5 of the talk (numba, real arithmetic) on one thread; the table shows their median
  and their spread over the rounds. A ratio of 10 means ten times as fast.
* Everything is wall time. For the talk's implementations it is that of the function call, after a
  call that compiled what there is to compile. For mandel-mpi it is the phase "compute" of its summary
  (the kernel; the mean over a rank's threads, the slowest rank) and, in a column of its own, that of
  the whole job: start, MPI, computing, compression and the HDF5 file. Jobs of mpi4py and of
  multiprocessing have the latter, too.
* Every result is compared with implementation 5, pixel by pixel. It returns max_iter - 1 both for
  "escaped at the last step" and for "never"; so min(count, max_iter - 1) is compared.
* All implementations work in f64 on numpy's linspace, so that they answer the same question. (The
  talk's OpenCL and vectorize versions are single precision.) One exception: mpi4py makes a linspace
  per rank, as the talk does, so its picture depends on the number of ranks; the last column shows it.
* mandel-mpi is fast enough for the talk's grids to be too small for it: a third case, area2 on a grid
  that keeps one thread busy for a second and a half, shows how it scales.
* What is missing on the machine is listed with its reason and the package that brings it.

The Markdown table goes to stdout, progress to stderr, the plot (and with --json the raw numbers)
to --out. Exit status: 0; 1 when a count of mandel-mpi differs or it fails; 2 bad usage; 69 when the
Python environment cannot be made, for example without a network.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from talk_bench import environment

ROOT = Path(__file__).resolve().parents[2]


def parse_arguments(target: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='The tables of the talk "Python in HPC" on this machine, beside mandel-mpi.'
    )
    parser.add_argument("--repeats", type=positive, help="rounds [5, with --quick 1]")
    parser.add_argument("--quick", action="store_true", help="small grids: a smoke test, no measurement")
    parser.add_argument(
        "--budget",
        type=positive,
        default=200,
        metavar="S",
        help="seconds after which no further round goes on [200]",
    )
    parser.add_argument(
        "--binary",
        type=Path,
        default=target / "release/mandel-mpi",
        help="built if missing [%(default)s]",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=target / "bench-talk",
        help="folder of the plot [%(default)s]",
    )
    parser.add_argument("--json", action="store_true", help="write all measurements to --out, too")
    arguments = parser.parse_args()
    arguments.repeats = arguments.repeats or (1 if arguments.quick else 5)
    return arguments


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def main() -> int:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
    arguments = parse_arguments(target)
    missing = environment.enter(target / "bench-venv", ROOT / "pyproject.toml")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the temporary folder goes
    with tempfile.TemporaryDirectory(prefix="bench-talk-") as scratch:
        # Read by the libraries when they are imported, which is why the import stands below.
        os.environ["NUMBA_CACHE_DIR"] = str(Path(scratch, "numba"))
        os.environ["NUMBA_THREADING_LAYER"] = "workqueue"  # its idle threads sleep
        os.environ["POCL_CACHE_DIR"] = str(Path(scratch, "pocl"))
        os.environ["MPLCONFIGDIR"] = str(Path(scratch, "matplotlib"))
        from talk_bench import story

        return story.run(arguments, ROOT, Path(scratch), missing)


if __name__ == "__main__":
    sys.exit(main())
