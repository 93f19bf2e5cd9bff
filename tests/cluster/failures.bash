# What goes wrong in mid-run: signals, a lost node, a cut network, the time limit. The result stays the same.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by test-slurm.sh

usr1_stops_and_requeue_resumes() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=2 requeue.sh "$configs/slow.toml")
    within 150 is_under_way slow.journal.1
    as_user scancel --batch --signal=USR1 "$job"
    within 30 has_said "$job" "ended with 75 after 0 restarts: once more"
    ends_as "$job" COMPLETED 150
    says "$job" "done after 1 restarts"
    says "$job" "resuming: "
    gives "$job" "$slow" slow.h5
}

restarts_are_bounded() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=2 --export=ALL,MANDEL_MAX_RESTARTS=0 requeue.sh "$configs/slow.toml")
    within 150 is_under_way slow.journal.1
    as_user scancel --batch --signal=USR1 "$job"
    ends_as "$job" FAILED 60
    says "$job" "ended with 75 after 0 restarts: giving up"
}

a_cancelled_job_stays_cancelled() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=2 requeue.sh "$configs/slow.toml")
    within 150 is_under_way slow.journal.1
    as_user scancel "$job"
    ends_as "$job" CANCELLED 60
    sleep 2
    [ "$(state "$job")" = CANCELLED ] || fail "it has come back: $(state "$job")"
}

usr1_reaches_the_ranks_under_mpirun() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=2 mpirun.sh "$configs/slow.toml")
    within 150 is_under_way slow.journal.1
    as_user scancel --batch --signal=USR1 "$job"
    ends_as "$job" FAILED 60
    says "$job" "bands of slow.h5 are in the journal"
    job=$(submit --ntasks=3 mpirun.sh "$configs/slow.toml")
    ends_as "$job" COMPLETED 150
    says "$job" "resuming: "
    gives "$job" "$slow" slow.h5
}

# srun finds something in the way of its ranks, says so, and returns 0.
a_launch_that_fails_is_repeated() {
    enter_directory "${FUNCNAME[0]}"
    local job obstacle
    job=$(submit --ntasks=1 --hold requeue.sh "$configs/small.toml")
    for obstacle in "$TC_DIR"/nodes/n*/spool; do touch "$obstacle/stepd.slurm.pmix.$job.0"; done
    as_user scontrol release "$job"
    within 150 has_said "$job" "ended with 1 after 0 restarts: once more"
    for obstacle in "$TC_DIR"/nodes/n*/spool; do rm -f "$obstacle/stepd.slurm.pmix.$job.0"; done
    ends_as "$job" COMPLETED 150
    gives "$job" "$small" small.h5
}

# The second node of a job loses power. Slurm notices after SlurmdTimeout and requeues the job.
a_lost_node_costs_nothing_but_time() {
    enter_directory "${FUNCNAME[0]}"
    local job node
    job=$(submit --nodes=2 --ntasks=2 --exclusive requeue.sh "$configs/slow.toml")
    within 150 is_under_way slow.journal.1
    node=$(nodes_of "$job" | tail -n 1)
    tc fail "$node"
    within 60 has_been_requeued "$job"
    tc start "$node"
    ends_as "$job" COMPLETED 150
    says "$job" "resuming: "
    gives "$job" "$slow" slow.h5
}

has_been_requeued() { [ "$(restarts_of "$1")" -ge 1 ]; } # JOB
restarts_of() { tc exec ctl scontrol show job "$1" | sed -n 's/.* Restarts=\([0-9]*\).*/\1/p'; } # JOB

