"""What a disk may hold after a power cut, derived from a record of all operations in a job's folder.

The model, harsher than any one file system: what was written to a file is durable once the file was synced;
before that each write may have been done, dropped, or torn by sectors. A name that was made, moved or removed
is so for certain once its folder was synced; before that each such step may or may not have happened, each
step whole.
"""

import struct
from pathlib import Path
from typing import NamedTuple

import journal

SECTOR = 512


class Operation(NamedTuple):
    """`kind` as in shim.c: c create, w write, t truncate, s sync, D sync of the folder, r rename, u unlink.

    x is a sync that was left out, though the program was told that it was done.
    """

    kind: str
    inode: int
    offset: int
    name: str
    data: bytes

    @property
    def target(self):
        return Path(self.data.decode()).name


def read_log(path):
    """The operations that the shim recorded."""
    raw, at, operations = path.read_bytes(), 0, []
    while at < len(raw):
        kind, inode, offset, path_bytes, data_bytes = struct.unpack_from("<5Q", raw, at)
        at += 40
        name = Path(raw[at : at + path_bytes].decode()).name
        at += path_bytes
        operations.append(Operation(chr(kind), inode, offset, name, raw[at : at + data_bytes]))
        at += data_bytes
    return operations


class File:
    """A file's durable bytes and the writes and truncations that are still on their way."""

    def __init__(self, durable=b""):
        self.durable = bytearray(durable)
        self.pending = []

    def sync(self):
        for operation in self.pending:
            apply(self.durable, operation)
        self.pending.clear()

    def now(self):
        """The bytes as the program sees them."""
        content = bytearray(self.durable)
        for operation in self.pending:
            apply(content, operation)
        return content

    def after_crash(self, random):
        """The bytes after a power cut: every pending operation done, dropped or torn."""
        content = bytearray(self.durable)
        # Often nothing, or all, of what is pending got through; each by itself otherwise.
        done, torn = random.choice([(0, 0), (1, 0), (0.4, 0.3), (0.8, 0.1)])
        for operation in self.pending:
            fate = random.random()
            if fate < done:
                apply(content, operation)
            elif fate < done + torn and operation.kind == "w":
                tear(content, operation, random)
        return content


def apply(content, operation):
    end = operation.offset + len(operation.data)
    if operation.kind == "t":
        del content[operation.offset :]
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[operation.offset : end] = operation.data if operation.kind == "w" else b""


def tear(content, operation, random):
    """Writes some of the sectors that a write covers."""
    start, end = operation.offset, operation.offset + len(operation.data)
    if random.random() < 0.5:
        content.extend(bytes(max(0, end - len(content))))
    while start < end:
        stop = min((start // SECTOR + 1) * SECTOR, end)
        if random.random() < 0.5 and len(content) >= start:
            data = operation.data[start - operation.offset : stop - operation.offset]
            content[start:stop] = data
        start = stop


class Disk:
    """A folder on a disk, as far as operations have come."""

    def __init__(self, contents, inodes):
        """A folder with files that are durable, of which the record knows the `inodes`."""
        self.found = set(contents)
        files = {name: File(content) for name, content in contents.items()}
        self.names = dict(files)
        self.durable_names = dict(files)
        self.pending_names = []
        self.by_inode = {inode: files[name] for inode, name in inodes.items()}

    def do(self, operation):
        kind = operation.kind
        if kind == "c":
            self.by_inode[operation.inode] = File()
        if kind in "cru":
            step = (kind, operation.name, operation.target, self.by_inode.get(operation.inode))
            rename(self.names, step)
            self.pending_names.append(step)
        elif kind in "wt":
            self.by_inode[operation.inode].pending.append(operation)
        elif kind == "s":
            self.by_inode[operation.inode].sync()
        elif kind == "D":
            self.durable_names = dict(self.names)
            self.pending_names.clear()

    def written_bands(self):
        """The bands whose records the program has written. What it found it never writes to."""
        return bands_of({name: file.now() for name, file in self.names.items() if name not in self.found})

    def after_crash(self, random):
        """Names and bytes of all files after a power cut."""
        share = random.choice([0, 1, 0.5])
        names = dict(self.durable_names)
        for step in self.pending_names:
            if random.random() < share:
                rename(names, step)
        return {name: file.after_crash(random) for name, file in names.items()}

    def untouched(self):
        """Names and bytes of all files as the program sees them: a kill without a power cut."""
        return {name: file.now() for name, file in self.names.items()}


def rename(names, step):
    """One step of the folder: a name made, moved or removed."""
    kind, name, target, file = step
    if kind == "c":
        names[name] = file
    elif name in names:
        moved = names.pop(name)
        if kind == "r":
            names[target] = moved


def bands_of(files):
    """The bands that are whole in a folder's journal."""
    segments = (bytes(content) for name, content in files.items() if ".journal." in name)
    return {record.band for segment in segments for record in journal.records(segment)}


def good_bands(files):
    """The bands in a folder's journal whose records are right, after a cut that may have torn some."""
    segments = (bytes(content) for name, content in files.items() if ".journal." in name)
    records = ((segment, record) for segment in segments for record in journal.records(segment))
    return {record.band for segment, record in records if journal.is_good(segment, record)}


def write_files(folder, files):
    """Puts files into an empty folder."""
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content)
        path.chmod(0o644)
