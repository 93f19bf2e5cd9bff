"""The ratios as bars on a logarithmic scale, an area beside the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter

from talk_bench.measure import Bench, Spread, Table, ratios
from talk_bench.python_numba import YARDSTICK
from talk_bench.report import times, title

HEADING = "Speed relative to numba implementation 5 on one thread"
TALK, OURS, INK = "#8a8fa3", "#d1495b", "#333333"
JOB: dict[str, Any] = {
    "marker": "D",
    "color": "white",
    "markeredgecolor": INK,
    "markersize": 5,
}


def write(bench: Bench, path: Path, subtitle: str) -> None:
    cases = [case for case in bench.cases if YARDSTICK.label in bench.tables[case.name]]
    rows = max(len(bench.tables[case.name]) for case in cases)
    size = (7.5 * len(cases), 1.6 + 0.36 * rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(cases), squeeze=False)
    for case, axis in zip(cases, axes[0], strict=True):
        draw(axis, bench.tables[case.name])
        axis.set_title(title(case), fontsize=11)
    figure.suptitle(f"{HEADING}\n{subtitle}", fontsize=12)
    figure.legend(handles=legend(), loc="outside lower center", ncols=3, fontsize=9)
    figure.savefig(path, dpi=110)


def draw(axis: Axes, table: Table) -> None:
    """Bars: the time of the call or of the kernel. Diamonds: the whole job."""
    base = table[YARDSTICK.label].seconds
    for place, series in enumerate(table.values()):
        ratio = Spread.of(ratios(base, series.seconds))
        error = [[ratio.median - ratio.least], [ratio.most - ratio.median]]
        colour = OURS if series.contender.ours else TALK
        axis.barh(place, ratio.median, color=colour, xerr=error, ecolor=INK, capsize=2)
        where: dict[str, Any] = {
            "xy": (ratio.most, place),
            "xytext": (5, 0),
            "va": "center",
        }
        text = times(ratio.median)
        axis.annotate(text, **where, textcoords="offset points", fontsize=8)
        if series.job_seconds:
            job = Spread.of(ratios(base, series.job_seconds)).median
            axis.plot(job, place, **JOB)
    axis.set_yticks(range(len(table)), list(table), fontsize=8)
    axis.invert_yaxis()
    axis.axvline(1, color=INK, linewidth=0.8)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.margins(x=0.12, y=0.02)
    axis.grid(axis="x", which="both", alpha=0.25)
    axis.set_axisbelow(True)


def legend() -> list[Artist]:
    return [
        Patch(color=TALK, label="the talk's: the function call"),
        Patch(color=OURS, label="mandel-mpi: the kernel"),
        Line2D([], [], linestyle="", label="the whole job, from start to file", **JOB),
    ]
