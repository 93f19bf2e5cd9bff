#!/bin/bash
# A real Slurm cluster of several nodes on one machine: for tests, as root, without systemd.
#
#   test-cluster.sh up [NODES=3] [CPUS_PER_NODE=4]
#   test-cluster.sh exec HOST COMMAND...       run on ctl (the login node), n1, n2, ...
#   test-cluster.sh as USER HOST COMMAND...    the same as an unprivileged user, in that user's environment
#   test-cluster.sh fail HOST                  power a compute node off
#   test-cluster.sh start HOST                 ... and on again
#   test-cluster.sh netdown HOST               pull a compute node's network cable
#   test-cluster.sh netup HOST                 ... and plug it in again
#   test-cluster.sh status
#   test-cluster.sh down                       end everything and remove it
#
# Environment:
#   TC_DIR     the cluster's directory, default /tmp/mandel-cluster; clusters with different ones know nothing
#              of each other. Keep it short: the name of a Unix socket in it has to fit into 107 bytes.
#   TC_SHARED  more directories below /tmp that all nodes must see, separated by colons
#   TC_CONF    more lines for slurm.conf
#
# A node is a set of namespaces (network, host name, mounts, processes, IPC), so slurmd, srun, orted and the
# ranks believe that they are on different machines: each has its own host name, address, /tmp, /dev/shm and
# process table, and ranks of different nodes talk over TCP. A virtual cable leads from each node to a bridge
# in the network namespace of ctl. All other directories are the machine's own, as on a cluster with a shared
# file system; users find a home in TC_DIR/home. The machine's own namespaces get processes and TC_DIR only.
set -euo pipefail

TC_DIR=${TC_DIR:-/tmp/mandel-cluster}
SUBNET=10.77.0
export SLURM_CONF=$TC_DIR/etc/slurm.conf

die() { echo "test-cluster.sh: $*" >&2; exit 1; }

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; }

# ---- nodes -------------------------------------------------------------------------------------------------

# The process that is pid 1 inside a node. Ending it ends every process of the node.
init_pid() { cut -d' ' -f1 "$TC_DIR/nodes/$1/init" 2>/dev/null; }

# A pid may have been given to somebody else since: only the namespace proves that it is ours.
is_alive() {
    local pid namespace
    read -r pid namespace 2>/dev/null <"$TC_DIR/nodes/$1/init" || return 1
    [ "$(readlink "/proc/$pid/ns/pid_for_children" 2>/dev/null)" = "$namespace" ]
}

enter() { # HOST COMMAND...
    local host=$1
    shift
    is_alive "$host" || die "no such node, or it is down: $host"
    nsenter --target "$(init_pid "$host")" --net --uts --mount --pid --ipc --wd="$PWD" -- "$@"
}

enter_as() { # USER HOST COMMAND...
    local user=$1 host=$2 home=$TC_DIR/home/$1
    shift 2
    id "$user" >/dev/null || exit 1
    [ -d "$home" ] || install -d -o "$user" -g "$(id -g "$user")" "$home"
    enter "$host" setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
        env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
        LANG=C.UTF-8 SLURM_CONF="$SLURM_CONF" "$@"
}

# In-network only: what is done to cables needs ip and nothing of the node's files.
in_network() { # HOST COMMAND...
    local host=$1
    shift
    nsenter --target "$(init_pid "$host")" --net -- "$@"
}

address() { # HOST
    case $1 in
        ctl) echo "$SUBNET.1" ;;
        *) echo "$SUBNET.$((10 + ${1#n}))" ;;
    esac
}

