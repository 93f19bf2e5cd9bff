"""The bench of the torture: builds of the program, a folder to work in, every process that is started.

Every process carries a mark in its environment and is found by it, so that nothing else on the machine is
ever killed or counted. A broken promise raises `Broken`; the folder with the evidence is then kept.
"""

import dataclasses
import hashlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

MARK = "MANDEL_MPI_TORTURE"

# Nothing that is tortured here may need longer than this to end.
TIMEOUT_S = 60

# A job's files lie in memory where so many bytes of it are free: a sync takes no time there.
# Power is cut in thought only.
MEMORY_NEEDED = 512 << 20

# When a launcher must have started its ranks.
RANKS_WITHIN_S = 20

# What a process may take to disappear once its job has ended.
GONE_WITHIN_S = 15


class Broken(Exception):
    """A promise of the program was broken."""


class Skipped(Exception):
    """This machine does not let the scenario run."""


@dataclasses.dataclass
class Ended:
    """How a run ended: its exit code (negative: the signal that ended it), and what it said."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def errors(self):
        """The lines that say why it failed."""
        return [line for line in self.stderr.splitlines() if line.startswith("mandel-mpi: error:")]

    @property
    def resumed(self):
        """Number of bands that it found finished."""
        found = re.search(r"resuming: (\d+) of \d+ bands", self.stderr)
        return int(found[1]) if found else 0

    @property
    def checksum(self):
        """Of the finished file, as the last line tells."""
        found = re.search(r"mandel-mpi: (?:done|already complete) .*checksum=(\S+)", self.stdout)
        return found[1] if found else None

    @property
    def wall_s(self):
        """Seconds from the program's own start to its end, as the last line tells."""
        found = re.search(r"wall_s=(\S+)", self.stdout)
        return float(found[1]) if found else None

    def __str__(self):
        return f"exit code {self.code} after {self.seconds:.1f} s\n{self.stdout}{self.stderr}".rstrip()


class Builds:
    """Copies of the program's builds, which no other build can replace meanwhile, and the shim."""

    def __init__(self, programs):
        self.folder = Path(tempfile.mkdtemp(prefix="mandel-mpi-torture-builds-"))
        self.programs = {name: Path(shutil.copy(path, self.folder / name)) for name, path in programs.items()}
        self.shim = self.folder / "shim.so"
        source = Path(__file__).with_name("shim.c")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.shim, source], check=True)

    def close(self):
        shutil.rmtree(self.folder)


