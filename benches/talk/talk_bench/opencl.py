"""The talk's OpenCL on the CPU: the first CPU device that can run the kernel, on all of its threads.

A driver that does not know the CPU may take the whole process with it: run as a program, this file
tries the kernel on a small grid in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from talk_bench.cases import AREA1, Case, Counts
from talk_bench.contender import Contender, Sample, Unavailable

SOURCE = Path(__file__).with_name("mandel.cl")
DRIVER = "package pocl-opencl-icd (or another OpenCL driver for CPUs)"


def contender(missing: dict[str, str]) -> Contender:
    if "pyopencl" in missing:
        raise Unavailable(f"no pyopencl: {missing['pyopencl']}", "pip package pyopencl")
    trial = [sys.executable, "-m", "talk_bench.opencl"]
    tried = subprocess.run(
        trial,
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        said = tried.stderr.strip().splitlines()
        raise Unavailable(said[-1] if said else f"the driver crashed ({tried.returncode})", DRIVER)
    return prepared()


def prepared() -> Contender:
    """With the first device that compiles the kernel and computes with it."""
    import pyopencl

    complaints = []
    for device in cpu_devices():
        try:
            found = on_device(device)
            found.run(AREA1.resized(16))
            return found
        except pyopencl.Error as error:
            complaints.append(f"{device.platform.name} on {device.name.strip()}: {first_error(error)}")
    raise Unavailable("; ".join(complaints) or "no OpenCL driver with a CPU device", DRIVER)


def cpu_devices() -> Iterator[Any]:
    import pyopencl

    try:
        platforms = pyopencl.get_platforms()
    except pyopencl.Error:  # "platform not found"
        return
    for platform in platforms:
        yield from platform.get_devices(pyopencl.device_type.CPU)


def first_error(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next(
        (line for line in lines if line.startswith("error")),
        lines[0] if lines else repr(error),
    )


def on_device(device: Any) -> Contender:
    import pyopencl as cl

    context = cl.Context([device])
    queue = cl.CommandQueue(context)
    kernel = cl.Kernel(cl.Program(context, SOURCE.read_text()).build(), "mandel_set")
    read_only = cl.mem_flags.READ_ONLY | cl.mem_flags.COPY_HOST_PTR

    def compute(case: Case, max_iter: int) -> Counts:
        counts = np.empty((case.side, case.side), np.int32)
        re = cl.Buffer(context, read_only, hostbuf=case.re_samples())
        im = cl.Buffer(context, read_only, hostbuf=case.im_samples())
        out = cl.Buffer(context, cl.mem_flags.WRITE_ONLY, counts.nbytes)
        kernel(queue, counts.shape, None, re, im, np.int32(max_iter), out)
        cl.enqueue_copy(queue, counts, out).wait()
        return counts

    def run(case: Case) -> Sample:
        compute(case, 1)  # drivers compile once more for each size of the grid
        began = time.perf_counter()
        counts = compute(case, case.max_iter)
        return Sample(time.perf_counter() - began, counts)

    return Contender(f"OpenCL ({device.platform.name})", device.max_compute_units, "thread", run)


if __name__ == "__main__":
    try:
        prepared()
    except Unavailable as unavailable:
        sys.exit(unavailable.reason)