# The node of a whole job, root included, is cut off, but works on: a ghost. Slurm starts the job on another
# node. There may be only one writer: the ghost must see that it has been succeeded, and leave the file alone.
a_ghost_behind_a_cut_network_stops_with_74() {
    enter_directory "${FUNCNAME[0]}"
    local job node bytes
    job=$(submit --nodes=1 --ntasks=2 --exclusive requeue.sh "$configs/slow.toml")
    within 150 is_under_way slow.journal.1
    node=$(nodes_of "$job")
    bytes=$(journal_bytes slow.journal.1)
    tc netdown "$node"
    # It goes on, alone. Then hold it, so that it cannot be done before its successor has begun.
    within 30 has_grown slow.journal.1 "$bytes"
    signal_ranks STOP "$node"
    bytes=$(journal_bytes slow.journal.1)
    within 90 test -e slow.journal.2
    [ "$(nodes_of "$job")" != "$node" ] || fail "the successor is on the node that was cut off"
    signal_ranks CONT "$node"
    within 60 has_said "$job" "ended with 74: a restart would not help"
    says "$job" "another start of this job has taken over"
    [ ! -e slow.journal.1 ] || [ "$(journal_bytes slow.journal.1)" = "$bytes" ] || fail "the ghost has written"
    ends_as "$job" COMPLETED 150
    says "$job" "done after 1 restarts"
    gives "$job" "$slow" slow.h5
    tc netup "$node"
    within 60 is_idle "$node"
}

is_idle() { [ "$(tc exec ctl sinfo -h -N -n "$1" -o %T)" = idle ]; } # NODE
# The process table is the node's own: this reaches the ranks there and nothing else.
signal_ranks() { tc exec "$2" pkill "-$1" -x mandel-mpi; } # SIGNAL NODE

# As above with ranks on two nodes. The ghost root waits for a rank that it cannot hear. When its network is
# back, Slurm ends it.
a_ghost_with_ranks_elsewhere_ends_when_the_network_is_back() {
    enter_directory "${FUNCNAME[0]}"
    local job node
    job=$(submit --nodes=2 --ntasks=4 --exclusive requeue.sh "$configs/slow.toml")
    within 150 is_under_way slow.journal.1
    node=$(nodes_of "$job" | head -n 1)
    tc netdown "$node"
    within 90 test -e slow.journal.2
    ends_as "$job" COMPLETED 150
    gives "$job" "$slow" slow.h5
    tc netup "$node"
    within 150 has_no_ranks "$node"
    gives "$job" "$slow" slow.h5
}

# Whether no rank that was started here is left on a node; ranks of other cases may be. NODE
has_no_ranks() {
    # shellcheck disable=SC2016
    tc exec "$1" sh -c 'for pid in $(pgrep -x mandel-mpi); do
        [ "$(readlink "/proc/$pid/cwd")" != "$0" ] || exit 1
    done' "$PWD"
}

# A limit of one minute, with the warning that the script asks for.
the_warning_before_the_time_limit_requeues() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=1 --time=1 --signal=B:USR1@20 requeue.sh "$configs/slow.toml" --set grid.height=28000)
    ends_as "$job" COMPLETED 400
    says "$job" "ended with 75 after 0 restarts: once more"
    says "$job" "resuming: "
    gives "$job" "$(limit_checksum)" slow.h5
}

# The same without any warning: Slurm ends the job, and the same sbatch goes on.
the_time_limit_itself_loses_nothing() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=1 --time=1 --signal=USR1@0 mandel_32k.sh "$configs/slow.toml" --set grid.height=28000)
    ends_as "$job" TIMEOUT 150
    job=$(submit --ntasks=4 mandel_32k.sh "$configs/slow.toml" --set grid.height=28000)
    ends_as "$job" COMPLETED 300
    says "$job" "resuming: "
    gives "$job" "$(limit_checksum)" slow.h5
}

# The field that two cases above compute in several starts, by one rank in one.
limit_checksum() { within 400 test -s "$work/one-rank/limit.checksum" && cat "$work/one-rank/limit.checksum"; }

one_rank_gives_the_known_checksum() {
    enter_directory one-rank
    as_user srun --ntasks=1 mandel-mpi --config "$configs/slow.toml" --kernel auto --threads 2 --output slow.h5 >slow.log
    [ "$(checksum_in slow.log)" = "$slow" ] || fail "not $slow: $(tail -n 1 slow.log)"
    as_user srun --ntasks=1 mandel-mpi --config "$configs/slow.toml" --kernel auto --threads 2 --output limit.h5 \
        --set grid.height=28000 >limit.log
    checksum_in limit.log >limit.checksum
}
