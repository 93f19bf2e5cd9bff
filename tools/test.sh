#!/bin/bash
# Installs what is needed and runs every test: format, lints, docs, each set of features, real mpirun, finished files
# in Python, failures on purpose, real Slurm. Ends with one line: N passed, N failed, N skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh test
. tools/environment.sh

log=$(mktemp)
scratch=$(mktemp -d)
trap 'rm -rf "$log" "$scratch"' EXIT

# Runs a step; what it prints is counted at the end.
step() {
  printf '\n== %s\n' "$*" >&2
  "$@" 2>&1 | tee -a "$log"
}

python=target/test-venv/bin/python
make_python() {
  [ -x "$python" ] || python3 -m venv target/test-venv
  "$python" -m pip install -q --disable-pip-version-check 'pip>=25.1'
  "$python" -m pip install -q --disable-pip-version-check --group lint
}

# The tests of a kernel that this CPU lacks end early, which their runner takes for passed.
lacking_kernels() {
  local kernel kernels
  kernels=$(target/release/mandel-mpi --version | sed -n 's/^kernels *\([^;]*\).*/\1/p')
  for kernel in avx512 avx2; do
    [[ ", $kernels," == *", $kernel,"* ]] || echo "skipped: every test of the kernel $kernel, which this CPU lacks"
  done
}

two_areas() {
  local area
  for area in area1 area2; do
    mpirun --oversubscribe -n 2 target/release/mandel-mpi --config "configs/$area.toml" --output "$scratch/$area.h5"
  done
}

# Adds up what the runners said: cargo's summaries, and lines "N passed, N failed, N skipped" of our own.
summary() {
  awk '
    /^test result:/ { passed += $4; failed += $6 }
    /^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3; skipped += $5 }
    /^Ran [0-9]+ tests? in/ { passed += $2 }
    /^skipped: / { skipped++ }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$log"
}

step cargo fmt --all --check
step cargo clippy --locked --all-targets --all-features -- -D warnings
step cargo clippy --locked --all-targets --no-default-features -- -D warnings
step cargo clippy --locked --all-targets --no-default-features --features hdf5 -- -D warnings
RUSTDOCFLAGS='-D warnings' step cargo doc --locked --no-deps --all-features
step cargo test --locked --no-default-features
step cargo test --locked --no-default-features --features hdf5
step cargo test --locked --all-features
step cargo build --locked --release
step lacking_kernels
step make_python
step two_areas
step "$python" tests/files/check.py target/release/mandel-mpi "$scratch"
step tests/files/file_operations.sh target/release/mandel-mpi "$python"

# The same source with the other MPI, in a target directory of its own: changing MPICC alone rebuilds nothing.
if command -v mpicc.mpich >/dev/null; then
  MPICC=mpicc.mpich MANDEL_MPIRUN=mpirun.mpich CARGO_TARGET_DIR=target/mpich \
    step cargo test --locked --test it -- distribution ranks
else
  step echo 'skipped: MPICH is not installed'
fi

step "$python" -m unittest discover -s tests/scaling
step tests/torture/torture.sh --short
step tests/cluster/test-slurm.sh --short

echo
summary
