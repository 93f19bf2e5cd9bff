#!/usr/bin/env python3
"""Turns run summaries into a scaling table: Markdown to stdout, a plot with `--plot FILE.png`.

    tools/scaling_table.py SUMMARY.json... [--plot FILE.png]

Runs of one job on several numbers of cores are *strong* scaling, a table per job. What is left, jobs that ran
on one number of cores each, is *weak* scaling: together one table. A core is a thread of a rank. Repeats of
the same job on the same ranks, threads and nodes make one row: medians, and the spread (max - min) / median
of the wall time. Resumed runs are refused: their wall time is not that of the whole job.

    speedup               t_base / t
    parallel efficiency   strong: (t_base * cores_base) / (t * cores); with one core
                          as the base that is t1 / (N tN)
                          weak: iterations executed per core-second / the base's
    load balance          mean / max compute time over ranks (POP)
    communication         max compute time / wall (POP's communication efficiency,
                          https://pop-coe.eu/node/69);
                          encoding, writing and idling count as loss here

The base is the run on the fewest cores that was given, not one core unless there is such a run.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from run_summary import RunSummary, load, median_wall_s


@dataclass(frozen=True)
class Row:
    """Repeats of one job in one layout."""

    runs: tuple[RunSummary, ...]

    @property
    def first(self) -> RunSummary:
        """For what all repeats share."""
        return self.runs[0]

    @property
    def cores(self) -> int:
        """Threads of all ranks."""
        return self.first.cores

    @property
    def wall_s(self) -> float:
        """Median."""
        return median_wall_s(list(self.runs))

    @property
    def spread(self) -> float:
        """(max - min) / median of the wall time."""
        walls = [run.wall_s for run in self.runs]
        return (max(walls) - min(walls)) / self.wall_s

    @property
    def rate(self) -> float:
        """Executed iterations per core-second, median."""
        return median(run.executed / (run.wall_s * run.cores) for run in self.runs)

    @property
    def load_balance(self) -> float:
        """Median."""
        return median(run.load_balance for run in self.runs)

    @property
    def communication(self) -> float:
        """Max compute time / wall, median."""
        return median(run.phases["compute"].max_s / run.wall_s for run in self.runs)


@dataclass(frozen=True)
class Table:
    """Rows by cores, the base first."""

    kind: str
    rows: tuple[Row, ...]

    @property
    def base(self) -> Row:
        """What speedup and efficiency are relative to."""
        return self.rows[0]

    def speedup(self, row: Row) -> float:
        """Strong: how much sooner; weak: how many times the iterations per second."""
        if self.kind == "strong":
            return self.base.wall_s / row.wall_s
        return row.rate * row.cores / (self.base.rate * self.base.cores)

    def efficiency(self, row: Row) -> float:
        """Speedup per core, relative to the base."""
        return self.speedup(row) * self.base.cores / row.cores


def tables(runs: Iterable[RunSummary]) -> list[Table]:
    """Strong tables, then at most one weak table."""
    jobs: dict[str, list[Row]] = defaultdict(list)
    for row in rows(runs):
        jobs[row.first.job_hash].append(row)
    strong = [Table("strong", by_cores(job)) for job in jobs.values() if is_strong(job)]
    rest = [row for job in jobs.values() if not is_strong(job) for row in job]
    return strong + ([Table("weak", by_cores(rest))] if rest else [])


def is_strong(job: list[Row]) -> bool:
    """Whether one job ran on several numbers of cores."""
    return len({row.cores for row in job}) > 1


def by_cores(rows_of_table: list[Row]) -> tuple[Row, ...]:
    """The base first."""
    return tuple(sorted(rows_of_table, key=lambda row: (row.cores, row.first.ranks, row.first.nodes)))


def rows(runs: Iterable[RunSummary]) -> list[Row]:
    """Repeats put together."""
    layouts = defaultdict(list)
    for run in runs:
        if run.resumed_bands:
            raise ValueError(f"{run.source}: a resumed run: its wall time is not that of the whole job")
        layouts[run.job_hash, run.ranks, run.nodes, run.threads].append(run)
    return [Row(tuple(group)) for group in layouts.values()]


def markdown(table: Table) -> str:
    """The table with a heading and what it is relative to."""
    base = table.base
    weak = table.kind == "weak"
    heads = [
        "ranks",
        "nodes",
        "threads",
        "wall s",
        "speedup",
        "efficiency",
        "load balance",
        "communication",
        "spread",
        "runs",
    ]
    heads = (["grid"] if weak else []) + heads
    lines = [
        f"### {title(table)}",
        "",
        "| " + " | ".join(heads) + " |",
        "|" + "---|" * len(heads),
        *("| " + " | ".join(cells(table, row)) + " |" for row in table.rows),
        "",
        f"Base: {base.first.ranks} rank(s), {base.cores} core(s), {base.wall_s:.3f} s. "
        + (
            "Efficiency: executed iterations per core-second."
            if weak
            else "Efficiency: t_base cores_base / (t cores)."
        )
        + " Medians; spread: (max - min) / median of wall.",
    ]
    return "\n".join(lines)


def title(table: Table) -> str:
    """Kind and grid."""
    first = table.base.first
    grid = f", {first.height} x {first.width} points, max_iter {first.max_iter}"
    return "Weak scaling" if table.kind == "weak" else "Strong scaling" + grid


def cells(table: Table, row: Row) -> list[str]:
    """What a row shows."""
    first = row.first
    grid = [f"{first.height} x {first.width}"] if table.kind == "weak" else []
    threads = sorted(set(first.threads))
    return [
        *grid,
        str(first.ranks),
        str(first.nodes),
        "-".join(str(count) for count in {threads[0]: None, threads[-1]: None}),
        f"{row.wall_s:.3f}",
        f"{table.speedup(row):.2f}",
        f"{table.efficiency(row):.3f}",
        f"{row.load_balance:.3f}",
        f"{row.communication:.3f}",
        f"{100 * row.spread:.0f} %",
        str(len(row.runs)),
    ]


def plot(all_tables: list[Table], path: str) -> None:
    """Speedup over cores, beside the ideal."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    for table in all_tables:
        cores = [row.cores for row in table.rows]
        line = axes.plot(cores, [table.speedup(row) for row in table.rows], marker="o", label=title(table))
        ideal = [count / table.base.cores for count in cores]
        axes.plot(cores, ideal, linestyle=":", color=line[0].get_color())
    axes.set(xlabel="cores", ylabel="speedup (dotted: ideal)")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def main(argv: list[str] | None = None) -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("summaries", nargs="+", metavar="SUMMARY.json")
    parser.add_argument("--plot", metavar="FILE.png")
    args = parser.parse_args(argv)
    try:
        made = tables(load(path) for path in args.summaries)
    except (OSError, ValueError) as error:
        print(f"scaling_table: error: {error}", file=sys.stderr)
        return 2
    print("\n\n".join(markdown(table) for table in made))
    if args.plot:
        plot(made, args.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
