#!/bin/bash
# The job under mpirun, where srun knows no PMIx or the site prefers it.
#
#   sbatch mpirun.sh [CONFIG.toml] [mandel-mpi's options]
#
# It stops in time for the time limit, with everything in the journal: the same sbatch again goes on from
# there. MANDEL_MPI and MANDEL_SBCAST as in mandel_32k.sh.

#SBATCH --job-name=mandel_mpirun
#SBATCH --ntasks=64
#SBATCH --mem-per-cpu=1G
#SBATCH --time=00:30:00
#SBATCH --output=%x-%j.out
# B: is for this shell alone. Slurm's own delivery would not reach the ranks on the first node.
#SBATCH --signal=B:USR1@60

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

# Settings as environment variables, so that another MPI's mpirun is not confused by Open MPI's options.
# With 1 or 2 ranks it would bind each to one core, threads and all.
export OMPI_MCA_hwloc_base_binding_policy=none
# Seconds from TERM to KILL: 1 is too few to write the journal.
export OMPI_MCA_odls_base_sigkill_timeout=20
export HWLOC_COMPONENTS=${HWLOC_COMPONENTS:--opencl} # an OpenCL driver in mpirun can swallow USR1

# mpirun forwards USR1 to all ranks. A shell that waits hears signals, one that runs a command in front does
# not; the signal ends the wait, so it waits once more.
job=
trap '[ -z "$job" ] || kill -USR1 "$job"' USR1
mpirun -n "$SLURM_NTASKS" "$mandel" --config "$config" "$@" &
job=$!
while kill -0 "$job" 2>/dev/null; do wait "$job" || true; done
code=0
wait "$job" || code=$?
exit "$code"
