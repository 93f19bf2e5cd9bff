"""The Markdown tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from talk_bench.cases import Case
from talk_bench.contender import Skipped
from talk_bench.measure import Bench, Series, Spread, Table, ratios
from talk_bench.python_numba import YARDSTICK


def markdown(bench: Bench, machine: list[str], quick: bool) -> str:
    """The whole report."""
    lines = ["# mandel-mpi beside the talk's implementations", ""]
    if quick:
        lines += [
            "**A smoke test on small grids (`--quick`): these times mean nothing.**",
            "",
        ]
    lines += [f"- {line}" for line in machine]
    rounds = f"{bench.rounds}{', the last cut short' if bench.cut_short else ''}"
    lines += [f"- rounds: {rounds}, interleaved; times are medians in s of wall time"]
    for case in bench.cases:
        table = bench.tables[case.name]
        if YARDSTICK.label in table:
            lines += ["", f"## {title(case)}", "", *comparison(table)]
    lines += ["", "## Scaling", "", *scaling(bench)]
    lines += ["", "## Skipped", "", *(skips(bench.skipped) or ["Nothing."])]
    return "\n".join(lines)


def title(case: Case) -> str:
    return f"{case.name}: {case.side} x {case.side}, max_iter {case.max_iter}"


def comparison(table: Table) -> Iterator[str]:
    """Everybody against the yardstick."""
    yield "| implementation | time | x numba 5 | min..max | whole job | x numba 5 | pixels that differ |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    base = table[YARDSTICK.label].seconds
    for label, series in table.items():
        ratio = Spread.of(ratios(base, series.seconds))
        job = ["", ""]
        if series.job_seconds:
            job_ratio = Spread.of(ratios(base, series.job_seconds))
            job = [seconds(series.job_seconds), times(job_ratio.median)]
        once = " (once)" if series.contender.once else ""
        cells = [
            label + once,
            seconds(series.seconds),
            f"**{times(ratio.median)}**",
            span(ratio),
            *job,
        ]
        yield row([*cells, f"{series.different:,}"])


def scaling(bench: Bench) -> Iterator[str]:
    """Speedup and efficiency, each against the same implementation on one worker."""
    one = "time | speedup | efficiency"
    yield f"| case | implementation | workers | {one} | whole job{one.removeprefix('time')} |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for case in bench.cases[1:]:
        for family in families(bench.tables[case.name]):
            for series in family:
                contender = series.contender
                cells = [f"{case.name}, {case.side}²", contender.name, contender.team]
                cells += speedup(family[0].seconds, series.seconds, contender.workers)
                cells += speedup(family[0].job_seconds, series.job_seconds, contender.workers)
                yield row(cells)


def families(table: Table) -> list[list[Series]]:
    """The implementations that ran on one worker and on more, ascending."""
    groups: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in table.values():
        groups[series.contender.name, series.contender.unit].append(series)
    ordered = [sorted(group, key=lambda series: series.contender.workers) for group in groups.values()]
    return [group for group in ordered if len(group) > 1 and group[0].contender.workers == 1]


def speedup(base: list[float], values: list[float], workers: int) -> list[str]:
    if not values:
        return ["", "", ""]
    gain = Spread.of(ratios(base, values)).median
    return [seconds(values), f"{gain:.2f}", f"{gain / workers:.0%}"]


def skips(skipped: Iterable[Skipped]) -> list[str]:
    """What is not in the tables, and what would bring it."""
    return [
        f"- {skip.name}: {skip.reason}" + (f" -> {skip.remedy}" if skip.remedy else "") for skip in skipped
    ]


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def seconds(values: list[float]) -> str:
    median = Spread.of(values).median
    return f"{median:.2f}" if median >= 10 else f"{median:.3f}" if median >= 0.1 else f"{median:.4f}"


def times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"


def span(spread: Spread) -> str:
    return f"{times(spread.least)}..{times(spread.most)}"
