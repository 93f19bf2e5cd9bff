#!/usr/bin/env python3
"""Predicts how mandel-mpi scales, from the real band costs of a run.

    tools/scaling_model.py SUMMARY.json... [--grids N...] [--ranks N...] [--plot FILE.png]

All summaries are of one region and max_iter (they do not say which region: that is up to you). A 1-rank run
with one thread gives the speeds; a run of the same grid, else the finest one, gives the true costs and those
that ranks believed. Runs of one thread per rank on the calibrating run's grid, or finer ones, are compared
with what the model says of them.

Model of one job, in seconds (measured = from the calibrating run; stated = an option):

    work of a rank   (executed + points * point_cost) * iteration_s / threads
                     measured, of its block of the static cut; divided by full_node where other cores of the
                     node are at work, too: they share clock and caches
    sample           share of the coarse sample that a rank computes * iteration_s / threads
    cut              CUT_STEP_S * ranks * log2(cost) * log2(bands), on every rank, once a round
    rounds           by time (round_seconds). Each but the last loses half of the dearest band
    gather           messages of GATHER_BYTES at least, one from each rank each time, beside the computing:
                     no shorter than bytes from other nodes / network + gathers * ranks * latency
    collectives      rounds * COLLECTIVES * log2(ranks) * latency
    journal          bytes / disk, beside the computing
    assembling       bytes / disk: the file written and synced, and compared meanwhile
    not in it        ranks of unequal speed, rounds that even out the balance
    wall             setup + sample + max(compute + cuts + collectives, gather, journal) + assembling
                     + finish_s; launching MPI is not in it, as it is not in the program's wall_s

Factors as POP defines them (https://pop-coe.eu/node/69), with useful = computing and encoding:

    load balance       mean / max useful time over ranks
    serialisation      max useful / wall on an ideal network (no latency, no limit)
    transfer           wall on an ideal network / wall
    communication      serialisation * transfer = max useful / wall
    parallel efficiency (POP)   load balance * communication = mean useful / wall
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from math import ceil, log2

import numpy as np
import partition_model as partition
from partition_model import Geometry
from run_summary import RunSummary, load, median_wall_s, typical

GRIDS = [8192, 32_768, 131_072, 1_048_576]
RANKS = [64, 256, 1024, 4096, 16_384, 65_536]

GATHER_BYTES = 16 << 20
"""What ranks hold together when it is gathered."""

COLLECTIVES = 12
"""Collective calls of a round, heartbeats left out: they are beside the computing."""

CUT_STEP_S = 1.5e-9
"""Seconds of one step of a binary search in `row_blocks`.

