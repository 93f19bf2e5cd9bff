"""mandel-mpi: what its binary accepts, and how it is timed."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py

from talk_bench import launch
from talk_bench.cases import AREA1, AREA2, Case, Counts
from talk_bench.contender import Contender, Sample, Skipped, Unavailable

KERNELS = ("avx512", "avx2", "portable", "reference")
"""Beside `auto`, the only one that every binary must have."""

AREAS = frozenset({AREA1.name, AREA2.name})

SCALING = "area2, larger"
"""The case whose grid fits this binary's speed."""

SCALING_S = 1.5
SCALING_SIDES = range(2000, 8001, 1000)

FILES = ("case.toml", "case.h5", "summary.json")

CONFIG = """\
[region]
re = {re}
im = {im}
[grid]
width = {side}
height = {side}
[iteration]
max_iter = {max_iter}
"""


class Product:
    """The binary, and a folder for what it reads and writes."""

    def __init__(self, binary: Path, scratch: Path) -> None:
        self.binary = binary.resolve()
        self.scratch = scratch

    def run(
        self,
        case: Case,
        kernel: str = "auto",
        threads: int = 1,
        launcher: Sequence[str] = (),
        read: bool = False,
        shortcuts: bool = True,
    ) -> tuple[Sample, dict[str, Any]]:
        """One job and its summary. `read`: the counts from the file, else the checksum must do.

        In a folder of its own, because a job whose output is already there has nothing to compute.
        """
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            config, output, report = (f"{folder}/{name}" for name in FILES)
            Path(config).write_text(config_of(case))
            command = [*launcher, str(self.binary), "--config", config]
            command += ["--output", output, "--summary", report]
            command += ["--kernel", kernel, "--threads", str(threads)]
            if not shortcuts:
                command += ["--set", "iteration.shortcuts=false"]
            command += ["--progress", "off", "--log-level", "error"]
            began = time.perf_counter()
            launch.output_of(command)
            job_seconds = time.perf_counter() - began
            summary = json.loads(Path(report).read_text())
            counts = read_counts(output) if read else None
        compute = next(phase for phase in summary["phases"] if phase["name"] == "compute")
        return Sample(compute["max_s"], counts, job_seconds, summary["checksum"]), summary

    def contender(
        self,
        kernel: str,
        workers: int,
        unit: str,
        cases: frozenset[str],
        launcher: list[str],
        shortcuts: bool = True,
    ) -> Contender:
        threads = workers if unit == "thread" else 1

        def run(case: Case) -> Sample:
            read = case.name in AREAS
            return self.run(case, kernel, threads, launcher, read, shortcuts)[0]

        name = f"mandel-mpi {kernel}" + ("" if shortcuts else ", no shortcuts")
        return Contender(name, workers, unit, run, ours=True, cases=cases)

    def describe(self) -> str:
        """Version, commit, and what `auto` is here."""
        _, summary = self.run(AREA2.resized(64))
        return f"mandel-mpi {summary['version']} ({summary['commit']}), auto = {summary['kernel']}"


def config_of(case: Case) -> str:
    return CONFIG.format(re=list(case.re), im=list(case.im), side=case.side, max_iter=case.max_iter)


def read_counts(path: str) -> Counts:
    with h5py.File(path) as file:
        return file["escape_count"][...]


def build_if_missing(binary: Path, root: Path) -> None:
    if binary.exists():
        return
    print("bench: building mandel-mpi", file=sys.stderr)
    subprocess.run(["cargo", "build", "--release"], cwd=root, check=True, stdout=sys.stderr)
    if not binary.exists():
        raise FileNotFoundError(f"{binary}: cargo build --release did not make it")


def contenders(product: Product, workers: list[int]) -> tuple[list[Contender], list[Skipped]]:
    """Each kernel that binary and CPU have, with and without shortcuts, on one thread.

    `auto` runs on all numbers of threads and ranks.
    """
    everywhere = AREAS | {SCALING}
    found: list[Contender] = []
    skipped: list[Skipped] = []
    for kernel in KERNELS:
        try:
            product.run(AREA2.resized(16), kernel)
            found.append(product.contender(kernel, 1, "thread", AREAS, []))
            if kernel != "reference":
                found.append(product.contender(kernel, 1, "thread", AREAS, [], shortcuts=False))
        except Unavailable as unavailable:
            skipped.append(Skipped(f"mandel-mpi {kernel}", unavailable.reason))
    found += [product.contender("auto", n, "thread", everywhere, []) for n in workers]
    try:
        found += [product.contender("auto", n, "rank", everywhere, launch.mpirun(n)) for n in workers]
    except Unavailable as unavailable:
        skipped.append(Skipped("mandel-mpi, ranks", unavailable.reason, unavailable.remedy))
    return found, skipped


def scaling_cases(product: Product) -> list[Case]:
    """area2 on the largest grid that [`SCALING_S`] of one thread can pay for, if larger than area2."""
    seconds = product.run(AREA2)[0].seconds
    costs = {side: seconds * (side / AREA2.side) ** 2 for side in SCALING_SIDES}
    affordable = [side for side, cost in costs.items() if cost <= SCALING_S]
    return [dataclasses.replace(AREA2, name=SCALING, side=side) for side in affordable[-1:]]