# What pid 1 of a node runs: dress the namespaces, then sleep and reap.
# shellcheck disable=SC2016 # the node's shell expands it
NODE_INIT='
    host=$1 node=$2 hosts=$3
    shift 3
    set -e
    hostname "$host"
    mount -t tmpfs -o mode=1777,size=50% tmpfs /dev/shm
    mount --bind "$hosts" /etc/hosts
    # A /tmp of its own, in which the shared directories appear at their usual place.
    for shared; do
        case $shared in /tmp/*)
            mkdir -p "$node/tmp/${shared#/tmp/}"
            mount --rbind "$shared" "$node/tmp/${shared#/tmp/}" ;;
        esac
    done
    mount --rbind "$node/tmp" /tmp
    ip link set lo up
    touch "$node/ready"
    set +e
    # The shell reaps what the node orphans. It ignores TERM, as pid 1 does: nodes are switched off unasked.
    while :; do sleep 1000 & wait $!; done'

start_node() { # HOST
    local host=$1 node=$TC_DIR/nodes/$1 launcher pid shared
    ! is_alive "$host" || die "$host is up already"
    # A node has no disk of its own: it boots with an empty /tmp and an empty spool. (Slurm 22.05 cannot start
    # a requeued job on a node that has kept the PMIx socket of the start that it crashed in.)
    rm -rf "$node"
    mkdir -p "$node/tmp" "$node/spool"
    chmod 1777 "$node/tmp"
    IFS=: read -ra shared <<<"$TC_DIR${TC_SHARED:+:$TC_SHARED}"
    setsid unshare --net --uts --mount --pid --ipc --fork --kill-child --mount-proc --propagation private \
        bash -c "$NODE_INIT" init "$host" "$node" "$TC_DIR/etc/hosts" "${shared[@]}" \
        </dev/null >"$node/init.log" 2>&1 &
    launcher=$!
    wait_for 10 test -e "$node/ready" || { cat "$node/init.log" >&2; kill -KILL "$launcher"; die "$host did not start"; }
    pid=$(cat "/proc/$launcher/task/$launcher/children")
    pid=${pid% }
    echo "$pid $(readlink "/proc/$pid/ns/pid_for_children")" >"$node/init"
    plug_in "$host"
}

plug_in() { # HOST
    local pid
    if [ "$1" = ctl ]; then
        in_network ctl ip link add br0 type bridge
        in_network ctl ip address add "$(address ctl)/24" dev br0
        in_network ctl ip link set br0 up
        return
    fi
    pid=$(init_pid "$1")
    in_network ctl ip link delete "cable-$1" 2>/dev/null || true # of a node that failed
    in_network ctl ip link add "cable-$1" type veth peer name eth0 netns "$pid"
    in_network ctl ip link set "cable-$1" master br0 up
    in_network "$1" ip address add "$(address "$1")/24" dev eth0
    in_network "$1" ip link set eth0 up
}

stop_node() { # HOST
    local pid
    is_alive "$1" || return 0
    pid=$(init_pid "$1")
    kill -KILL "$pid"
    wait_for 10 is_gone "$pid" || die "$1 does not end"
    rm -f "$TC_DIR/nodes/$1/init"
}

is_gone() { ! [ -e "/proc/$1" ]; }

wait_for() { # SECONDS COMMAND...: until the command succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

# ---- daemons -----------------------------------------------------------------------------------------------

write_conf() { # NODES CPUS
    local i
    {
        echo "127.0.0.1 localhost"
        echo "$(address ctl) ctl"
        for i in $(seq "$1"); do echo "$(address "n$i") n$i"; done
    } >"$TC_DIR/etc/hosts"
    {
        cat <<EOT
ClusterName=test
SlurmctldHost=ctl($(address ctl))
SlurmUser=root
AuthType=auth/munge
# After a requeue Slurm waits until the old credentials have expired: 120 s by default. A launch that takes
# longer than this, because the machine is busy, is refused.
AuthInfo=socket=$TC_DIR/munge/socket,cred_expire=20
# On a busy machine daemons answer later than the 10 s and the 2 s for which others wait by default; what PMIx
# does then takes a minute.
MessageTimeout=60
TCPTimeout=10
StateSaveLocation=$TC_DIR/state
SlurmdSpoolDir=$TC_DIR/nodes/%n/spool
SlurmctldPidFile=$TC_DIR/state/slurmctld.pid
SlurmdPidFile=$TC_DIR/nodes/%n/slurmd.pid
SlurmctldLogFile=$TC_DIR/log/slurmctld.log
SlurmdLogFile=$TC_DIR/log/slurmd.%n.log
# No cgroups here, so tasks are not bound to CPUs either.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=pmix
MailProg=/bin/true
SwitchType=switch/none
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# Believe the numbers below, whatever the machine has.
SlurmdParameters=config_overrides
ReturnToService=2
# A lost node is noticed after so many seconds.
SlurmdTimeout=10
SlurmctldTimeout=10
# From the time limit's TERM to its KILL.
KillWait=5
JobRequeue=1
MinJobAge=3600
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
EOT
        for i in $(seq "$1"); do
            echo "NodeName=n$i NodeAddr=$(address "n$i") CPUs=$2 RealMemory=64000 State=UNKNOWN"
        done
        echo "${TC_CONF:-}"
    } >"$SLURM_CONF"
}

# munged speaks through a socket in the shared directory: one serves all nodes.
start_munged() {
    local dir=$TC_DIR/munge
    mkdir "$dir"
    (umask 077 && head -c 128 /dev/urandom >"$dir/key")
    chown -R munge: "$dir"
    enter ctl setpriv --reuid=munge --regid="$(id -g munge)" --clear-groups munged --key-file="$dir/key" \
        --socket="$dir/socket" --pid-file="$dir/pid" --log-file="$dir/log" --seed-file="$dir/seed"
}

start_slurmd() { enter "$1" slurmd -N "$1" </dev/null >"$TC_DIR/log/slurmd.$1.out" 2>&1; }

idle_nodes() { [ "$(enter ctl sinfo -h -N -o %T 2>/dev/null | grep -c '^idle$')" -ge "$1" ]; }

# ---- commands ----------------------------------------------------------------------------------------------

up() { # [NODES] [CPUS]
    local nodes=${1:-3} cpus=${2:-4} i
    [ "$(id -u)" = 0 ] || die "must be root"
    for i in slurmctld slurmd munged unshare nsenter ip; do
        command -v "$i" >/dev/null || die "$i is missing"
    done
    [ ${#TC_DIR} -le 80 ] || die "TC_DIR is too long: $TC_DIR"
    ! is_alive ctl || die "already up in $TC_DIR: end it with down"
    down
    mkdir "$TC_DIR" # fails when it is there and not ours
    touch "$TC_DIR/.test-cluster"
    chmod 755 "$TC_DIR"
    mkdir "$TC_DIR"/{etc,log,state,nodes,home}
    trap 'tail -n 20 "$TC_DIR"/log/* >&2; down' EXIT
    write_conf "$nodes" "$cpus"
    start_node ctl
    start_munged
    enter ctl slurmctld -c </dev/null >"$TC_DIR/log/slurmctld.out" 2>&1
    for i in $(seq "$nodes"); do
        start_node "n$i"
        start_slurmd "n$i"
    done
    wait_for 30 idle_nodes "$nodes" || die "the nodes do not come up"
    trap - EXIT
    enter ctl sinfo -N -l
}

down() {
    local node
    for node in "$TC_DIR"/nodes/*; do
        [ -d "$node" ] && stop_node "${node##*/}"
    done
    # Only a directory that `up` has made is removed. Its mounts have gone with the nodes' namespaces.
    [ ! -e "$TC_DIR/.test-cluster" ] || rm -rf --one-file-system "$TC_DIR"
}

command=${1:-help}
shift || true
case $command in
    up) up "$@" ;;
    down) down ;;
    exec) enter "$@" ;;
    as) enter_as "$@" ;;
    fail) stop_node "$1" ;;
    start) start_node "$1" && start_slurmd "$1" ;;
    netdown) in_network ctl ip link set "cable-$1" down ;;
    netup) in_network ctl ip link set "cable-$1" up ;;
    status) enter ctl sinfo -N -l && enter ctl squeue -l ;;
    help | -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
esac
