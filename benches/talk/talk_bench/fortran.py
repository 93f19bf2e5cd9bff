"""The talk's Fortran: compiled by gfortran, called through ctypes.

Without -march=native, as in the talk; contraction is off because it is on by default where FMA belongs
to the baseline (aarch64), and a fused multiply-add changes counts.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np

from talk_bench.cases import Case
from talk_bench.contender import Contender, Sample, Unavailable

SOURCE = Path(__file__).with_name("mandel.f90")
FLAGS = ("-O3", "-ffp-contract=off", "-shared", "-fPIC")


def contender(scratch: Path) -> Contender:
    mandel_set = ctypes.CDLL(str(compiled(scratch))).mandel_set
    mandel_set.restype = None

    def run(case: Case) -> Sample:
        re, im = case.re_samples(), case.im_samples()
        counts = np.empty((case.side, case.side), np.int32)
        arrays = [ctypes.c_void_p(array.ctypes.data) for array in (re, im)]
        began = time.perf_counter()
        mandel_set(
            case.side,
            case.side,
            *arrays,
            case.max_iter,
            ctypes.c_void_p(counts.ctypes.data),
        )
        return Sample(time.perf_counter() - began, counts)

    return Contender("gfortran -O3", 1, "thread", run)


def compiled(scratch: Path) -> Path:
    gfortran = shutil.which("gfortran")
    if gfortran is None:
        raise Unavailable("no gfortran in PATH", "package gfortran")
    library = scratch / "libmandel_f.so"
    done = subprocess.run(
        [gfortran, *FLAGS, "-J", scratch, "-o", library, SOURCE],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"gfortran failed: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    return library
