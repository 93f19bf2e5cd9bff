"""What is timed, and how that may fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from talk_bench.cases import Case, Counts


@dataclass(frozen=True)
class Sample:
    """One timed run."""

    seconds: float
    """The function call, or mandel-mpi's compute phase."""
    counts: Counts | None
    """(side, side), row 0 = smallest im; or nothing where the checksum stands for it."""
    job_seconds: float | None = None
    """From the start of the first process to the end of the last, where there is such a job."""
    checksum: str | None = None
    """mandel-mpi's own, over its counts."""


@dataclass(frozen=True)
class Contender:
    """An implementation with a number of workers."""

    name: str
    workers: int
    unit: str
    """What a worker is: thread, process, rank."""
    run: Callable[[Case], Sample]
    ours: bool = False
    cases: frozenset[str] = frozenset({"area1", "area2"})
    once: bool = False
    """Too slow for more than the first round."""

    @property
    def label(self) -> str:
        return f"{self.name}, {self.team}"

    @property
    def team(self) -> str:
        plural = {"process": "processes"}.get(self.unit, self.unit + "s")
        return f"{self.workers} {self.unit if self.workers == 1 else plural}"


@dataclass(frozen=True)
class Skipped:
    """An implementation that is not in the table."""

    name: str
    reason: str
    remedy: str = ""


class Unavailable(Exception):
    """Something that an implementation needs is missing or does not work here."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
