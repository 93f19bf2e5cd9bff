#!/bin/bash
# The talk's last slide: area2 with 2^30 points on 64 tasks.
#
#   sbatch slurm/mandel_32k.sh                        # configs/area2_32k.toml beside this script's directory
#   sbatch slurm/mandel_32k.sh area1.toml --threads 2 # another config, and any options of mandel-mpi
#
# Results go to the directory where sbatch is called. MANDEL_MPI names the program if it is not on the PATH.
#SBATCH --job-name=mandel_32k
#SBATCH --ntasks=64
#SBATCH --time=00:10:00
#SBATCH --mem-per-cpu=1G
set -euo pipefail

config=${1:-configs/area2_32k.toml}
[ "$#" -eq 0 ] || shift

# PMIx makes the 64 copies one MPI job; without it each would be alone, and mandel-mpi would stop them.
srun --mpi=pmix "${MANDEL_MPI:-mandel-mpi}" --config "$config" "$@"
