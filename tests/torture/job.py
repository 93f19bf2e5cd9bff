"""The jobs that are tortured: small, with a file that is the same bytes whoever computes it."""

import math

from bench import Ended, digest, expect

OUTPUT = "field.h5"

CONFIG = """\
[region]
re = [{re}]
im = [{im}]

[grid]
width = {width}
height = {height}

[iteration]
max_iter = {max_iter}

[output]
path = "{output}"
deflate = {deflate}
reproducible = true

[run]
round_seconds = 1
"""

WHOLE_SET = {"re": "-2.0, 0.5", "im": "-1.25, 1.25"}
SEAHORSES = {"re": "-0.74877, -0.74872", "im": "0.06505, 0.06510"}


class Job:
    """A job, and the bytes that its file has when nothing ever goes wrong."""

    def __init__(self, bench, width, height, max_iter, deflate=1, region=None, options=()):
        self.bench = bench
        self.config = CONFIG.format(
            width=width,
            height=height,
            max_iter=max_iter,
            output=OUTPUT,
            deflate=deflate,
            **(region or WHOLE_SET),
        )
        bench.jobs += 1
        # Outside the job's folder: nothing there is the program's own but what it makes.
        self.path = bench.folder / f"config-{bench.jobs}.toml"
        self.path.write_text(self.config)
        self.options = options
        # Of the clean run.
        self.digest = None
        self.checksum = None
        self.wall_s = math.nan

    def arguments(self, *more):
        return ["--config", self.path, "--progress", "off", *self.options, *more]

    def alone(self, *more):
        return self.bench.alone(self.arguments(*more))

    def run_clean(self, command=None, extra=None):
        """One run without any torture; its file is what all others are compared with. Returns its folder."""
        folder = self.bench.new_folder()
        ended = self.bench.run(command or self.alone(), folder, extra)
        expect(ended.code == 0 and ended.checksum, "a clean run ends with 0 and a checksum", ended)
        self.digest, self.checksum, self.wall_s = digest(folder / OUTPUT), ended.checksum, ended.wall_s
        expect_only_output(folder, ended)
        return folder

    def expect_never_wrong(self, folder, evidence):
        """Whatever happened, there is no other file under the final name than the right one."""
        found = digest(folder / OUTPUT)
        expect(found in (None, self.digest), f"a wrong file in {folder}", evidence)

    def resume(self, folder, command=None):
        """Runs the job in a folder where it was tortured before: it must end as if nothing had happened."""
        ended = self.bench.run(command or self.alone(), folder)
        self.expect_complete(folder, ended)
        return ended

    def expect_complete(self, folder, ended: Ended):
        expect(ended.code == 0, f"the job in {folder} can be resumed", ended)
        expect(digest(folder / OUTPUT) == self.digest, f"the file in {folder} is that of a clean run", ended)
        expect(ended.checksum == self.checksum, "the checksum is that of a clean run", ended)
        expect_only_output(folder, ended)


def expect_only_output(folder, evidence):
    """Nothing but the finished file is left of a job."""
    left = sorted(path.name for path in folder.iterdir() if path.name != OUTPUT)
    expect(not left, f"left in {folder}: {left}", evidence)
