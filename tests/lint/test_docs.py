"""Documents name only what there is: files, and words of the source.

Run by `python -m unittest discover -s tests/lint`.
"""

from __future__ import annotations

import re
import subprocess
import unittest
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/words.md", "src/kernel/README.md"]

PATH = re.compile(r"(?:src|tests|docs|tools|benches|configs|slurm)/[\w./-]*")
NAME = re.compile(r"[A-Za-z_]\w*(?:::\w+)*")

FOREIGN = {"MPI_Abort", "MPI_Finalize"}
"""Names of libraries that no source spells out."""


def source_words() -> set[str]:
    """Every word of the tracked files that are no documents."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    suffixes = {".rs", ".toml", ".sh", ".bash", ".py", ".lua"}
    files = [ROOT / name for name in listed.splitlines() if Path(name).suffix in suffixes]
    return {word for path in files if path.exists() for word in re.findall(r"\w+", path.read_text())}


def unknown(document: str, words: set[str]) -> Iterator[str]:
    """What a document names in code spans and links, and nobody has."""
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(), flags=re.DOTALL | re.MULTILINE)
    for span in re.findall(r"`([^`\n]+)`", text):
        first = span.split("(")[0].split()[0].rstrip(":") if span.split() else ""
        if PATH.fullmatch(first):
            if not (ROOT / first).exists():
                yield f"{document}: no file {first}"
        elif NAME.fullmatch(first) and not {*first.split("::")} <= words | FOREIGN:
            yield f"{document}: nothing is called {first}"
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        if not (ROOT / document).parent.joinpath(target).exists():
            yield f"{document}: a link to {target}, which is not there"


class Documents(unittest.TestCase):
    """The documents that explain the source."""

    def test_name_only_what_there_is(self) -> None:
        words = source_words()
        found = [fault for document in DOCUMENTS for fault in unknown(document, words)]
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_would_be_found_at_fault(self) -> None:
        found = list(unknown("docs/architecture.md", set()))
        self.assertGreater(len(found), 50)


if __name__ == "__main__":
    unittest.main()
