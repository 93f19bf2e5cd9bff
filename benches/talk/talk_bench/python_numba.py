"""The talk's implementations in Python and numba, with its numbers.

1 is pure Python. 2 compiles the function of one point, called from Python's loops. 4 compiles the
loops, too, and keeps the complex arithmetic with abs(), which is a hypot(). 5 is 4 in real arithmetic:
the yardstick. `vectorized` is 5 as a universal function over numba's threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numba
import numpy as np
from numba import njit, vectorize

from talk_bench.cases import Case, Counts
from talk_bench.contender import Contender, Sample


def mandel1(c: complex, max_iter: int) -> int:
    z = c
    for n in range(max_iter):
        if abs(z) > 2:
            return n
        z = z * z + c
    return n


mandel2 = njit(mandel1)


def set_by_points(
    mandel: Callable[[complex, int], int], re: list[float], im: list[float], max_iter: int
) -> list[list[int]]:
    """Lists and loops of Python: sets 1 and 2."""
    return [[mandel(complex(x, y), max_iter) for x in re] for y in im]


@njit
def mandel_set4(re: np.ndarray, im: np.ndarray, max_iter: int) -> Counts:
    counts = np.empty((im.size, re.size), np.int32)
    for j in range(im.size):
        for i in range(re.size):
            counts[j, i] = mandel2(complex(re[i], im[j]), max_iter)
    return counts


@njit(cache=True)
def mandel5(cre: float, cim: float, max_iter: int) -> int:
    re = cre
    im = cim
    for n in range(max_iter):
        re2 = re * re
        im2 = im * im
        if re2 + im2 > 4.0:
            return n
        im = 2 * re * im + cim
        re = re2 - im2 + cre
    return n


@njit(cache=True)
def mandel_set5(re: np.ndarray, im: np.ndarray, max_iter: int) -> Counts:
    counts = np.empty((im.size, re.size), np.int32)
    for j in range(im.size):
        for i in range(re.size):
            counts[j, i] = mandel5(re[i], im[j], max_iter)
    return counts


def vectorized() -> Callable[..., Counts]:
    """Compiled when asked for, because vectorize with a signature compiles at once."""
    return vectorize(["int32(float64, float64, int32)"], target="parallel")(mandel5.py_func)


def timed(compute: Callable[[], Counts | list[list[int]]]) -> Sample:
    """The time of the call alone: making an array of lists is not part of it."""
    began = time.perf_counter()
    counts = compute()
    seconds = time.perf_counter() - began
    return Sample(seconds, np.asarray(counts))


def by_points(mandel: Callable[[complex, int], int]) -> Callable[[Case], Sample]:
    def run(case: Case) -> Sample:
        re, im = case.re_samples().tolist(), case.im_samples().tolist()
        return timed(lambda: set_by_points(mandel, re, im, case.max_iter))

    return run


def by_set(mandel_set: Callable[..., Counts]) -> Callable[[Case], Sample]:
    def run(case: Case) -> Sample:
        return timed(lambda: mandel_set(case.re_samples(), case.im_samples(), case.max_iter))

    return run


def by_threads(ufunc: Callable[..., Counts], threads: int) -> Callable[[Case], Sample]:
    def run(case: Case) -> Sample:
        numba.set_num_threads(threads)
        re, im = case.re_samples()[None, :], case.im_samples()[:, None]
        return timed(lambda: ufunc(re, im, np.int32(case.max_iter)))

    return run


YARDSTICK = Contender("numba 5: real arithmetic", 1, "thread", by_set(mandel_set5))


def contenders(worker_counts: list[int]) -> list[Contender]:
    """The yardstick first."""
    ufunc = vectorized()
    most_threads = numba.get_num_threads()
    return [
        YARDSTICK,
        Contender(
            "1: pure Python",
            1,
            "thread",
            by_points(mandel1),
            cases=frozenset({"area1"}),
            once=True,
        ),
        Contender("numba 2: function of a point", 1, "thread", by_points(mandel2)),
        Contender("numba 4: complex, abs", 1, "thread", by_set(mandel_set4)),
        *(
            Contender("numba vectorize", threads, "thread", by_threads(ufunc, threads))
            for threads in worker_counts
            if threads <= most_threads
        ),
    ]
