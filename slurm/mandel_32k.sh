#!/bin/bash
# The last slide of the talk "Python in HPC": 32768 x 32768 points of area2 on 64 ranks.
#
#   sbatch mandel_32k.sh                                  configs/area2_32k.toml
#   sbatch mandel_32k.sh my.toml                          another config
#   sbatch mandel_32k.sh my.toml --set grid.width=4096    ... and anything that mandel-mpi takes
#
# The result is written to the directory in which sbatch was called. When the time limit comes first, the
# ranks stop with everything they have in the journal (exit code 75): the same sbatch again goes on from
# there. A job that requeues itself is requeue.sh.
#
# MANDEL_MPI=/path/to/mandel-mpi takes another binary than the one in PATH, MANDEL_SBCAST=1 copies it to each
# node's own disk first: one broadcast instead of 64 ranks reading it from the shared file system.

#SBATCH --job-name=mandel_32k
#SBATCH --ntasks=64
#SBATCH --mem-per-cpu=1G
#SBATCH --time=00:30:00
#SBATCH --output=%x-%j.out
# 60 s before the time limit srun and so each rank gets the signal that asks for a stop.
#SBATCH --signal=USR1@60

set -euo pipefail

config=area2_32k.toml

# The same in every job script: Slurm runs a copy of this file alone, which cannot source another one.
# The program: MANDEL_MPI, else PATH, else the module.
mandel=${MANDEL_MPI:-mandel-mpi}
command -v "$mandel" >/dev/null || module load mandel-mpi
mandel=$(command -v "$mandel")

# The config: the first argument, unless it is an option; a plain name is looked for in the submit directory,
# in its configs/ and in the installation.
case ${1:--} in -*) ;; *) config=$1; shift ;; esac
installed=$(dirname "$(readlink -f "$mandel")")/../share/mandel-mpi/configs
for place in "$config" "configs/$config" "$installed/$config"; do
    if [ -f "$place" ]; then config=$place; break; fi
done

if [ "${MANDEL_SBCAST:-0}" = 1 ]; then
    staged=/tmp/mandel-mpi.$SLURM_JOB_ID
    sbcast --force "$mandel" "$staged"
    mandel=$staged
    trap 'srun --mpi=none --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 rm -f "$staged" || true' EXIT
fi
# End of what every job script has.

# Without PMIx srun would start 64 programs that know nothing of each other; mandel-mpi refuses to run so.
# What srun offers here: srun --mpi=list
export SLURM_MPI_TYPE=${SLURM_MPI_TYPE:-pmix}
srun "$mandel" --config "$config" "$@"
