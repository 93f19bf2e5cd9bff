# Each of slurm/*.sh, run to its end.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by test-slurm.sh

mandel_32k_takes_a_config() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=4 mandel_32k.sh "$configs/small.toml" --output field.h5)
    ends_as "$job" COMPLETED "$patience"
    gives "$job" "$small" field.h5
}

mandel_32k_finds_the_installed_config_from_any_directory() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=2 mandel_32k.sh --set grid.width=100 --set grid.height=100)
    ends_as "$job" COMPLETED "$patience"
    [ -s area2_32k.h5 ] || fail "no area2_32k.h5 in the submit directory: $(ls)"
}

mandel_32k_prefers_the_config_of_the_submit_directory() {
    enter_directory "${FUNCNAME[0]}"
    local job
    install -D -m 644 "$configs/small.toml" configs/area2_32k.toml
    job=$(submit --ntasks=2 mandel_32k.sh)
    ends_as "$job" COMPLETED "$patience"
    gives "$job" "$small" area2_32k.h5
}

mandel_32k_stages_the_binary_and_cleans_up() {
    enter_directory "${FUNCNAME[0]}"
    local job
    # Not the binary in PATH, and another name.
    install -m 755 "$prefix/bin/mandel-mpi" ./mine
    job=$(submit --nodes=2 --ntasks=4 --export=ALL,MANDEL_SBCAST=1,MANDEL_MPI="$PWD/mine" \
        mandel_32k.sh "$configs/small.toml")
    ends_as "$job" COMPLETED "$patience"
    gives "$job" "$small" small.h5
    for node in $(nodes_of "$job"); do
        [ -z "$(tc exec "$node" find /tmp -maxdepth 1 -name 'mandel-mpi.*')" ] || fail "the copy on $node is still there"
    done
}

# Where ranks outnumber CPUs by far, one launch in a dozen ends inside MPI_Init: Slurm 22.05 lets a rank out
# of it whose first message reaches another before Open MPI 4.1 has a receiver for it there (mca_btl_tcp calls
# a null pointer). A rank that has come out of MPI_Init has no such excuse: rank 0 then has had its say.
died_in_mpi_init() { has_said "$1" "Segmentation fault" && ! has_said "$1" "rank 0 on "; } # JOB

sixty_four_ranks_on_four_nodes_give_the_checksum_of_one() {
    enter_directory "${FUNCNAME[0]}"
    local job
    for _ in 1 2 3 4; do
        job=$(submit --nodes=4 --overcommit mandel_32k.sh "$configs/small.toml" --summary run.json)
        within "$patience" has_ended "$job"
        died_in_mpi_init "$job" || break
    done
    ends_as "$job" COMPLETED "$patience"
    gives "$job" "$small" small.h5
    [ "$(in_json run.json ranks)" = 64 ] || fail "not 64 ranks: $(cat run.json)"
    [ "$(in_json run.json hosts | tr ' ' '\n' | sort -u | wc -l)" = 4 ] || fail "not 4 nodes: $(cat run.json)"
}

hybrid_has_a_rank_per_node_and_a_thread_per_cpu() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --nodes=2 --cpus-per-task=3 hybrid.sh "$configs/small.toml" --summary run.json)
    ends_as "$job" COMPLETED "$patience"
    gives "$job" "$small" small.h5
    [ "$(in_json run.json threads)" = "3 3" ] || fail "not 2 ranks of 3 threads: $(cat run.json)"
    [ "$(in_json run.json hosts | tr ' ' '\n' | sort -u | wc -l)" = 2 ] || fail "not 2 nodes: $(cat run.json)"
}

mpirun_starts_the_ranks_on_all_nodes() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --nodes=2 --ntasks=4 mpirun.sh "$configs/small.toml" --summary run.json)
    ends_as "$job" COMPLETED "$patience"
    gives "$job" "$small" small.h5
    [ "$(in_json run.json ranks)" = 4 ] || fail "not 4 ranks: $(cat run.json)"
    [ "$(in_json run.json hosts | tr ' ' '\n' | sort -u | wc -l)" = 2 ] || fail "not 2 nodes: $(cat run.json)"
}

requeue_does_not_repeat_a_mistake() {
    enter_directory "${FUNCNAME[0]}"
    local job
    job=$(submit --ntasks=2 requeue.sh "$configs/small.toml" --set grid.width=0)
    ends_as "$job" FAILED "$patience"
    says "$job" "ended with 2: a restart would not help"
    [ "$(grep -c 'grid.width = 0' "$(log_of "$job")")" = 1 ] || fail "said more than once: $(cat "$(log_of "$job")")"
}

scaling_leaves_a_summary_of_each_run() {
    enter_directory "${FUNCNAME[0]}"
    local job file
    job=$(submit --ntasks=4 --export=ALL,MANDEL_REPEATS=1 scaling.sh "$configs/small.toml" --kernel reference)
    ends_as "$job" COMPLETED "$patience"
    [ "$(cd "scaling-$job" && echo *)" = \
        "strong-1-1.json strong-2-1.json strong-4-1.json weak-1-1.json weak-2-1.json weak-4-1.json" ] ||
        fail "not what was expected: $(ls "scaling-$job")"
    # Strong scaling: one job. Weak scaling: the same iterations for each rank, within a few percent.
    for file in "scaling-$job"/strong-*.json "scaling-$job/weak-4-1.json"; do
        [ "$(in_json "$file" checksum)" = "$small" ] || fail "$file is of another job: $(cat "$file")"
    done
    local alone shared
    alone=$(in_json "scaling-$job/weak-1-1.json" executed)
    shared=$(($(in_json "scaling-$job/weak-4-1.json" executed) / 4))
    ((10 * shared > 9 * alone && 10 * shared < 11 * alone)) ||
        fail "1 rank has $alone iterations, each of 4 has $shared"
}
