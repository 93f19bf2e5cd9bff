"""The limits of the shell: file size (ulimit -f), memory (ulimit -v), no memory for the stacks of threads.

The promises: a message and its exit code, not a crash. SIGXFSZ must be ignored, so that a file that grows too
long is an error like any other; memory that is refused must not abort. One crash is not the program's: HDF5
1.10 follows a null pointer when it has no memory to begin with. That is let pass, and told, once all bands
are in the journal.
"""

import resource
import shutil
import signal

from bench import expect
from job import OUTPUT, Job
from power import bands_of

HEIGHT = 1000
CRASH_IN_HDF5 = -signal.SIGSEGV

FILE_SIZE_CODES = {74}
# HDF5 tells that it had no memory as a failure to write.
MEMORY_CODES = {71: ("out of memory", "cannot start a thread"), 74: ("HDF5",)}

MIB = 1 << 20

# So much memory is enough for the job, and the steps up to there.
MOST_MEMORY_MIB = 1024
MEMORY_STEP_MIB = 4

# Stacks of 2 MiB for so many threads need four times that memory, and the slow kernel does not let the first
# ones end before the last ones are to begin.
TOO_MANY_THREADS = ("--threads", 200, "--kernel", "reference")
MEMORY_FOR_SOME_MIB = 96


def run(bench):
    """The scenario."""
    job = Job(bench, 1000, HEIGHT, 60, deflate=0)
    folder = job.run_clean()
    file_sizes(bench, job, (folder / OUTPUT).stat().st_size)
    memory(bench, job)
    threads(bench, job)


def file_sizes(bench, job, whole):
    """From less than a header to nearly the finished file."""
    # The program's words go to files, too: no smaller than those.
    sizes = [1 << 10, 1 << 12, 1 << 16, 1 << 20, whole - 1]
    for size in sizes:
        folder = bench.new_folder()
        ended = bench.run(job.alone(), folder, limits=[(resource.RLIMIT_FSIZE, size)])
        evidence = f"files of at most {size} bytes\n{ended}"
        expect(ended.code in FILE_SIZE_CODES, "a file that may not grow is an I/O failure", evidence)
        expect(len(ended.errors) == 1, "there is one message", evidence)
        job.expect_never_wrong(folder, evidence)
        job.resume(folder)
        shutil.rmtree(folder)
    bench.say(f"file size: {len(sizes)} limits, 74 and one message each, resumed to the same file")


def memory(bench, job):
    """Less memory than the job needs, from hardly any up to enough."""
    counts: dict[int, int] = {}
    step = 4 * MEMORY_STEP_MIB if bench.short else MEMORY_STEP_MIB
    for mib in range(16, MOST_MEMORY_MIB, step):
        folder = bench.new_folder()
        ended = bench.run(job.alone(), folder, limits=[(resource.RLIMIT_AS, mib * MIB)])
        evidence = f"{mib} MiB of memory\n{ended}"
        job.expect_never_wrong(folder, evidence)
        if ended.code == 127 and "error while loading shared libraries" in ended.stderr:
            # The loader had no memory for the program itself.
            continue
        counts[ended.code] = counts.get(ended.code, 0) + 1
        if ended.code == 0:
            expect((folder / OUTPUT).exists(), "who ends with 0 has made the file", evidence)
            break
        if ended.code == CRASH_IN_HDF5:
            done = bands_of({path.name: path.read_bytes() for path in folder.iterdir()})
            expect(len(done) == HEIGHT, "only HDF5 may crash, when the file is assembled", evidence)
        else:
            expect_memory_message(ended, evidence)
        job.resume(folder)
        shutil.rmtree(folder)
    expect(0 in counts, f"{MOST_MEMORY_MIB} MiB are enough", counts)
    bench.say("memory: " + ", ".join(f"{count} x exit code {code}" for code, count in counts.items()))


def threads(bench, job):
    """More threads than there is memory for.

    The limit on processes (ulimit -u) fails alike, but does not bind root.
    """
    folder = bench.new_folder()
    limits = [(resource.RLIMIT_AS, MEMORY_FOR_SOME_MIB * MIB)]
    ended = bench.run(job.alone(*TOO_MANY_THREADS), folder, limits=limits)
    expect(ended.code == 71, "threads that are refused are like memory that is", ended)
    expect_memory_message(ended, ended)
    job.expect_never_wrong(folder, ended)
    job.resume(folder)
    bench.say(f"threads: {ended.errors[0]}")


def expect_memory_message(ended, evidence):
    """One message that tells what is wrong, and its code."""
    expect(ended.code in MEMORY_CODES, "too little memory has its exit code", evidence)
    expect(len(ended.errors) == 1, "there is one message", evidence)
    told = any(words in ended.errors[0] for words in MEMORY_CODES[ended.code])
    expect(told, "the message tells what is wrong", evidence)
