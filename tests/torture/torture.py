"""Tortures the program: kills, faults, power cuts, full disks, limits, damaged journals.

Each scenario can be run alone, says what it did in numbers, and fails with the evidence kept when a promise
is broken. `tests/torture/torture.sh` builds the program and calls this.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import damage
import fault_points
import full_disk
import kill
import limits
import nth_fault
import power_cut
import slowed_rank
import two_writers
from bench import Bench, Broken, Builds, Skipped

SCENARIOS = {
    "kill": kill.run,
    "two-writers": two_writers.run,
    "slowed-rank": slowed_rank.run,
    "nth-fault": nth_fault.run,
    "power-cut": power_cut.run,
    "full-disk": full_disk.run,
    "limits": limits.run,
    "fault-points": fault_points.run,
    "damage": damage.run,
}


def main():
    options = parse()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}{', short form' if options.short else ''}", flush=True)
    started = time.monotonic()
    builds = Builds({"mpi": options.program, "serial": options.serial, "fault-points": options.fault_points})
    try:
        broken = [
            name for name in options.scenarios or SCENARIOS if not survives(name, builds, seed, options.short)
        ]
    finally:
        builds.close()
    verdict = f"BROKEN: {', '.join(broken)}" if broken else "all promises kept"
    print(f"{verdict} after {time.monotonic() - started:.0f} s")
    return 1 if broken else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS) + "; default: all"
    )
    parser.add_argument("--short", action="store_true", help="the form that is part of every test run")
    parser.add_argument("--seed", type=int, help="repeats the random choices of an earlier run")
    parser.add_argument("--program", type=Path, required=True, help="the program as it is shipped, with MPI")
    parser.add_argument("--serial", type=Path, required=True, help="the build without MPI")
    parser.add_argument("--fault-points", type=Path, required=True, help="the build with --fail-at")
    options = parser.parse_args()
    unknown = [name for name in options.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    return options


def survives(name, builds, seed, short):
    """Runs a scenario; says whether all promises were kept."""
    bench = Bench(name, builds, seed, short)
    started = time.monotonic()
    print(f"{name}", flush=True)
    try:
        SCENARIOS[name](bench)
    except Skipped as skipped:
        print(f"  skipped: {skipped}", flush=True)
    except Broken as broken:
        print(f"  BROKEN: {broken}\n  evidence: {bench.keep()}\n  again: {name} --seed {seed}", flush=True)
        return False
    finally:
        bench.close()
    print(f"  {time.monotonic() - started:.1f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
