#!/bin/bash
# A job longer than its time limit: it stops in time, queues itself again and goes on, as often as needed.
#
#   sbatch requeue.sh [CONFIG.toml] [mandel-mpi's options]
#
# A minute before the time limit Slurm sends USR1 to this shell, which passes it on; the ranks write what they
# have to the journal and exit with 75. The requeued job runs the same command, which resumes from the
# journal. The same journal serves when a node fails: then Slurm itself requeues the job.
#
# At most MANDEL_MAX_RESTARTS times, 50 unless set. MANDEL_MPI and MANDEL_SBCAST as in mandel_32k.sh.

#SBATCH --job-name=mandel_requeue
#SBATCH --ntasks=64
#SBATCH --mem-per-cpu=1G
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.out
#SBATCH --signal=B:USR1@60
#SBATCH --requeue
# All starts write to the same file.
#SBATCH --open-mode=append

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

# A shell that waits hears signals, one that runs a command in front does not. The signal ends the wait, so it
# waits once more. (scancel sends TERM: that is not caught, it ends the job for good.)
export SLURM_MPI_TYPE=${SLURM_MPI_TYPE:-pmix}
job=
trap '[ -z "$job" ] || kill -USR1 "$job"' USR1
srun --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" "$mandel" --config "$config" "$@" &
job=$!
while kill -0 "$job" 2>/dev/null; do wait "$job" || true; done
code=0
wait "$job" || code=$?

# srun 22.05 also returns 0 when it could not start the ranks at all. No output then: that counts as 1.
if [ "$code" = 0 ]; then
    output=$("$mandel" --config "$config" "$@" --print-config | sed -n 's/^path = "\(.*\)"$/\1/p')
    [ -e "$output" ] || code=1
fi

restarts=${SLURM_RESTART_COUNT:-0}
case $code in
    # Stopped in time (75), or broken by what may be gone next time: launcher (1), killed (137), ended (143).
    75 | 1 | 137 | 143)
        if [ "$restarts" -lt "${MANDEL_MAX_RESTARTS:-50}" ]; then
            echo "requeue.sh: mandel-mpi ended with $code after $restarts restarts: once more"
            scontrol requeue "$SLURM_JOB_ID"
        else
            echo "requeue.sh: mandel-mpi ended with $code after $restarts restarts: giving up"
        fi ;;
    0) echo "requeue.sh: done after $restarts restarts" ;;
    # A mistake in the config (2), damaged data (65), a full disk (74), ...: another start would end so, too.
    *) echo "requeue.sh: mandel-mpi ended with $code: a restart would not help" ;;
esac
exit "$code"
