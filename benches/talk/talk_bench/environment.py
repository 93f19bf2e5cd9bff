"""The bench's own Python environment, made once from pinned versions and entered by re-execution.

Wheels only: compiling a package would take minutes and fail in a thousand ways. What is optional is
installed one by one, so that a machine that lacks it still gets the rest of the table.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
EX_UNAVAILABLE = 69


def enter(venv: Path, pyproject: Path) -> dict[str, str]:
    """Goes on inside `venv`; returns the optional packages that it lacks, with the reason."""
    if Path(sys.prefix).resolve() == venv.resolve():
        return json.loads(stamp_of(venv).read_text())["missing"]
    if sys.hexversion < 0x030B0000:
        refuse(f"Python {sys.version.split()[0]} is too old: 3.11 or newer")
    make(venv, pyproject)
    python = str(venv / "bin/python")
    os.execv(python, [python, *sys.argv])


def make(venv: Path, pyproject: Path) -> None:
    """Makes the environment unless it is there and of these versions."""
    requirements = tomllib.loads(pyproject.read_text())["dependency-groups"]
    identity = hashlib.sha256(f"{requirements}{sys.version}".encode()).hexdigest()
    venv.parent.mkdir(parents=True, exist_ok=True)
    with venv.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second bench waits for the first one's environment
        if read_identity(venv) == identity:
            return
        print(f"bench: making the Python environment {venv}", file=sys.stderr)
        shutil.rmtree(venv, ignore_errors=True)
        create(venv)
        missing = install(venv, requirements)
        stamp_of(venv).write_text(json.dumps({"identity": identity, "missing": missing}))


def stamp_of(venv: Path) -> Path:
    return venv / "bench.json"


def read_identity(venv: Path) -> str | None:
    try:
        return json.loads(stamp_of(venv).read_text())["identity"]
    except (OSError, ValueError, KeyError):
        return None


def create(venv: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "venv", venv],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        refuse(f"python -m venv failed (Debian, Ubuntu: package python3-venv)\n{made.stdout}{made.stderr}")


def install(venv: Path, requirements: dict[str, list[str]]) -> dict[str, str]:
    """Installs what is required at once, what is optional one by one; returns what could not be had."""
    complaint = pip_install(venv, requirements["bench"])
    if complaint:
        shutil.rmtree(venv, ignore_errors=True)
        refuse(f"pip could not install {', '.join(requirements['bench'])}: {complaint}")
    complaints = {pin.split("==")[0]: pip_install(venv, [pin]) for pin in requirements["bench-optional"]}
    return {name: complaint for name, complaint in complaints.items() if complaint}


def pip_install(venv: Path, pins: list[str]) -> str | None:
    """pip's last word where it failed."""
    command = [str(venv / "bin/python"), *PIP, *pins]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or "no message").splitlines()[-1]


def refuse(why: str) -> NoReturn:
    print(f"bench: error: {why}", file=sys.stderr)
    sys.exit(EX_UNAVAILABLE)
