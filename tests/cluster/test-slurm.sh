#!/bin/bash
# Tests the job scripts, the installation and the program's behaviour under failures on a real Slurm.
#
#   tests/cluster/test-slurm.sh [--short] [CASE...]
#
# Brings up four nodes of four CPUs on this machine (test-cluster.sh), installs there, submits everything as
# an unprivileged user, and takes all down again. --short leaves out the time limit and other cases that wait
# for minutes; named cases run alone. The cases are in the *.bash files here. Needs root, Slurm, munge and
# Open MPI; without them it says `skipped: ...`. The last line counts: `N passed, N failed, N skipped`.
#
# Environment: MANDEL_MPI, the binary to test (release build); MANDEL_TEST_USER, who submits (nobody).
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
user=${MANDEL_TEST_USER:-nobody}
binary=${MANDEL_MPI:-${CARGO_TARGET_DIR:-$root/target}/release/mandel-mpi}
passed=0 failed=0 skipped=0

# Cases that run beside each other; one list after the other. 64 ranks on a few CPUs take minutes to start
# where others want these CPUs, too. Those of the last list but one take nodes away, so that jobs which are
# not prepared for it would be lost.
crowded=(sixty_four_ranks_on_four_nodes_give_the_checksum_of_one)
calm=(
    help_and_version_are_printed_once
    the_module_loads_in_a_batch_job
    a_script_loads_the_module_itself
    the_module_works_where_the_installation_has_been_moved_to
    the_man_page_has_every_option
    completions_know_the_options
    mandel_32k_takes_a_config
    mandel_32k_finds_the_installed_config_from_any_directory
    mandel_32k_prefers_the_config_of_the_submit_directory
    mandel_32k_stages_the_binary_and_cleans_up
    hybrid_has_a_rank_per_node_and_a_thread_per_cpu
    mpirun_starts_the_ranks_on_all_nodes
    requeue_does_not_repeat_a_mistake
    scaling_leaves_a_summary_of_each_run
)
failing=(
    a_ghost_behind_a_cut_network_stops_with_74
    a_lost_node_costs_nothing_but_time
    usr1_stops_and_requeue_resumes
    usr1_reaches_the_ranks_under_mpirun
    a_launch_that_fails_is_repeated
    restarts_are_bounded
    a_cancelled_job_stays_cancelled
)
slow_cases=(
    a_ghost_with_ranks_elsewhere_ends_when_the_network_is_back
    the_warning_before_the_time_limit_requeues
    the_time_limit_itself_loses_nothing
    one_rank_gives_the_known_checksum
)

# ---- whether it can run ------------------------------------------------------------------------------------

