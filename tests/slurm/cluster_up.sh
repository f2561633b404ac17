#!/usr/bin/env bash
# Start a Slurm cluster of this machine alone: Debian's packages, no systemd, no accounting.
#   partition cpu: node cpu1; partition gpu: nodes gpu1 and gpu2, with 8 fake GPUs each, called h100;
#   partition urgent: the same two nodes, whose jobs take the place of others, which are queued again.
# It keeps everything in one folder; cluster_down.sh stops it and removes the folder. Needs root.
set -euo pipefail
umask 022
export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive
HERE=$(cd "$(dirname "$0")" && pwd)
D=${ANODEFLOW_SLURM:-/tmp/anodeflow-slurm}    # short: sockets lie in it
NODES="cpu1 gpu1 gpu2"
HOST=$(hostname -s)
die() { echo "cluster_up: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "a Slurm cluster for the tests needs root."
if ! command -v slurmctld slurmd sbatch munged >/dev/null; then
    command -v apt-get >/dev/null || die "Slurm is installed by apt-get, which is not here."
    # the packages would start their daemons; this keeps them from it, while they are installed
    policy=/usr/sbin/policy-rc.d
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod 755 $policy; trap "rm -f $policy" EXIT; }
    { apt-get update && apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge; } \
        >/dev/null || die "apt-get could not install Slurm."
fi
"$HERE/cluster_down.sh"
[ ! -e /etc/slurm/slurm.conf ] || die "/etc/slurm/slurm.conf is of another cluster: left alone."

mkdir -p "$D"/{state,log,run,gpu} /etc/slurm
for node in $NODES; do mkdir -p "$D/spool/$node"; done
head -c 1024 /dev/urandom >"$D/munge.key"
chmod 600 "$D/munge.key"
# Slurm sets CUDA_VISIBLE_DEVICES for character devices only; its number is the one in the name
for gpu in $(seq 0 7); do ln -s /dev/null "$D/gpu/gpu$gpu"; done
cat >"$D/slurm.conf" <<CONF
ClusterName=anodeflow
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# a job of a lost node is held back until its credential has expired: 120 s if nothing is said
AuthInfo=socket=$D/run/munge.socket,cred_expire=5
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool/%n
SlurmctldPidFile=$D/run/slurmctld.pid
SlurmdPidFile=$D/run/%n.pid
SlurmctldLogFile=$D/log/slurmctld.log
SlurmdLogFile=$D/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
AccountingStorageType=accounting_storage/none
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
GresTypes=gpu
ReturnToService=2
KillWait=20
MinJobAge=3600
SlurmdTimeout=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=cpu1 NodeHostname=$HOST NodeAddr=127.0.0.1 Port=16831 CPUs=16 RealMemory=64000
NodeName=gpu[1-2] NodeHostname=$HOST NodeAddr=127.0.0.1 Port=[16841-16842] CPUs=16 RealMemory=64000 Gres=gpu:h100:8
PartitionName=cpu Nodes=cpu1 Default=YES MaxTime=INFINITE
PartitionName=gpu Nodes=gpu[1-2] MaxTime=INFINITE
PartitionName=urgent Nodes=gpu[1-2] MaxTime=INFINITE PriorityTier=2
CONF
echo "NodeName=gpu[1-2] Name=gpu Type=h100 File=$D/gpu/gpu[0-7]" >"$D/gres.conf"
echo "CgroupPlugin=cgroup/v1" >"$D/cgroup.conf"    # some plugin is wanted; none of it is used
ln -s "$D/slurm.conf" /etc/slurm/slurm.conf        # the job's srun looks for it here only

wait_for() {
    for _ in $(seq 100); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
    tail -n 15 "$D"/log/*.log >&2
    die "not so after 20 s: $*"
}
all_idle() { [ "$(sinfo -h -N -t idle -o %N | sort -u | wc -w)" = "$(wc -w <<<"$NODES")" ]; }

munged --key-file="$D/munge.key" --socket="$D/run/munge.socket" --pid-file="$D/run/munged.pid" \
    --log-file="$D/log/munged.log" --seed-file="$D/state/munged.seed"
export SLURM_CONF="$D/slurm.conf"                    # beside it lie the others
wait_for munge -n -S "$D/run/munge.socket"
slurmctld
wait_for scontrol ping
for node in $NODES; do slurmd -N "$node"; done
wait_for all_idle
