#!/bin/sh
# Tortures the program: kills, faults, power cuts, full disks, limits, damaged journals.
#
#   tests/torture/torture.sh                   all of it, about 16 minutes
#   tests/torture/torture.sh --short           the form in every test run, under 100 s on 2 free cores
#   tests/torture/torture.sh kill power-cut    some scenarios; tests/torture/torture.py names them
#   tests/torture/torture.sh --seed 7 kill     the random choices of an earlier run
#
# Needs cargo, python3, cc and mpirun. Exits with 1 and keeps the evidence when a promise is broken.
set -eu
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
builds=$target/torture
mkdir -p "$builds"

# One target folder, so that the dependencies are built once; the program as it is shipped comes last and
# stays.
build() {
    name=$1
    shift
    cargo build --quiet --release --bin mandel-mpi "$@"
    # A new file: the old one may be running.
    rm -f "$builds/$name"
    cp "$target/release/mandel-mpi" "$builds/$name"
}
build serial --no-default-features --features hdf5
build fault-points --features fault-points
build program

exec python3 -B tests/torture/torture.py --program "$builds/program" --serial "$builds/serial" \
    --fault-points "$builds/fault-points" "$@"