skip_all() {
    echo "skipped: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

[ "$(id -u)" = 0 ] || skip_all "the test cluster needs root"
for tool in slurmctld slurmd sbatch munged mpirun unshare nsenter ip; do
    command -v "$tool" >/dev/null || skip_all "$tool is not in PATH"
done
unshare --net --uts --mount --pid --ipc --fork true 2>/dev/null || skip_all "namespaces are not allowed here"
id "$user" >/dev/null 2>&1 || skip_all "there is no user $user"
if [ ! -x "$binary" ]; then
    (cd "$root" && cargo build --release --locked) || exit 1
fi

if [ "${1:-}" = --short ]; then
    slow_cases=()
    shift
fi
if [ $# -gt 0 ]; then
    crowded=() calm=("$@") failing=() slow_cases=()
fi

# ---- cases -------------------------------------------------------------------------------------------------

# shellcheck source=tests/cluster/cluster.bash
. "$root/tests/cluster/cluster.bash"
# shellcheck source=tests/cluster/launch.bash
. "$root/tests/cluster/launch.bash"
# shellcheck source=tests/cluster/scripts.bash
. "$root/tests/cluster/scripts.bash"
# shellcheck source=tests/cluster/failures.bash
. "$root/tests/cluster/failures.bash"

running=()

report() { # CASE EXIT-CODE
    local output=$work/output/$1 name=${1//_/ } took
    took=$(cat "$output.seconds" 2>/dev/null)
    if [ "$2" != 0 ]; then
        failed=$((failed + 1))
        echo "FAILED ($took s): $name"
        sed 's/^/    /' "$output"
    elif grep -q '^skipped: ' "$output"; then
        skipped=$((skipped + 1))
        echo "$(grep -m 1 '^skipped: ' "$output") ($name)"
    else
        passed=$((passed + 1))
        echo "ok ($took s): $name"
    fi
}

together() { # CASE...
    local name i
    running=()
    for name; do
        (
            SECONDS=0
            trap 'echo "$SECONDS" >"$work/output/$name.seconds"' EXIT
            set -eE
            trap 'echo "failed at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND" >&2' ERR
            "$name"
        ) >"$work/output/$name" 2>&1 </dev/null &
        running+=($!)
    done
    i=0
    for name; do
        wait "${running[i]}"
        report "$name" $?
        i=$((i + 1))
    done
    running=()
}

# ---- the cluster -------------------------------------------------------------------------------------------

# What the machine must look like again afterwards.
network_of_the_machine() { ip -o link | cut -d: -f2; }
mounts_of_the_machine() { cut -d' ' -f5 /proc/self/mountinfo | sort; }
processes_of_the_cluster() { # pids whose process namespace is one of the nodes'
    local process namespace
    for process in /proc/[0-9]*; do
        namespace=$(readlink "$process/ns/pid") || continue
        case " $namespaces " in *" $namespace "*) echo "${process#/proc/}" ;; esac
    done 2>/dev/null
}

nothing_is_left() {
    [ -z "$(processes_of_the_cluster)" ] || { ps -fp "$(processes_of_the_cluster | paste -sd,)" >&2; return 1; }
    [ ! -e "$TC_DIR" ] || { echo "$TC_DIR is still there" >&2; return 1; }
    [ "$(network_of_the_machine)" = "$network" ] || { ip link >&2; return 1; }
    [ "$(mounts_of_the_machine)" = "$mounts" ] || { cat /proc/mounts >&2; return 1; }
}

take_down() {
    [ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null
    tc down
    rm -rf "$outside"
}

outside=$(mktemp -d /tmp/mandel-test.XXXXXX) # what remains to be read when the cluster has gone
export TC_DIR=$outside.c
trap 'take_down; exit 1' INT TERM HUP
trap take_down EXIT
network=$(network_of_the_machine)
mounts=$(mounts_of_the_machine)

tc up 4 4 >/dev/null || { echo "FAILED: the cluster does not come up"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
tc exec ctl srun --mpi=list 2>&1 | grep -q pmix || skip_all "this Slurm has no PMIx"
namespaces=$(for node in "$TC_DIR"/nodes/*/init; do cut -d' ' -f2 "$node"; done)
namespaces=${namespaces//$'\n'/ }

work=$TC_DIR/work prefix=$TC_DIR/installed configs=$TC_DIR/configs
install -d -o "$user" -g "$(id -g "$user")" "$work"
install -d "$work/output" "$configs"
install -m 644 "$root"/tests/cluster/*.toml "$configs"
"$root/tools/install.sh" --prefix "$prefix" --binary "$binary" >/dev/null || exit 1

# What one rank gives. The second one is known from such a run; the long form computes it again.
small=$(enter_directory one-rank && as_user srun --ntasks=1 mandel-mpi --config "$configs/small.toml" >small.log &&
    checksum_in small.log)
slow=7d4709198c853bb9

together "${crowded[@]}"
together "${calm[@]}"
together "${failing[@]}"
together "${slow_cases[@]}"

take_down
trap - EXIT INT TERM HUP
if nothing_is_left; then
    passed=$((passed + 1))
    echo "ok: nothing is left behind"
else
    failed=$((failed + 1))
    echo "FAILED: something is left behind"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
