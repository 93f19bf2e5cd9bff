"""Opens finished files as scientists do, and compares them with the talk's own code.

Usage: check.py MANDEL_MPI FOLDER. The folder has area1.h5 and area2.h5, made by the program from its configs.

The reference here shares nothing with the program: numpy's linspace and numba's compilation of the talk's
loop. Exits with 1 at the first thing that is not as it should be.
"""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import h5py
import numba
import numpy as np
import xarray

OLD_FILES = Path(__file__).parent.parent / "it" / "data" / "version_0_1_0"

AREAS = {
    "area1": ((-2.0, 0.5), (-1.25, 1.25), 80),
    "area2": ((-0.74877, -0.74872), (0.06505, 0.06510), 2048),
}


@numba.njit
def talk_count(c_re: float, c_im: float, max_iter: int) -> int:
    """The talk's fifth implementation: max_iter - 1 for "at the last step" and for "never"."""
    re, im = c_re, c_im
    for n in range(max_iter):
        re2, im2 = re * re, im * im
        if re2 + im2 > 4.0:
            return n
        im = 2 * re * im + c_im
        re = re2 - im2 + c_re
    return max_iter - 1


@numba.njit
def talk_area(res: np.ndarray, ims: np.ndarray, max_iter: int) -> np.ndarray:
    """Counts of all points, one row for each imaginary part."""
    counts = np.empty((len(ims), len(res)), np.int64)
    for i in range(len(ims)):
        for j in range(len(res)):
            counts[i, j] = talk_count(res[j], ims[i], max_iter)
    return counts


def crc64_xz(data: bytes) -> str:
    """CRC-64/XZ, bit by bit over a table: slow and independent."""
    table = np.zeros(256, np.uint64)
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xC96C5795D7870F42 if crc & 1 else 0)
        table[byte] = crc
    return f"{_crc_of(np.frombuffer(data, np.uint8), table):016x}"


@numba.njit
def _crc_of(data: np.ndarray, table: np.ndarray) -> np.uint64:
    crc = np.uint64(0xFFFFFFFFFFFFFFFF)
    for byte in data:
        index = (crc ^ np.uint64(byte)) & np.uint64(0xFF)
        crc = (crc >> np.uint64(8)) ^ table[index]
    return crc ^ np.uint64(0xFFFFFFFFFFFFFFFF)


def check_counts(path: Path, name: str) -> None:
    """Counts, samples and checksum against the talk's arrays."""
    (re_bounds, im_bounds, max_iter) = AREAS[name]
    res, ims = np.linspace(*re_bounds, 1000), np.linspace(*im_bounds, 1000)
    with h5py.File(path) as file:
        counts = file["escape_count"]
        assert counts.dtype == np.uint16 and counts.shape == (1000, 1000)
        assert np.array_equal(file["re"], res) and np.array_equal(file["im"], ims)
        different = np.count_nonzero(np.minimum(counts, max_iter - 1) != talk_area(res, ims, max_iter))
        assert different == 0, f"{name}: {different} counts differ from the talk's"
        assert counts.attrs["max_iter"] == max_iter
        assert counts.attrs["checksum"] == crc64_xz(counts[:].astype("<u4").tobytes())
        assert int(counts.attrs["sum"]) == int(counts[:].sum(dtype=np.int64))
        assert counts.attrs["undecided"] == np.count_nonzero(counts[:] == max_iter)


def check_conventions(path: Path) -> None:
    """Dimension scales, names and provenance, as h5py sees them."""
    with h5py.File(path) as file:
        dimensions = file["escape_count"].dims
        assert [dimension.keys() for dimension in dimensions] == [["im"], ["re"]]
        assert dimensions[0]["im"] == file["im"] and file["re"].is_scale
        provenance = file["provenance"]
        assert "max_iter" in provenance["config"][()].decode()
        assert "talk" in provenance["source"][()].decode()
        assert provenance["run"].attrs["ranks"] == len(provenance["run/threads"])


def check_xarray(path: Path) -> None:
    """Opens as a labelled array, whose selection by coordinates works."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        dataset = xarray.open_dataset(path, engine="h5netcdf")
    counts = dataset["escape_count"]
    assert counts.dims == ("im", "re") and counts.dtype == np.uint16
    assert counts.sel(re=float(dataset["re"][7]), im=float(dataset["im"][5])) == counts[5, 7]


def check_h5dump(path: Path) -> None:
    """HDF5's own tool lists the file and reads a corner."""
    listing = subprocess.run(["h5dump", "-H", path], capture_output=True, text=True, check=True).stdout
    for word in ("escape_count", "DIMENSION_LIST", "H5T_STD_U16LE", "provenance"):
        assert word in listing, word
    subprocess.run(
        ["h5dump", "-d", "/escape_count", "-s", "0,0", "-c", "2,2", path], capture_output=True, check=True
    )


def contents(file: h5py.File) -> dict[str, list[Any]]:
    """All of a file but the commit it was made with: its objects, their attributes, their raw chunks."""
    found: dict[str, list[Any]] = {}

    def describe(name: str, node: h5py.HLObject) -> None:
        attributes: list[Any] = [
            (key, repr(value)) for key, value in sorted(node.attrs.items()) if key != "commit"
        ]
        if isinstance(node, h5py.Dataset):
            attributes += [(node.dtype.str, node.shape, node.chunks, node.compression_opts, node.shuffle)]
            if node.chunks:
                chunks = [node.id.get_chunk_info(i).chunk_offset for i in range(node.id.get_num_chunks())]
                attributes += [node.id.read_direct_chunk(chunk) for chunk in chunks]
            else:
                attributes += [node[()].tobytes() if isinstance(node[()], np.ndarray) else node[()]]
        found[name] = attributes

    file.visititems(describe)
    return found


def check_version_0_1_0(program: str, folder: Path) -> None:
    """The program makes the files that version 0.1.0 made, whatever commit it was built from."""
    for name in ("small", "centres"):
        config = OLD_FILES / f"{name}.toml"
        output = folder / f"{name}.h5"
        options = ["--config", str(config), "--output", str(output), "--set", "output.reproducible=true"]
        subprocess.run([program, *options], check=True, capture_output=True)
        with h5py.File(OLD_FILES / f"{name}.h5") as old, h5py.File(output) as new:
            before, now = contents(old), contents(new)
        assert before.keys() == now.keys(), f"{name}: {before.keys() ^ now.keys()}"
        for path in before:
            assert before[path] == now[path], f"{name}: {path} differs"


def main() -> None:
    program, folder = sys.argv[1], Path(sys.argv[2])
    check_version_0_1_0(program, folder)
    passed = 1
    for name in AREAS:
        path = folder / f"{name}.h5"
        check_counts(path, name)
        check_conventions(path)
        check_xarray(path)
        check_h5dump(path)
        subprocess.run([program, "verify", path, "--sample", "1000"], check=True)
        passed += 5
    print(f"{passed} passed, 0 failed, 0 skipped")


if __name__ == "__main__":
    main()
