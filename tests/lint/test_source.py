"""What no linter says about the source: width of comments, and text that several job scripts have in common.

Run by `python -m unittest discover -s tests/lint`.
"""

from __future__ import annotations

import re
import subprocess
import unittest
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

WIDTH = 110

STRING = r'"(?:[^"\\]|\\.)*"'


@dataclass(frozen=True)
class Syntax:
    """How a language writes literals, in which nothing is a comment, and how it begins a comment."""

    literal: re.Pattern[str]
    comment: re.Pattern[str]


LIKE_C = Syntax(re.compile(rf"{STRING}|'(?:[^'\\]|\\.)'"), re.compile(r"//|/\*|^\s*\*"))
LIKE_SHELL = Syntax(re.compile(rf"{STRING}|'[^']*'"), re.compile(r"(^|\s)#"))
SYNTAX = {".rs": LIKE_C, ".c": LIKE_C, ".sh": LIKE_SHELL, ".bash": LIKE_SHELL, ".toml": LIKE_SHELL}
"""By suffix. ruff looks after Python."""

SHARED_BEGINS = "# The same in every job script"
SHARED_ENDS = "# End of what every job script has.\n"


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository, those not yet added included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in map(ROOT.joinpath, listed.splitlines()) if path.exists()]


def wide_comments(path: Path) -> Iterator[str]:
    """Place and width of each comment that is too wide."""
    syntax = SYNTAX[path.suffix]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if len(line) > WIDTH and syntax.comment.search(syntax.literal.sub("", line)):
            yield f"{path.relative_to(ROOT)}:{number}: {len(line)} columns"


def shared_part(script: Path) -> str:
    """What stands between the two marks."""
    _, begins, rest = script.read_text().partition(SHARED_BEGINS)
    part, ends, _ = rest.partition(SHARED_ENDS)
    return begins + part + ends


class Source(unittest.TestCase):
    """All files that git has or would take."""

    def test_comments_are_at_most_110_columns_wide(self) -> None:
        sources = tracked(*(f"*{suffix}" for suffix in SYNTAX))
        found = [line for path in sources for line in wide_comments(path)]
        if found:
            self.fail("\n".join([f"{len(found)} comments are wider than {WIDTH} columns:", *found]))

    def test_job_scripts_have_the_same_common_part(self) -> None:
        # Slurm runs a copy of the script alone, so there is nothing that it could source.
        first, *others = tracked("slurm/*.sh")
        expected = shared_part(first)
        self.assertIn("command -v", expected, f"{first.name} has no part between the marks")
        for script in others:
            self.assertEqual(shared_part(script), expected, f"{script.name} differs from {first.name}")


if __name__ == "__main__":
    unittest.main()
