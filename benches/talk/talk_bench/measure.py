"""Interleaved rounds, and the statistics of their ratios."""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from talk_bench.cases import Case, Counts
from talk_bench.contender import Contender, Sample, Skipped, Unavailable
from talk_bench.python_numba import YARDSTICK


@dataclass
class Series:
    """What one contender did on one case, a value per round."""

    contender: Contender
    seconds: list[float] = field(default_factory=list)
    job_seconds: list[float] = field(default_factory=list)
    different: int | None = None
    """Pixels that differ from the yardstick's, the most of all rounds."""
    checksums: set[str] = field(default_factory=set)

    def add(self, sample: Sample, truth: Counts | None, max_iter: int) -> None:
        self.seconds.append(sample.seconds)
        if sample.job_seconds is not None:
            self.job_seconds.append(sample.job_seconds)
        if sample.checksum is not None:
            self.checksums.add(sample.checksum)
        if truth is not None and sample.counts is not None:
            different = int(np.count_nonzero(np.minimum(sample.counts, max_iter - 1) != truth))
            self.different = max(self.different or 0, different)


@dataclass(frozen=True)
class Spread:
    """The median of some values, and their range."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


def ratios(base: list[float], values: list[float]) -> list[float]:
    """How many times as fast as `base`, round by round, for the rounds that both have."""
    return [one / other for one, other in zip(base, values, strict=False)]


Table = dict[str, Series]


@dataclass
class Bench:
    """The contenders, the cases, and what was measured so far."""

    contenders: list[Contender]
    cases: list[Case]
    skipped: list[Skipped]
    tables: dict[str, Table] = field(default_factory=lambda: defaultdict(dict))
    rounds: int = 0
    cut_short: bool = False
    """Whether the time budget ended the last round before its end."""
    truths: dict[str, Counts] = field(default_factory=dict)

    def warm_up(self) -> None:
        """Each contender once on a small grid: to compile, and to see whether it works at all."""
        for contender in list(self.contenders):
            say(f"warming up {contender.label}")
            self.attempt(contender, self.cases[0].resized(16))

    def run(self, repeats: int, deadline: float) -> None:
        """Rounds until there are enough, or the deadline ends the last one."""
        for number in range(repeats):
            began = time.monotonic()
            self.cut_short = not self.round(number, deadline)
            if self.cut_short:
                say(f"the time budget ends the bench in round {number + 1} of {repeats}")
                break
            say(f"round {number + 1} of {repeats}: {time.monotonic() - began:.1f} s")

    def round(self, number: int, deadline: float) -> bool:
        """Everybody once. The first round is finished whatever it takes, any other in time or not."""
        self.rounds = number + 1
        for case in self.cases:
            for contender in list(self.contenders):
                if case.name not in contender.cases or (contender.once and number > 0):
                    continue
                if number > 0 and time.monotonic() > deadline:
                    return False
                sample = self.attempt(contender, case)
                if sample is not None:
                    self.keep(case, contender, sample)
        return True

    def keep(self, case: Case, contender: Contender, sample: Sample) -> None:
        if contender is YARDSTICK and sample.counts is not None:
            self.truths.setdefault(case.name, sample.counts)
        series = self.tables[case.name].setdefault(contender.label, Series(contender))
        series.add(sample, self.truths.get(case.name), case.max_iter)

    def attempt(self, contender: Contender, case: Case) -> Sample | None:
        """A sample; one that fails is out of the bench, and said to be."""
        try:
            return contender.run(case)
        except Unavailable as unavailable:
            self.contenders.remove(contender)
            self.skipped.append(Skipped(contender.label, unavailable.reason, unavailable.remedy))
            return None


def say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)
