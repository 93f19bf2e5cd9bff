#!/bin/bash
# Prints how many file operations a rank other than root makes, of this program and of the talk's: all, and in
# the folder that a cluster's nodes share (of the program; of Python's packages).
#
#   tests/files/file_operations.sh MANDEL_MPI PYTHON
set -euo pipefail

program=$(readlink -f "$1") python=$2
here=$(cd "$(dirname "$0")" && pwd)
command -v strace >/dev/null || { echo 'skipped: strace is not installed'; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Runs a command on 8 ranks, traces rank 1, and counts what it opened, all and below a folder.
count() {
  local name=$1 shared=$2
  shift 2
  rm -f "$folder/trace"
  # shellcheck disable=SC2016 # the ranks' shells expand it
  (cd "$folder" && mpirun --oversubscribe --bind-to none -n 8 sh -c '
    [ "$OMPI_COMM_WORLD_RANK" != 1 ] || exec strace -f -o trace -e trace=%file "$@"
    exec "$@"' sh "$@" >run.log 2>&1) || { cat "$folder/run.log"; return 1; }
  echo "file operations of rank 1 of 8, $name: $(grep -c '(' "$folder/trace") in all, $(grep -c "$shared" "$folder/trace") in the shared folder"
}

mkdir "$folder/prefix"
cp "$program" "$folder/prefix/mandel-mpi"
printf '[region]\nre = [-2, 0.5]\nim = [-1.25, 1.25]\n[grid]\nwidth = 100\nheight = 128\n[iteration]\nmax_iter = 80\n' \
  >"$folder/area.toml"
count mandel-mpi "$folder/prefix" "$folder/prefix/mandel-mpi" --config area.toml --progress off
count 'numba + mpi4py' "$(cd "$(dirname "$python")/.." && pwd)" "$(cd "$(dirname "$python")" && pwd)/$(basename "$python")" "$here/talk_mpi.py"
