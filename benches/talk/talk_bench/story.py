"""One bench from the build of mandel-mpi to the report."""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from talk_bench import (
    fortran,
    jobs,
    launch,
    machine,
    opencl,
    plot,
    product,
    python_numba,
    report,
)
from talk_bench.cases import AREA1, AREA2, Case
from talk_bench.contender import Contender, Skipped, Unavailable
from talk_bench.measure import Bench, Series, say

QUICK_SIDE = 100


def run(arguments: argparse.Namespace, root: Path, scratch: Path, missing: dict[str, str]) -> int:
    try:
        product.build_if_missing(arguments.binary, root)
        ours = product.Product(arguments.binary, scratch)
        described = ours.describe()
    except (OSError, subprocess.CalledProcessError, Unavailable) as error:
        say(f"error: mandel-mpi does not run: {error}")
        return 1
    about = [
        machine.cpu(),
        f"{machine.today()}; {machine.load()}",
        described,
        machine.software(),
    ]
    began = time.monotonic()
    bench = prepare(ours, scratch, missing, arguments.quick)
    bench.warm_up()
    bench.run(arguments.repeats, began + arguments.budget)
    print(report.markdown(bench, about, arguments.quick))
    write_files(bench, about, arguments)
    return verdict(bench)


def prepare(ours: product.Product, scratch: Path, missing: dict[str, str], quick: bool) -> Bench:
    """Everything that this machine can run, in the order of the table."""
    workers = launch.worker_counts()
    skipped: list[Skipped] = []
    found = python_numba.contenders(workers)
    found += attempt(skipped, "gfortran", lambda: [fortran.contender(scratch)])
    found += attempt(skipped, "OpenCL on the CPU", lambda: [opencl.contender(missing)])
    found += [jobs.processes(n, scratch) for n in workers]
    found += attempt(skipped, "mpi4py", lambda: [jobs.ranks(n, scratch, missing) for n in workers])
    kernels, without = product.contenders(ours, workers)
    if quick:
        cases = [AREA1.resized(QUICK_SIDE), AREA2.resized(QUICK_SIDE)]
    else:
        cases = [AREA1, AREA2, *product.scaling_cases(ours)]
    return Bench(found + kernels, cases, skipped + without)


def attempt(skipped: list[Skipped], name: str, make: Callable[[], list[Contender]]) -> list[Contender]:
    try:
        return make()
    except Unavailable as unavailable:
        skipped.append(Skipped(name, unavailable.reason, unavailable.remedy))
        return []


def write_files(bench: Bench, about: list[str], arguments: argparse.Namespace) -> None:
    arguments.out.mkdir(parents=True, exist_ok=True)
    picture = arguments.out / "bench_talk.png"
    plot.write(bench, picture, "; ".join(about[:1] + about[1].split(";")[:1]))
    say(f"plot: {picture}")
    if arguments.json:
        path = arguments.out / "bench_talk.json"
        path.write_text(json.dumps(as_json(bench, about), indent=2) + "\n")
        say(f"measurements: {path}")


def as_json(bench: Bench, about: list[str]) -> dict[str, object]:
    def case_as_json(case: Case) -> dict[str, object]:
        rows = bench.tables[case.name].values()
        return json.loads(case.to_json()) | {"rows": [series_as_json(series) for series in rows]}

    return {
        "schema_version": 1,
        "machine": about,
        "rounds": bench.rounds,
        "cases": [case_as_json(case) for case in bench.cases],
        "skipped": [vars(skip) for skip in bench.skipped],
    }


def series_as_json(series: Series) -> dict[str, object]:
    contender = series.contender
    return {
        "implementation": contender.name,
        "workers": contender.workers,
        "unit": contender.unit,
        "seconds": series.seconds,
        "job_seconds": series.job_seconds,
        "different_pixels": series.different,
        "checksums": sorted(series.checksums),
    }


def verdict(bench: Bench) -> int:
    """Exact is exact: a differing count of ours, or two checksums of one case, fail the bench."""
    failed = 0
    for case in bench.cases:
        ours = [series for series in bench.tables[case.name].values() if series.contender.ours]
        if any(series.different for series in ours):
            say(f"error: {case.name}: counts of mandel-mpi differ from numba implementation 5")
            failed = 1
        if len({checksum for series in ours for checksum in series.checksums}) > 1:
            say(f"error: {case.name}: mandel-mpi's checksums differ")
            failed = 1
    return failed
