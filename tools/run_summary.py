"""What a run told about itself: the file that `mandel-mpi --summary FILE.json` writes, read and checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Phase:
    """Seconds that ranks spent in a phase."""

    avg_s: float
    max_s: float


@dataclass(frozen=True)
class RunSummary:
    """One run. Names as in the program's report.

    `band_costs` are executed pixel-iterations, points not counted.
    """

    source: str
    job_hash: str
    height: int
    width: int
    max_iter: int
    ranks: int
    threads: tuple[int, ...]
    hosts: tuple[str, ...]
    kernel: str
    rounds: int
    resumed_bands: int
    executed: int
    point_cost: int
    wall_s: float
    load_balance: float
    gathered_bytes: int
    phases: dict[str, Phase]
    band_costs: np.ndarray
    believed_band_costs: np.ndarray

    @property
    def cores(self) -> int:
        """Threads of all ranks."""
        return sum(self.threads)

    @property
    def nodes(self) -> int:
        """Distinct hosts."""
        return len(set(self.hosts))

    @property
    def points(self) -> int:
        """Samples of the grid."""
        return self.height * self.width


def load(path: str | Path) -> RunSummary:
    """Reads a summary; a `ValueError` says what is wrong with it."""
    try:
        report = json.loads(Path(path).read_text(encoding="utf-8"))
        return of_report(report, str(path))
    except KeyError as error:
        raise ValueError(f"{path}: no key {error}: not a summary of mandel-mpi") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: {error}") from error


def of_report(report: dict, source: str) -> RunSummary:
    """The summary in parsed JSON."""
    if report["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"{source}: schema_version {report['schema_version']}, not {SCHEMA_VERSION}")
    plain = ("job_hash", "height", "width", "max_iter", "ranks", "kernel", "rounds", "resumed_bands")
    more = ("executed", "point_cost", "wall_s", "load_balance", "gathered_bytes")
    return RunSummary(
        source=source,
        **{key: report[key] for key in plain + more},
        threads=tuple(report["threads"]),
        hosts=tuple(report["hosts"]),
        phases={phase["name"]: Phase(phase["avg_s"], phase["max_s"]) for phase in report["phases"]},
        band_costs=np.array(report["band_costs"], dtype=np.int64),
        believed_band_costs=np.array(report["believed_band_costs"], dtype=np.int64),
    )


def typical(runs: list[RunSummary]) -> RunSummary:
    """The run of median wall time; of two middle ones the faster."""
    ordered = sorted(runs, key=lambda run: run.wall_s)
    return ordered[(len(ordered) - 1) // 2]


def median_wall_s(runs: list[RunSummary]) -> float:
    """Median of the wall times."""
    return median(run.wall_s for run in runs)
