#!/bin/bash
# Installs what is needed and runs the tests. The last line is: N passed, N failed, N skipped.
#
#   tools/test.sh          everything: format, lints, docs, each set of features, real mpirun, finished files
#                          in Python, failures on purpose, real Slurm
#   tools/test.sh --fast   for a change at hand, under 3 minutes after a first build: format, lints, unit and
#                          integration tests of the default features
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  '' | --fast) form=${1:-} ;;
  *) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

tools/setup.sh test
. tools/environment.sh

log=$(mktemp)
scratch=$(mktemp -d)
trap 'rm -rf "$log" "$scratch"' EXIT

# Runs a step; what it prints is counted at the end.
step() {
  local began=$SECONDS
  printf '\n== %s\n' "$*" >&2
  "$@" 2>&1 | tee -a "$log"
  echo "== $((SECONDS - began)) s" >&2
}

# Adds up what the runners said: cargo, unittest, and our own lines "N passed, N failed, N skipped".
summary() {
  echo
  awk '
    /^test result:/ { passed += $4; failed += $6 }
    /^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3; skipped += $5 }
    /^Ran [0-9]+ tests? in/ { passed += $2 }
    /^skipped: / { skipped++ }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$log"
}

# ---- lints -------------------------------------------------------------------------------------------------

venv=target/test-venv/bin
make_python() {
  [ -x $venv/python ] || python3 -m venv target/test-venv
  $venv/python -m pip install -q --disable-pip-version-check 'pip>=25.1'
  $venv/python -m pip install -q --disable-pip-version-check --group lint
}

lint_shell() { git ls-files -z --cached --others --exclude-standard '*.sh' '*.bash' .ci/run | xargs -0 shellcheck -x; }

# Scripts, spelling, comments.
lint_text() {
  step make_python
  step lint_shell
  step $venv/ruff check --quiet
  step $venv/ruff format --quiet --check
  step $venv/mypy
  step $venv/typos
  step $venv/python -m unittest discover -s tests/lint
}

# Clippy where no kernel is made for the CPU: on another CPU's target, else as if this CPU were one.
lint_any_cpu() {
  local clippy=(cargo clippy --locked --all-targets --no-default-features)
  if rustup target list --installed 2>/dev/null | grep -qx aarch64-unknown-linux-gnu; then
    "${clippy[@]}" --target aarch64-unknown-linux-gnu -- -D warnings
  else
    "${clippy[@]}" -- -D warnings --cfg any_cpu
  fi
}

# The oldest Rust that Cargo.toml admits. Without it clippy's `incompatible_msrv` still knows std's history.
check_oldest_rust() {
  local version toolchain
  version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
  if toolchain=$(rustup toolchain list 2>/dev/null | grep -o -m 1 "^${version}[.-][^ ]*"); then
    cargo "+$toolchain" check --locked --all-targets --all-features
  else
    echo "skipped: Rust $version is not installed"
  fi
}

lint_rust() {
  step cargo clippy --locked --all-targets --no-default-features -- -D warnings
  step cargo clippy --locked --all-targets --no-default-features --features hdf5 -- -D warnings
  step lint_any_cpu
  step check_oldest_rust
  RUSTDOCFLAGS='-D warnings' step cargo doc --locked --no-deps --all-features
}

# ---- tests -------------------------------------------------------------------------------------------------

# The kernel for any CPU has vectors of plain arrays: Miri can run it, and looks for undefined behaviour.
test_under_miri() {
  if cargo +nightly miri --version >/dev/null 2>&1; then
    MIRIFLAGS=-Zmiri-disable-isolation \
      cargo +nightly miri test --locked --no-default-features --lib the_portable_kernel
  else
    echo 'skipped: Miri is not installed'
  fi
}

# Tests of what this machine lacks end early, which their runner takes for passed.
what_is_lacking() {
  local kernel kernels
  kernels=$(target/release/mandel-mpi --version | sed -n 's/^kernels *\([^;]*\).*/\1/p')
  for kernel in avx512 avx2; do
    [[ ", $kernels," == *", $kernel,"* ]] || echo "skipped: every test of the kernel $kernel, which this CPU lacks"
  done
  command -v strace >/dev/null || echo 'skipped: the test of file accesses: strace is not installed'
}

two_areas() {
  local area
  for area in area1 area2; do
    mpirun --oversubscribe -n 2 target/release/mandel-mpi --config "configs/$area.toml" --output "$scratch/$area.h5"
  done
}

# The same source with the other MPI, in a target directory of its own: changing MPICC alone rebuilds nothing.
test_with_mpich() {
  if command -v mpicc.mpich >/dev/null; then
    MPICC=mpicc.mpich MANDEL_MPIRUN=mpirun.mpich CARGO_TARGET_DIR=target/mpich \
      cargo test --locked --all-features --test it -- collectives distribution ranks
  else
    echo 'skipped: MPICH is not installed'
  fi
}

# ---- what is run -------------------------------------------------------------------------------------------

step cargo fmt --all --check
lint_text
step cargo clippy --locked --all-targets --all-features -- -D warnings

if [ "$form" = --fast ]; then
  step cargo test --locked --all-features --lib --test it
  summary
  exit
fi

lint_rust
step cargo test --locked --no-default-features
step cargo test --locked --no-default-features --features hdf5
step cargo test --locked --all-features
step test_under_miri
step cargo build --locked --release
step what_is_lacking
step two_areas
step $venv/python tests/files/check.py target/release/mandel-mpi "$scratch"
step tests/files/file_operations.sh target/release/mandel-mpi $venv/python
step test_with_mpich
step $venv/python -m unittest discover -s tests/scaling
step tests/torture/torture.sh --short
step tests/cluster/test-slurm.sh --short
summary