Measured on one core: 83 ms for 131072 bands on 65536 ranks.
"""


@dataclass(frozen=True)
class Machine:
    """Speeds and costs; all of a core or of the root, in SI units."""

    iteration_s: float
    point_cost: int
    bytes_per_point: float
    setup_s: float
    disk: float
    network: float
    latency_s: float
    round_s: float
    finish_s: float
    cores_per_node: int
    full_node: float
    round_seconds: float

    def on_ideal_network(self) -> Machine:
        """The same with messages that take no time."""
        return replace(self, network=float("inf"), latency_s=0.0)


@dataclass(frozen=True)
class Problem:
    """A grid with what its bands cost and what ranks believe that they cost."""

    geometry: Geometry
    costs: np.ndarray
    believed: np.ndarray
    costs_are: str


@dataclass(frozen=True)
class Prediction:
    """What the model says of a job on some ranks."""

    ranks: int
    threads: int
    rounds: int
    mean_s: float
    max_s: float
    ideal_s: float
    wall_s: float

    @property
    def load_balance(self) -> float:
        """Mean / max useful time."""
        return self.mean_s / self.max_s

    @property
    def serialisation(self) -> float:
        """Max useful time / wall on an ideal network."""
        return self.max_s / self.ideal_s

    @property
    def transfer(self) -> float:
        """Wall on an ideal network / wall."""
        return self.ideal_s / self.wall_s

    @property
    def communication(self) -> float:
        """Max useful time / wall."""
        return self.max_s / self.wall_s

    @property
    def efficiency(self) -> float:
        """Mean useful time / wall."""
        return self.mean_s / self.wall_s


def geometry_of(run: RunSummary) -> Geometry:
    """The grid of a run."""
    return Geometry(run.height, run.width, run.max_iter)


def calibrated(run: RunSummary, args: argparse.Namespace) -> Machine:
    """The speeds of a run on one rank with one thread; what `args` state takes their place."""
    compute_s, encode_s = run.phases["compute"].max_s, run.phases["encode"].max_s
    setup_s = run.phases["setup"].max_s
    finish_s = args.finish_ms / 1e3
    rest_s = run.wall_s - setup_s - compute_s - encode_s - run.rounds * args.round_overhead_ms / 1e3
    # Of the cost that ranks cut by, points included: what time is most nearly proportional to.
    iteration_s = (compute_s + encode_s) / (run.executed + run.points * run.point_cost)
    sample_s = run.executed / geometry_of(run).stride ** 2 * iteration_s
    return Machine(
        iteration_s=1e-9 / args.giter_per_s if args.giter_per_s else iteration_s,
        point_cost=run.point_cost,
        bytes_per_point=run.gathered_bytes / run.points,
        setup_s=max(setup_s - sample_s, 0.0),
        disk=args.disk_mb_s * 1e6 if args.disk_mb_s else run.gathered_bytes / max(rest_s - finish_s, 1e-3),
        network=args.network_gb_s * 1e9,
        latency_s=args.latency_us * 1e-6,
        round_s=args.round_overhead_ms * 1e-3,
        finish_s=finish_s,
        cores_per_node=args.cores_per_node,
        full_node=args.full_node,
        round_seconds=args.round_seconds,
    )


def problem(runs: list[RunSummary], height: int) -> Problem:
    """The square grid of `height` rows, from a run of it, or scaled from the finest run of the region."""
    # Of several runs the one on the most threads: its slabs are the smallest, so its costs are the truest.
    source = max(runs, key=lambda run: (run.height == height, run.height, run.cores))
    known, geometry = geometry_of(source), Geometry(height, height, source.max_iter)
    scaled = known != geometry
    costs, believed = (
        partition.resampled(costs, known, geometry) if scaled else costs
        for costs in (source.band_costs, source.believed_band_costs)
    )
    return Problem(geometry, costs, believed, f"scaled from {source.height} rows" if scaled else "measured")


def predict(job: Problem, machine: Machine, ranks: int, threads: int) -> Prediction:
    """A job on `ranks` ranks."""
    costs = partition.with_points(job.costs, job.geometry, machine.point_cost)
    speed = machine.full_node if ranks * threads > 1 else 1.0
    band_s = costs * machine.iteration_s / threads / speed
    work_s = partition.block_sums(band_s, partition.best_cut(job.believed, ranks))
    mean_s, max_s = float(work_s.mean()), float(work_s.max())
    rounds = round_count(machine, max_s)
    ideal_s, real_s = (
        wall_s(job, network, ranks, threads, rounds, max_s, float(band_s.max()))
        for network in (machine.on_ideal_network(), machine)
    )
    return Prediction(ranks, threads, rounds, mean_s, max_s, ideal_s, real_s)


def round_count(machine: Machine, max_s: float) -> int:
    """Rounds by time; the last one may be a tenth longer."""
    return max(1, ceil(max_s / machine.round_seconds - 0.1))


def wall_s(
    job: Problem, machine: Machine, ranks: int, threads: int, rounds: int, max_s: float, dearest_s: float
) -> float:
    """Wall time by the formulas above."""
    total = job.geometry.points * machine.bytes_per_point
    disk_s = total / machine.disk
    meetings_s = rounds * (
        machine.round_s + cut_s(job, ranks) + COLLECTIVES * log2(ranks) * machine.latency_s
    )
    loop_s = max_s + (rounds - 1) * dearest_s / 2 + meetings_s
    before_s = machine.setup_s + sample_s(job, machine, ranks, threads)
    during_s = max(loop_s, gather_s(machine, total, ranks, threads), disk_s)
    return before_s + during_s + disk_s + machine.finish_s


def sample_s(job: Problem, machine: Machine, ranks: int, threads: int) -> float:
    """The coarse sample's rows that fall to the first rank."""
    rows = -(-job.geometry.height // job.geometry.stride)
    share = ceil(rows / ranks) / rows
    return share * float(job.costs.sum()) / job.geometry.stride**2 * machine.iteration_s / threads


def cut_s(job: Problem, ranks: int) -> float:
    """The cuts of a round, the same on every rank."""
    return CUT_STEP_S * ranks * log2(float(job.believed.sum())) * log2(job.geometry.bands + 1)


def gather_s(machine: Machine, total: float, ranks: int, threads: int) -> float:
    """All messages with records, one after the other at root."""
    nodes = ceil(ranks * threads / machine.cores_per_node)
    gathers = max(1, total / GATHER_BYTES)
    return total * (1 - 1 / nodes) / machine.network + gathers * (ranks - 1) * machine.latency_s


def imbalances(job: Problem, ranks: int, point_cost: int) -> dict[str, float]:
    """Max / mean of cost for three ways to cut. Costs count points as ranks do, unless it says `executed`."""
    costs = partition.with_points(job.costs, job.geometry, point_cost)
    equal = partition.equal_cut(job.geometry.bands, ranks)
    believed = partition.best_cut(job.believed, ranks)
    return {
        "equal rows": partition.imbalance(costs, equal),
        "by predicted cost": partition.imbalance(costs, believed),
        "the same, executed alone": partition.imbalance(job.costs, believed),
        "best at whole bands": partition.imbalance(costs, partition.best_cut(costs, ranks)),
    }


def balance_table(jobs: list[Problem], ranks: list[int], point_cost: int) -> list[str]:
    """Max / mean of cost over ranks, a line per way to cut."""
    lines = [
        "| rows | bands | costs | cut | " + " | ".join(f"{n} ranks" for n in ranks) + " |",
        "|---|---|---|---|" + "---|" * len(ranks),
    ]
    for job in jobs:
        columns = [imbalances(job, count, point_cost) for count in ranks]
        first = f"| {job.geometry.height} | {job.geometry.bands} | {job.costs_are} "
        for cut in columns[0]:
            values = " | ".join(f"{column[cut]:.3f}" for column in columns)
            lines.append(f"{first}| {cut} | {values} |")
    return lines


def time_table(jobs: list[Problem], machine: Machine, ranks: list[int], threads: int) -> list[str]:
    """Wall times and POP factors; the baseline of speedup is the model of one rank with one thread."""
    factors = "load balance | serialisation | transfer | communication"
    lines = [
        f"| rows | ranks | rounds | wall s | speedup | t1/(N tN) | {factors} |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for job in jobs:
        one = predict(job, machine, 1, 1).wall_s
        for count in ranks:
            p = predict(job, machine, count, threads)
            speedup = one / p.wall_s
            lines.append(
                f"| {job.geometry.height} | {count} | {p.rounds} | {p.wall_s:.3g} | {speedup:.1f} "
                f"| {speedup / (count * threads):.3f} | {p.load_balance:.3f} | {p.serialisation:.3f} "
                f"| {p.transfer:.3f} | {p.communication:.3f} |"
            )
    return lines


def check_table(runs: list[RunSummary], base: RunSummary, machine: Machine) -> list[str]:
    """The model against the runs that were given, medians over repeats."""
    groups = defaultdict(list)
    for run in runs:
        if set(run.threads) == {1} and run.height == run.width and run.resumed_bands == 0:
            groups[run.height, run.ranks, run.threads[0]].append(run)
    lines = [
        "| rows | ranks | threads | runs | measured s (median) | predicted s | error |",
        "|---|---|---|---|---|---|---|",
    ]
    for (height, ranks, threads), group in sorted(groups.items()):
        if height < base.height:
            continue
        measured, said = median_wall_s(group), predict(problem(runs, height), machine, ranks, threads).wall_s
        lines.append(
            f"| {height} | {ranks} | {threads} | {len(group)} | {measured:.3f} | {said:.3f} "
            f"| {100 * (said / measured - 1):+.1f} % |"
        )
    return lines


def stated(machine: Machine, base: RunSummary) -> list[str]:
    """The numbers that everything else follows from."""
    calibrated = (
        f"Calibrated by {base.height} x {base.width} points on 1 rank, kernel {base.kernel}: "
        f"{1e-9 / machine.iteration_s:.2f} Giter/s per core, "
        f"each point counted as {machine.point_cost} iterations more, "
        f"{machine.bytes_per_point:.3f} bytes per point, setup {machine.setup_s:.3f} s."
    )
    given = (
        f"Stated: network {machine.network / 1e9:g} GB/s, latency {machine.latency_s * 1e6:g} us, "
        f"disk {machine.disk / 1e6:.0f} MB/s, {machine.round_s * 1e3:g} ms per round, "
        f"{machine.finish_s * 1e3:g} ms at the end, "
        f"{machine.cores_per_node} cores per node, each {machine.full_node:g} as fast as alone, "
        f"rounds of {machine.round_seconds:g} s."
    )
    return [calibrated, given]


def plot(jobs: list[Problem], machine: Machine, ranks: list[int], threads: int, path: str) -> None:
    """Parallel efficiency over ranks, a line per grid."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for job in jobs:
        one = predict(job, machine, 1, 1).wall_s
        efficiency = [one / (n * threads * predict(job, machine, n, threads).wall_s) for n in ranks]
        axes.plot(ranks, efficiency, marker="o", label=f"{job.geometry.height}²")
    axes.set(xscale="log", ylim=(0, 1.05), xlabel="ranks", ylabel="parallel efficiency t1/(N tN), modelled")
    axes.set_xscale("log", base=2)
    axes.grid(alpha=0.3)
    axes.legend(title="grid")
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("summaries", nargs="+", metavar="SUMMARY.json")
    parser.add_argument("--grids", type=int, nargs="+", default=GRIDS, help="rows (= columns) of the grids")
    parser.add_argument("--ranks", type=int, nargs="+", default=RANKS)
    parser.add_argument("--threads", type=int, default=1, help="threads per rank")
    parser.add_argument(
        "--giter-per-s", type=float, help="executed iterations of a core; default: as calibrated"
    )
    parser.add_argument("--disk-mb-s", type=float, help="root's disk; default: as calibrated")
    parser.add_argument("--network-gb-s", type=float, default=10.0, help="into root")
    parser.add_argument("--latency-us", type=float, default=2.0)
    parser.add_argument("--round-overhead-ms", type=float, default=10.0)
    parser.add_argument("--finish-ms", type=float, default=50.0, help="polls and syncs at the end")
    parser.add_argument("--cores-per-node", type=int, default=64)
    parser.add_argument(
        "--full-node", type=float, default=0.97, help="speed of a core among busy ones, against alone"
    )
    parser.add_argument("--round-seconds", type=float, default=30.0)
    parser.add_argument("--plot", metavar="FILE.png")
    return parser.parse_args(argv)


def calibrating_run(runs: list[RunSummary]) -> RunSummary:
    """The 1-rank run of one thread on the finest grid; of repeats the one of median wall time."""
    alone = [run for run in runs if run.ranks == 1 and run.cores == 1 and run.resumed_bands == 0]
    if not alone:
        raise ValueError("no run of 1 rank with 1 thread among the summaries")
    finest = max(run.height for run in alone)
    return typical([run for run in alone if run.height == finest])


def main(argv: list[str] | None = None) -> int:
    """Prints the tables."""
    args = parse_args(argv)
    try:
        runs = [load(path) for path in args.summaries]
        if len({run.max_iter for run in runs}) > 1:
            raise ValueError("the summaries differ in max_iter: give those of one region")
        base = calibrating_run(runs)
    except (OSError, ValueError) as error:
        print(f"scaling_model: error: {error}", file=sys.stderr)
        return 2
    machine = calibrated(base, args)
    jobs = [problem(runs, height) for height in args.grids]
    sections = {
        "Model": stated(machine, base),
        "Model against runs (one rank predicts itself)": check_table(runs, base, machine),
        "Max / mean of cost over ranks, static cut": balance_table(jobs, args.ranks, base.point_cost),
        "Modelled wall time and efficiency": time_table(jobs, machine, args.ranks, args.threads),
    }
    for title, lines in sections.items():
        print(f"\n### {title}\n", *lines, sep="\n")
    if args.plot:
        plot(jobs, machine, args.ranks, args.threads, args.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
