# How the cases talk to the test cluster. Sourced by test-slurm.sh, which sets root, prefix, user and work.
#
# A case is a function whose name says what must hold. It runs in a subshell of its own under `set -e`, beside
# others; it fails when a command fails or it calls `fail`.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by test-slurm.sh

tc() { "$root/tests/cluster/test-cluster.sh" "$@"; }

fail() {
    echo "$*" >&2
    exit 1
}

# Runs a command on the login node, in the case's directory, as a user who has mandel-mpi in PATH.
as_user() {
    # Ranks outnumber cores by far: one that waits must let others compute.
    tc as "$user" ctl env PATH="$prefix/bin:/usr/local/bin:/usr/bin:/bin" OMPI_MCA_mpi_yield_when_idle=1 "$@"
}

# Makes a directory of the user's and goes there.
enter_directory() { # NAME
    install -d -o "$user" -g "$(id -g "$user")" "$work/$1"
    cd "$work/$1" || exit 1
}

# Submits one of the installed scripts, prints the job's number. Options of sbatch come first, as on its own
# command line.
submit() { # [sbatch's options] SCRIPT [arguments]
    local options=()
    while [[ $1 == -* ]]; do
        options+=("$1")
        shift
    done
    as_user sbatch --parsable --time=10 --mem-per-cpu=100M "${options[@]}" "$prefix/share/mandel-mpi/slurm/$1" "${@:2}"
}

state() { as_user squeue -h -t all -j "$1" -o %T; } # JOB
nodes_of() { as_user scontrol show hostnames "$(as_user squeue -h -t all -j "$1" -o %N)"; } # JOB
log_of() { find "$PWD" -name "*-$1.out"; } # JOB

within() { # SECONDS COMMAND...: waits until the command succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "in vain: waited for: $*"
        sleep 0.3
    done
}

has_ended() { [[ $(state "$1") =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|OUT_OF_MEMORY)$ ]]; } # JOB

# Seconds that a small job may take from its submission to its end, on a machine that has other things to do.
# shellcheck disable=SC2034 # for the cases
patience=300

# Waits for the end of a job, which must be this one.
ends_as() { # JOB STATE SECONDS
    local seen
    (within "$3" has_ended "$1") || { as_user scontrol show job "$1" >&2; tail -n 30 "$(log_of "$1")" >&2; exit 1; }
    seen=$(state "$1")
    [ "$seen" = "$2" ] || { tail -n 30 "$(log_of "$1")" >&2; fail "job $1 is $seen, not $2"; }
}

has_said() { grep -qF -- "$2" "$(log_of "$1")" 2>/dev/null; } # JOB TEXT
says() { # JOB TEXT
    has_said "$1" "$2" || { tail -n 30 "$(log_of "$1")" >&2; fail "job $1 does not say: $2"; }
}

# The checksum in the last line of a report.
checksum_in() { sed -n 's/^mandel-mpi: done .* checksum=\([0-9a-f]\{16\}\) .*/\1/p' "$1" | tail -n 1; } # FILE

# A job's report has this checksum, and so has the file that it wrote.
gives() { # JOB CHECKSUM FILE.h5
    local seen
    seen=$(checksum_in "$(log_of "$1")")
    [ "$seen" = "$2" ] || fail "job $1 gives the checksum $seen, not $2"
    as_user mandel-mpi verify "$3" >verify.log 2>&1 || fail "$(cat verify.log)"
    grep -qF "$2" verify.log || fail "$3 holds something else: $(cat verify.log)"
    [ -z "$(find . -name '*.journal.*' -o -name '*.part')" ] || fail "left behind: $(ls)"
}

# A field of a summary; a list with spaces between. A list stands on lines of its own, or is empty.
in_json() { # FILE KEY
    awk -v key="\"$2\":" '
        inside && /\]/ { exit }
        inside || $1 == key {
            sub(/^ *"[^"]*": /, ""); gsub(/[",[ ]/, "")
            if ($0 != "") { printf "%s%s", separator, $0; separator = " " }
            if (!inside && $0 != "") exit
            inside = 1
        }' "$1"
}

# How many bytes of a journal there are, 0 without one.
journal_bytes() { stat -c %s "$1" 2>/dev/null || echo 0; } # SEGMENT
has_grown() { [ "$(journal_bytes "$1")" -gt "$2" ]; } # SEGMENT BYTES

# The journal's header and at least a round of bands are there: the job is in mid-run.
is_under_way() { has_grown "$1" 20000; } # SEGMENT
