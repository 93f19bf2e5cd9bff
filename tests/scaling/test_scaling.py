"""Tests of tools/scaling_model.py and tools/scaling_table.py; numpy alone is needed.

    python -m unittest tests/scaling/test_scaling.py

`area2_costs.json.gz` holds what every band cost, and was believed to cost, in real runs of area2 at 8192 and
32768 rows without shortcuts.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import unittest
from itertools import combinations_with_replacement, pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

POINT_COST = 200
"""Of AVX-512 on area2."""

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

import partition_model as partition  # noqa: E402
import scaling_model  # noqa: E402
import scaling_table  # noqa: E402
from partition_model import Geometry  # noqa: E402
from run_summary import RunSummary, of_report  # noqa: E402


def best_by_trying(costs: list[int], ranks: int) -> int:
    """The smallest largest block over all contiguous cuts."""
    ends = range(len(costs) + 1)
    cuts = ([0, *inner, len(costs)] for inner in combinations_with_replacement(ends, ranks - 1))
    return min(max(sum(costs[a:b]) for a, b in pairwise(cut)) for cut in cuts)


def summary(**changes: object) -> RunSummary:
    """A made-up run."""
    phases = {"setup": 0.0, "compute": 8.0, "wait": 0.0, "encode": 1.0, "gather": 0.0, "write": 1.0}
    report = {
        "schema_version": 1, "job_hash": "a", "height": 64, "width": 64, "max_iter": 100, "ranks": 1,
        "threads": [1], "hosts": ["n1"], "kernel": "plain", "rounds": 1, "resumed_bands": 0,
        "executed": 64_000, "point_cost": 1, "wall_s": 10.0, "load_balance": 1.0, "gathered_bytes": 1000,
        "band_costs": [1000] * 64, "believed_band_costs": [1064] * 64,
        "phases": [{"name": name, "avg_s": s, "max_s": s} for name, s in phases.items()],
    }  # fmt: skip
    return of_report(report | changes, "made up")


class Cut(unittest.TestCase):
    """The contiguous cut."""

    def test_no_cut_has_a_smaller_largest_block(self) -> None:
        rng = random.Random(1)
        for _ in range(300):
            costs = [rng.randint(1, 30) for _ in range(rng.randint(1, 9))]
            ranks = rng.randint(1, 4)
            cuts = partition.best_cut(np.array(costs), ranks)
            self.assertEqual((cuts[0], cuts[-1], len(cuts)), (0, len(costs), ranks + 1))
            self.assertTrue((np.diff(cuts) >= 0).all())
            largest = partition.block_sums(np.array(costs), cuts).max()
            self.assertEqual(largest, best_by_trying(costs, ranks), f"{costs} on {ranks}")

    def test_it_is_the_cut_of_the_program(self) -> None:
        # The examples of src/partition.rs.
        self.assertEqual(partition.best_cut(np.array([1, 1, 1, 9, 1, 1]), 2).tolist(), [0, 3, 6])
        self.assertEqual(np.diff(partition.best_cut(np.ones(1000, int), 3)).tolist(), [333, 333, 334])

    def test_bands_are_those_of_the_program(self) -> None:
        # The examples of src/band.rs.
        for height, max_iter, rows in [
            (1000, 2048, 1),
            (32_768, 2048, 4),
            (1 << 20, 2048, 8),
            (1 << 20, 65_536, 4),
        ]:
            self.assertEqual(Geometry(height, height, max_iter).band_rows, rows)
        self.assertEqual(Geometry(8193, 10, 2048).bands, 4097)
        self.assertEqual(Geometry(8193, 10, 2048).edges()[-1], 8193)


class Area2(unittest.TestCase):
    """Real costs."""

    data: ClassVar[dict[str, dict[str, Any]]]

    @classmethod
    def setUpClass(cls) -> None:
        with gzip.open(HERE / "area2_costs.json.gz") as file:
            cls.data = json.load(file)

    def known(self, rows: int, costs: str = "band_costs") -> tuple[Geometry, np.ndarray]:
        """A grid and its costs."""
        run = self.data[str(rows)]
        return Geometry(run["height"], run["width"], run["max_iter"]), np.array(run[costs])

    def test_the_file_is_area2(self) -> None:
        # Without shortcuts what is executed is the sum of the counts.
        self.assertEqual(self.known(8192)[1].sum(), 39_094_160_878)
        self.assertEqual(self.known(32_768)[1].sum(), 625_570_265_613)

    def test_best_cut_at_whole_bands(self) -> None:
        for rows, ranks, expected in [(8192, 64, 1.005), (32_768, 64, 1.005), (32_768, 256, 1.017)]:
            _, costs = self.known(rows)
            found = partition.imbalance(costs, partition.best_cut(costs, ranks))
            self.assertAlmostEqual(found, expected, delta=0.001, msg=f"{rows} rows, {ranks} ranks")

    def test_cut_by_believed_cost(self) -> None:
        # In the unit that ranks cut by, points included.
        for rows, ranks, at_most in [(8192, 64, 1.02), (32_768, 64, 1.01), (32_768, 256, 1.03)]:
            geometry, costs = self.known(rows)
            cuts = partition.best_cut(self.known(rows, "believed_band_costs")[1], ranks)
            found = partition.imbalance(partition.with_points(costs, geometry, POINT_COST), cuts)
            self.assertLessEqual(found, at_most, f"{rows} rows, {ranks} ranks")

    def test_equal_rows_are_as_uneven_as_in_the_talk(self) -> None:
        geometry, costs = self.known(8192)
        cuts = partition.equal_cut(geometry.bands, 64)
        self.assertAlmostEqual(partition.imbalance(costs, cuts), 1.97, delta=0.01)

    def test_a_scaled_grid_is_like_the_real_one(self) -> None:
        (small, costs), (large, real) = self.known(8192), self.known(32_768)
        scaled = partition.resampled(costs, small, large)
        self.assertAlmostEqual(scaled.sum() / real.sum(), 1, delta=0.001)
        for ranks in (64, 256):
            cuts = partition.best_cut(scaled, ranks)
            self.assertLessEqual(partition.imbalance(real, cuts), 1.05)


class Table(unittest.TestCase):
    """The table of runs."""

    def test_strong_scaling(self) -> None:
        two = {"ranks": 2, "threads": [1, 1], "hosts": ["n1", "n2"], "load_balance": 0.9}
        runs = [summary(), summary(wall_s=12.0), summary(wall_s=9.0), summary(**two, wall_s=6.25)]
        (table,) = scaling_table.tables(runs)
        one, both = table.rows
        self.assertEqual((table.kind, one.wall_s, len(one.runs)), ("strong", 10.0, 3))
        self.assertAlmostEqual(one.spread, 0.3)
        self.assertEqual((table.speedup(both), table.efficiency(both)), (1.6, 0.8))
        self.assertAlmostEqual(both.communication, 8.0 / 6.25)
        self.assertIn("| 2 | 2 | 1 | 6.250 | 1.60 | 0.800 | 0.900 |", scaling_table.markdown(table))

    def test_the_base_is_the_smallest_run_given(self) -> None:
        four = summary(ranks=2, threads=[2, 2], hosts=["n1", "n1"])
        eight = summary(ranks=4, threads=[2] * 4, hosts=["n1", "n1", "n2", "n2"], wall_s=8.0)
        (table,) = scaling_table.tables([eight, four])
        self.assertEqual(table.base.cores, 4)
        self.assertEqual(table.efficiency(table.rows[1]), 10.0 / 8.0 / 2)
        self.assertIn("Base: 2 rank(s), 4 core(s)", scaling_table.markdown(table))

    def test_weak_scaling_counts_iterations(self) -> None:
        larger = summary(
            job_hash="b", height=91, width=91, executed=128_000, wall_s=12.5, ranks=2, threads=[1, 1]
        )
        (table,) = scaling_table.tables([larger, summary()])
        self.assertEqual(table.kind, "weak")
        self.assertAlmostEqual(table.efficiency(table.rows[1]), 0.8)
        self.assertAlmostEqual(table.speedup(table.rows[1]), 1.6)

    def test_a_resumed_run_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "resumed"):
            scaling_table.tables([summary(resumed_bands=3)])


class Model(unittest.TestCase):
    """The model of a job's time."""

    def args(self, *more: str) -> argparse.Namespace:
        """The options' defaults."""
        return scaling_model.parse_args(["x.json", *more])

    def test_it_gives_back_the_run_that_calibrated_it(self) -> None:
        run = summary()
        said = scaling_model.predict(
            scaling_model.problem([run], 64), scaling_model.calibrated(run, self.args()), 1, 1
        )
        self.assertAlmostEqual(said.wall_s, run.wall_s, delta=0.05 * run.wall_s)
        self.assertEqual(said.load_balance, 1.0)
        self.assertAlmostEqual(said.transfer, 1.0, places=5)

    def test_the_factors_multiply_to_the_efficiency(self) -> None:
        run = summary(band_costs=list(range(1, 65)), believed_band_costs=list(range(65, 129)), executed=2080)
        job, machine = (
            scaling_model.problem([run], 64),
            scaling_model.calibrated(run, self.args("--disk-mb-s", "1000")),
        )
        said = scaling_model.predict(job, machine, 8, 2)
        self.assertAlmostEqual(said.load_balance * said.serialisation * said.transfer, said.efficiency)
        self.assertLess(said.max_s, said.ideal_s)
        self.assertLess(said.ideal_s, said.wall_s)

    def test_a_job_is_no_faster_than_its_journal(self) -> None:
        run = summary(gathered_bytes=8 << 20)
        job = scaling_model.problem([run], 64)
        machine = scaling_model.calibrated(run, self.args("--disk-mb-s", "1"))
        disk_s = run.gathered_bytes / 1e6
        self.assertGreater(scaling_model.predict(job, machine, 64, 1).wall_s, 2 * disk_s)
        self.assertLess(scaling_model.predict(job, machine, 64, 1).wall_s, 2 * disk_s + 0.5)


if __name__ == "__main__":
    unittest.main()
