"""What the figures were measured on and with."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from datetime import date
from importlib import metadata
from pathlib import Path

from talk_bench import launch

BUSY = 0.25
"""Load per CPU before the bench from which on the machine counts as shared."""


def cpu() -> str:
    """The model, as the kernel names it, and how many CPUs we may use."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.MULTILINE)
    fields = {key: re.search(rf"^{key}\s*:\s*(\d+)$", text, re.MULTILINE) for key in ("cpu family", "model")}
    ids = ", ".join(f"{key} {match[1]}" for key, match in fields.items() if match)
    name = found[1].strip() if found else platform.processor() or platform.machine()
    return f"{name}{f' ({ids})' if ids else ''}, {len(launch.cpus())} CPUs"


def load() -> str:
    """Whether others were using the machine when the bench began."""
    minute = os.getloadavg()[0]
    shared = minute > BUSY * len(launch.cpus())
    verdict = "the machine was shared, mind the spread" if shared else "the machine was idle"
    return f"load average before the bench {minute:.2f}: {verdict}"


def software() -> str:
    names = ("numpy", "numba", "mpi4py", "pyopencl")
    parts = [f"Python {platform.python_version()}"]
    for name in names:
        try:
            parts.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join([*parts, *map(first_line, filter(shutil.which, ("gfortran", "mpirun")))])


def first_line(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return said.splitlines()[0].strip() if said else program


def today() -> str:
    return date.today().isoformat()
