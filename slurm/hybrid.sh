#!/bin/bash
# One rank per node (or per socket), its threads on the CPUs: fewer messages, less memory, one journal again.
#
#   sbatch hybrid.sh [CONFIG.toml] [mandel-mpi's options]
#   sbatch --nodes=8 --cpus-per-task=64 hybrid.sh                          8 nodes of 64 CPUs, a rank on each
#   sbatch --nodes=8 --ntasks-per-node=2 --cpus-per-task=32 hybrid.sh      the same nodes, a rank per socket
#
# Threads may not outnumber the CPUs that Slurm gives: --cpus-per-task says both. MANDEL_MPI and MANDEL_SBCAST
# as in mandel_32k.sh.

#SBATCH --job-name=mandel_hybrid
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem-per-cpu=1G
#SBATCH --time=00:30:00
#SBATCH --output=%x-%j.out
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

# sbatch reads --cpus-per-task above. srun, since Slurm 22.05, has to be told again: else a rank gets 1 CPU.
cpus=${SLURM_CPUS_PER_TASK:-1}
export SLURM_MPI_TYPE=${SLURM_MPI_TYPE:-pmix}
srun --cpus-per-task="$cpus" "$mandel" --config "$config" --set run.threads="$cpus" "$@"
