#!/bin/bash
# Strong and weak scaling on 1, 2, 4, ... ranks, up to all of the job.
#
#   sbatch --ntasks=64 scaling.sh [CONFIG.toml] [mandel-mpi's options]
#
# Strong scaling: one grid, more and more ranks. Weak scaling: the same number of *iterations* for each rank,
# as the grid grows in height; the region stays, so the mean iterations per point do, too. The largest weak
# run is the grid of the strong ones. Without arguments that is area2 on 8192 x 8192 points.
#
# Each run leaves scaling-JOBID/strong-RANKS-REPEAT.json or weak-..., with all times, rates and the load
# balance; the fields themselves are removed. MANDEL_REPEATS runs of each, 3 unless set. MANDEL_MPI and
# MANDEL_SBCAST as in mandel_32k.sh.

#SBATCH --job-name=mandel_scaling
#SBATCH --ntasks=64
#SBATCH --mem-per-cpu=1G
#SBATCH --time=02:00:00
#SBATCH --output=%x-%j.out
# Neighbours on the nodes would be part of the figures.
#SBATCH --exclusive

set -euo pipefail

config=area2.toml
[ $# -gt 0 ] || set -- --set grid.width=8192 --set grid.height=8192

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

full_height=$("$mandel" --config "$config" "$@" --print-config | sed -n 's/^height *= *//p')

results=scaling-$SLURM_JOB_ID
mkdir -p "$results"
export SLURM_MPI_TYPE=${SLURM_MPI_TYPE:-pmix}
ranks_per_node=$(((SLURM_NTASKS + SLURM_JOB_NUM_NODES - 1) / SLURM_JOB_NUM_NODES))

run() { # KIND RANKS REPEAT HEIGHT [mandel-mpi's options]
    local name=$results/$1-$2-$3 ranks=$2 height=$4
    shift 4
    # As few nodes as hold the ranks: fill a node before taking the next.
    srun --ntasks="$ranks" --nodes=$(((ranks + ranks_per_node - 1) / ranks_per_node)) --distribution=block \
        --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \
        "$mandel" --config "$config" "$@" --set grid.height="$height" --output "$name.h5" --summary "$name.json"
    rm "$name.h5"
}

# 1, 2, 4, ... and all.
rank_counts=()
for ((ranks = 1; ranks < SLURM_NTASKS; ranks *= 2)); do rank_counts+=("$ranks"); done
rank_counts+=("$SLURM_NTASKS")

for repeat in $(seq "${MANDEL_REPEATS:-3}"); do
    for ranks in "${rank_counts[@]}"; do
        run strong "$ranks" "$repeat" "$full_height" "$@"
        run weak "$ranks" "$repeat" $((full_height * ranks / SLURM_NTASKS)) "$@"
    done
done
echo "scaling.sh: $(find "$results" -name '*.json' | wc -l) summaries in $PWD/$results"
