"""The program's partition in numpy: bands, their predicted and true costs, and the contiguous cut.

Written anew from the design, not translated, so that it also checks `src/partition.rs`:

* A band has `ceil(height / 8192)` rows, but at most 16 MiB of raw counts (`src/band.rs`).
* *True* costs of a grid are those of a run. For a larger grid the density of the cost along `im` is taken
  from the finest run: piecewise constant over its bands, so what is finer than they are is smoothed away.
* *Believed* costs are those of a run, too: what its coarse sample told (`src/estimate.rs`) before computing.
* The cut is contiguous and minimises the largest block: bisection on the largest block, greedy filling to
  test it; among the best cuts the one nearest to an even spread.

`imbalance` is max / mean over ranks; its reciprocal is POP's load balance.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

BANDS = 8192
BAND_BYTES = 16 << 20
U16_MAX = 65_535


@dataclass(frozen=True)
class Geometry:
    """A grid and its bands."""

    height: int
    width: int
    max_iter: int

    @property
    def count_bytes(self) -> int:
        """Bytes of a stored count."""
        return 2 if self.max_iter <= U16_MAX else 4

    @property
    def band_rows(self) -> int:
        """Rows of each band but the last."""
        affordable = BAND_BYTES // (self.width * self.count_bytes)
        return max(1, min(-(-self.height // BANDS), affordable))

    @property
    def bands(self) -> int:
        """Number of bands."""
        return -(-self.height // self.band_rows)

    @property
    def points(self) -> int:
        """Samples of the grid."""
        return self.height * self.width

    @property
    def stride(self) -> int:
        """The estimate samples one of so many rows and columns."""
        return min(max(self.height // 1024, 16), 64)

    def edges(self) -> np.ndarray:
        """First row of each band, and the height."""
        return np.minimum(np.arange(self.bands + 1, dtype=np.int64) * self.band_rows, self.height)


def resampled(costs: np.ndarray, known: Geometry, wanted: Geometry) -> np.ndarray:
    """Costs of another grid's bands, by the density of cost per point along `im`."""
    prefix = np.concatenate(([0], np.cumsum(costs)))
    at = np.interp(wanted.edges() / wanted.height, known.edges() / known.height, prefix)
    return np.rint(np.diff(at) * (wanted.points / known.points)).astype(np.int64)


def with_points(costs: np.ndarray, geometry: Geometry, point_cost: int) -> np.ndarray:
    """Costs in the unit that ranks cut by: executed iterations, and a constant of the kernel per point."""
    return costs + point_cost * np.diff(geometry.edges()) * geometry.width


def best_cut(costs: np.ndarray, ranks: int) -> np.ndarray:
    """First band of each rank's block, and the number of bands.

    No contiguous cut has a smaller largest block.
    """
    prefix = [0, *accumulate(np.maximum(costs, 1).tolist())]
    limit = _least_largest(prefix, ranks)
    earliest = _earliest_starts(prefix, ranks, limit)
    cuts = [0]
    for rank in range(1, ranks + 1):
        even = _nearest(prefix, prefix[-1] * rank // ranks)
        furthest = bisect_right(prefix, prefix[cuts[-1]] + limit) - 1
        cuts.append(min(max(even, earliest[rank], cuts[-1]), furthest))
    return np.array(cuts)


def equal_cut(bands: int, ranks: int) -> np.ndarray:
    """Blocks of equal height, as the talk has them."""
    return np.arange(ranks + 1) * bands // ranks


def imbalance(costs: np.ndarray, cuts: np.ndarray) -> float:
    """Largest block / mean block."""
    blocks = block_sums(costs, cuts)
    return float(blocks.max() / blocks.mean())


def block_sums(costs: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Sum of each block."""
    prefix = np.concatenate(([0], np.cumsum(costs)))
    return np.diff(prefix[cuts])


def _least_largest(prefix: list[int], ranks: int) -> int:
    """The smallest largest block: between the mean and the mean plus the dearest band."""
    dearest = max(after - before for before, after in pairwise(prefix))
    low = max(dearest, -(-prefix[-1] // ranks))
    high = -(-prefix[-1] // ranks) + dearest
    while low < high:
        middle = (low + high) // 2
        if _fits(prefix, ranks, middle):
            high = middle
        else:
            low = middle + 1
    return low


def _fits(prefix: list[int], ranks: int, limit: int) -> bool:
    """Whether blocks of at most `limit`, each filled as far as it goes, hold all bands."""
    cut, last = 0, len(prefix) - 1
    for _ in range(ranks):
        cut = bisect_right(prefix, prefix[cut] + limit, cut) - 1
        if cut == last:
            return True
    return False


def _earliest_starts(prefix: list[int], ranks: int, limit: int) -> list[int]:
    """For each rank, and past the last: the first band from which it and those after it can take the rest."""
    starts = [len(prefix) - 1]
    for _ in range(ranks):
        starts.append(bisect_left(prefix, prefix[starts[-1]] - limit))
    return starts[::-1]


def _nearest(prefix: list[int], share: int) -> int:
    """The cut whose sum is nearest to `share`."""
    after = bisect_left(prefix, share)
    is_before = after > 0 and share - prefix[after - 1] <= prefix[after] - share
    return after - 1 if is_before else after
