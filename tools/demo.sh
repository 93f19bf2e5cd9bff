#!/bin/bash
# Installs what is needed, builds, computes the talk's two areas on 2 ranks and draws them: leaves area1.h5,
# area1.png, area2.h5 and area2.png in the directory where it is started.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

"$root/tools/setup.sh" build
. "$root/tools/environment.sh"
cargo build --release --locked --manifest-path "$root/Cargo.toml"
program=$root/target/release/mandel-mpi

for area in area1 area2; do
  # A demo may be run twice: results of this very job are kept, pictures are drawn anew.
  mpirun --oversubscribe -n 2 "$program" --config "$root/configs/$area.toml"
  "$program" render "$area.h5" "$area.png" --force
done
