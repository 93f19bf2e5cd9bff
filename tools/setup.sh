#!/bin/bash
# Installs what mandel-mpi is built, run and tested with, on Debian or Ubuntu: as root, or with sudo. Without
# either it says what is missing. What is there already is left as it is.
#
#   tools/setup.sh build    compiler, MPI, HDF5
#   tools/setup.sh test     and what the tests need: Slurm, Lmod, strace, Python with venv, MPICH,
#                           gfortran, shellcheck
set -euo pipefail

RUST_NEEDED=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml")
build_packages=(build-essential pkg-config git curl ca-certificates libopenmpi-dev openmpi-bin libhdf5-dev libclang-dev)
test_packages=("${build_packages[@]}" hdf5-tools slurm-wlm munge lmod strace iproute2 procps python3 python3-venv
  libmpich-dev mpich gfortran shellcheck)

case ${1:-} in
  build) wanted=("${build_packages[@]}") ;;
  test) wanted=("${test_packages[@]}") ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

fail() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

# The packages of the list that are not installed.
missing_packages() {
  local package
  for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

# Whether there is a sudo that needs no password, or somebody to type it.
can_sudo() { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }

install_packages() {
  local missing=() as_root=()
  command -v apt-get >/dev/null || fail "this is no Debian or Ubuntu: see docs/cluster.md"
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    can_sudo || fail "not root and no sudo: ask for these packages: ${missing[*]}"
    as_root=(sudo)
  fi
  echo "setup: installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# Whether cargo is there and new enough.
has_rust() {
  local version
  version=$(rustc --version 2>/dev/null | cut -d' ' -f2) && command -v cargo >/dev/null || return 1
  [ "$(printf '%s\n' "$RUST_NEEDED" "$version" | sort -V | head -n 1)" = "$RUST_NEEDED" ]
}

install_rust() {
  # rustup's default place, in case the shell does not know it.
  export PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  has_rust && return 0
  echo "setup: installing Rust with rustup" >&2
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y -q --profile minimal -c rustfmt -c clippy >&2
  has_rust || fail "Rust $RUST_NEEDED or newer is needed: see https://rustup.rs"
}

install_packages
install_rust
