#!/bin/bash
# A real Slurm for tests: one controller and three nodes of four cores on the loopback interface, all of it in one folder.
#
#   tests/slurm.sh install                       Debian's packages, where they are missing
#   tests/slurm.sh start FOLDER [KEY=VALUE…]     that, and then the cluster; keys of slurm.conf
#   tests/slurm.sh stop FOLDER                   ends all that it started
#   tests/slurm.sh node FOLDER n2 kill|start     a node's daemon; what runs there goes on without it
#   tests/slurm.sh controller FOLDER kill|start
#
# `SLURM_CONF=FOLDER/slurm.conf` is what its commands need. It runs as root, like the daemons of a cluster.
set -euo pipefail

act=${1:?install, start, stop, node or controller}
if [ "$act" != install ]; then
    mkdir -p "${2:?a folder}"
    folder=$(cd "$2" && pwd)
    shift 2
    export SLURM_CONF=$folder/slurm.conf
fi
nodes=(n1 n2 n3)

number_of() { cat "$folder/run/$1.pid" 2>/dev/null; }

# Waits up to ten seconds until a command says yes.
until_true() {
    for _ in $(seq 200); do
        if "$@"; then return 0; fi
        sleep 0.05
    done
    echo "tests/slurm.sh: this does not come true: $*" >&2
    return 1
}

install_packages() {
    command -v slurmctld slurmd sbatch munged >/dev/null && return
    # No service is to start by being installed.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
        trap "rm -f $policy" EXIT
    fi
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
        munge slurm-client slurm-wlm-basic-plugins slurmctld slurmd >&2
}

# Three ports in a row for the nodes and one for the controller, which nobody uses.
free_ports() {
    local first
    for _ in $(seq 50); do
        first=$((20000 + RANDOM % 12000))
        if ! ss -Hltn 2>/dev/null | awk '{print $4}' | grep -qE ":($first|$((first + 1))|$((first + 2))|$((first + 3)))$"; then
            echo $first
            return
        fi
    done
    return 1
}

configure() {
    local port
    port=$(free_ports)
    # What callers set counts instead of the line here.
    declare -A settings=(
        [MaxArraySize]=1001 [MaxJobCount]=10000 [MinJobAge]=300 [SlurmdTimeout]=5 [KillWait]=2
    )
    for pair in "$@"; do settings[${pair%%=*}]=${pair#*=}; done
    cat <<EOF
ClusterName=flowrun-test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket,cred_expire=5
CredType=cred/munge
# On the loopback interface alone.
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
# Neither control groups nor accounting are to be had in a container.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,batch_sched_delay=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
ReturnToService=2
SlurmdParameters=config_overrides
EOF
    for key in "${!settings[@]}"; do echo "$key=${settings[$key]}"; done
    for node in "${nodes[@]}"; do
        port=$((port + 1))
        echo "NodeName=$node NodeHostname=localhost NodeAddr=127.0.0.1 Port=$port CPUs=4 RealMemory=8000"
    done
    local all
    all=$(IFS=, && echo "${nodes[*]}")
    echo "PartitionName=main Nodes=$all Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=1"
    echo "PartitionName=high Nodes=$all MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF"
}

all_idle() { [ "$(sinfo -h -N -p main -t idle 2>/dev/null | wc -l)" = ${#nodes[@]} ]; }

start() {
    install_packages
    rm -rf "$folder"/{run,log,state,spool}
    mkdir -p "$folder"/{run,log,state} "${nodes[@]/#/$folder/spool/}"
    (umask 077 && head -c 1024 /dev/urandom >"$folder/munge.key")
    munged --force --num-threads=2 --key-file="$folder/munge.key" --socket="$folder/run/munge.socket" \
        --pid-file="$folder/run/munged.pid" --log-file="$folder/log/munged.log" \
        --seed-file="$folder/run/munged.seed" 2>/dev/null
    configure "$@" >"$SLURM_CONF"
    slurmctld -c
    for node in "${nodes[@]}"; do slurmd -N "$node"; done
    until_true all_idle
}

# The step daemons of killed node daemons and what they started. They are known by the configuration in their environment.
orphans() {
    local process
    for process in /proc/[0-9]*; do
        if grep -qzsx "SLURM_CONF=$folder/slurm.conf" "$process/environ"; then
            case $(cat "$process/comm" 2>/dev/null) in
            slurmstepd | flowrun* | slurm_script) echo "${process#/proc/}" ;;
            esac
        fi
    done
}

stop() {
    local pid
    timeout 5 scancel -f -u "$(id -un)" 2>/dev/null || true
    for name in "${nodes[@]/#/slurmd-}" slurmctld munged; do
        if pid=$(number_of "$name"); then kill "$pid" 2>/dev/null || true; fi
    done
    sleep 0.3
    for pid in $(orphans); do kill -9 "$pid" 2>/dev/null || true; done
    for name in "${nodes[@]/#/slurmd-}" slurmctld munged; do
        if pid=$(number_of "$name"); then kill -9 "$pid" 2>/dev/null || true; fi
    done
}

case $act in
install) install_packages ;;
start) start "$@" ;;
stop) stop ;;
node)
    case $2 in
    kill) kill -9 "$(number_of "slurmd-$1")" ;;
    start)
        slurmd -N "$1"
        # It is not down any more, whatever the controller thought of it.
        scontrol update nodename="$1" state=resume 2>/dev/null || true
        ;;
    esac
    ;;
controller)
    case $1 in
    kill) kill -9 "$(number_of slurmctld)" ;;
    start) slurmctld ;;
    esac
    ;;
*)
    echo "tests/slurm.sh: install, start, stop, node or controller, not $act" >&2
    exit 2
    ;;
esac