class Bench:
    """Builds, folder, random numbers and processes of one scenario."""

    def __init__(self, name, builds, seed, short):
        self.builds = builds
        self.short = short
        # Of its own, so that a scenario run alone does what it did among the others.
        self.random = random.Random(f"{seed} {name}")
        self.folder = Path(tempfile.mkdtemp(prefix=f"mandel-mpi-torture-{name}-", dir=memory_folder()))
        self.shared_memory = self.folder / "shared-memory"
        self.mark = self.folder.name
        self.jobs = 0
        self.shared_memory.mkdir()
        (self.folder / "tmp").mkdir()

    def close(self):
        """Ends what still runs and removes the files."""
        self.kill_all()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self):
        """Ends what still runs and keeps the files as evidence; where they are."""
        self.kill_all()
        # MPI's pipes and sockets cannot be copied, and tell nothing.
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        evidence = tempfile.mkdtemp(prefix="mandel-mpi-torture-evidence-")
        return Path(shutil.copytree(self.folder, evidence, dirs_exist_ok=True))

    def say(self, text):
        print(f"  {text}", flush=True)

    def new_folder(self):
        """An empty folder for one job."""
        self.jobs += 1
        folder = self.folder / f"job-{self.jobs}"
        folder.mkdir()
        return folder

    def environment(self, extra=None):
        """Of all that is started: the mark, and an MPI that keeps its files where they are seen."""
        return {
            **os.environ,
            MARK: self.mark,
            "TMPDIR": str(self.folder / "tmp"),
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1",
            "OMPI_MCA_mpi_yield_when_idle": "1",
            "OMPI_MCA_btl_vader_backing_directory": str(self.shared_memory),
            **(extra or {}),
        }

    def start(self, command, folder, extra=None, limits=(), voice="job"):
        """Starts a command in a job's folder; its words go to files, which no orphan can hold shut.

        Commands that run at the same time need each a `voice` of their own.
        """
        stdout, stderr = self.words_of(voice)
        with stdout.open("w") as stdout, stderr.open("w") as stderr:
            return subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=self.environment(extra),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=lambda: set_limits(limits),  # noqa: PLW1509 (no threads here)
            )

    def wait(self, process, started, timeout_s=TIMEOUT_S, voice="job"):
        """Waits for the end of a started command; one that does not come is a hang."""
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill_all()
            process.wait()
            stderr = self.words(voice)[1]
            raise Broken(f"hangs: {process.args} did not end within {timeout_s} s\n{stderr}") from None
        seconds = time.monotonic() - started
        stdout, stderr = self.words(voice)
        return Ended(code, stdout, stderr, seconds)

    def words(self, voice="job"):
        return [path.read_text(errors="replace") for path in self.words_of(voice)]

    def words_of(self, voice):
        return [self.folder / f"{voice}.{name}" for name in ("stdout", "stderr")]

    def run(self, command, folder, extra=None, limits=(), timeout_s=TIMEOUT_S):
        """Runs a command to its end; nothing of it may stay behind."""
        started = time.monotonic()
        ended = self.wait(self.start(command, folder, extra, limits), started, timeout_s)
        self.expect_no_process()
        return ended

    def processes(self):
        """Ids of the living processes of this bench, with their environments."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                pairs = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            environment = dict(
                pair.decode(errors="replace").partition("=")[::2] for pair in pairs if b"=" in pair
            )
            if environment.get(MARK) == self.mark:
                found[int(entry.name)] = environment
        return found

    def ranks(self):
        """Process of each rank that runs under a launcher."""
        with_rank = (
            (pid, env.get("OMPI_COMM_WORLD_RANK", env.get("PMI_RANK")))
            for pid, env in self.processes().items()
        )
        return {int(rank): pid for pid, rank in with_rank if rank is not None}

    def await_rank(self, rank):
        """Process of a rank, as soon as there is one."""
        deadline = time.monotonic() + RANKS_WITHIN_S
        while time.monotonic() < deadline:
            found = self.ranks().get(rank)
            if found:
                return found
            time.sleep(0.005)
        raise Broken(f"no rank {rank} within {RANKS_WITHIN_S} s\n{self.words()[1]}")

    def ranks_cpu_s(self):
        """CPU time that the ranks have used."""
        return sum(map(cpu_s_of, self.ranks().values()))

    def kill_all(self):
        for pid in self.processes():
            send(pid, signal.SIGKILL)

    def expect_no_process(self):
        """Fails when a process outlives its job."""
        deadline = time.monotonic() + GONE_WITHIN_S
        while self.processes():
            if time.monotonic() > deadline:
                left = {pid: command_of(pid) for pid in self.processes()}
                self.kill_all()
                raise Broken(f"processes stay behind: {left}")
            time.sleep(0.01)

    def launch(self, build, ranks, arguments):
        """The command line of a job under MPI's launcher."""
        return ["mpirun", "--bind-to", "none", "-n", ranks, self.builds.programs[build], *arguments]

    def alone(self, arguments):
        """The command line of a job of the build without MPI."""
        return [self.builds.programs["serial"], *arguments]


def memory_folder():
    """A folder in memory, where a sync takes no time; nothing, which means the usual place, without one."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_NEEDED else None


def set_limits(limits):
    """Sets limits of the shell for this process: pairs of what is limited and how much of it."""
    for what, most in limits:
        resource.setrlimit(what, (most, most))


def send(pid, what):
    """Sends a signal to a process that may be gone; says whether it was there."""
    try:
        os.kill(pid, what)
        return True
    except ProcessLookupError:
        return False


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "gone"


def cpu_s_of(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def digest(path):
    """SHA-256 of a file; nothing when it does not exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def expect(holds, promise, evidence):
    """Fails with the evidence unless the promise was kept."""
    if not holds:
        raise Broken(f"{promise}\n{evidence}")
