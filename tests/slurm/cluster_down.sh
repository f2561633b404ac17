#!/usr/bin/env bash
# Stop the cluster that cluster_up.sh started, with its jobs, and remove its folder.
set -uo pipefail
D=${ANODEFLOW_SLURM:-/tmp/anodeflow-slurm}
[ -d "$D" ] || exit 0

runs() { [[ -n "$1" && "$(readlink "/proc/$1/exe")" == */$2* ]]; }

stop() { # pid file, program
    local pid
    pid=$(cat "$1" 2>/dev/null) || return
    runs "$pid" "$2" || return
    kill "$pid"
    for _ in $(seq 50); do runs "$pid" "$2" || return; sleep 0.1; done
    kill -9 "$pid"
}

if runs "$(cat "$D/run/slurmctld.pid" 2>/dev/null)" slurmctld; then
    jobs=$(timeout 10 squeue -h -o %A)
    if [ -n "$jobs" ]; then
        timeout 10 scancel --full --signal=KILL $jobs
        timeout 10 scancel $jobs
        for _ in $(seq 50); do [ -z "$(timeout 10 squeue -h -o %A)" ] && break; sleep 0.1; done
    fi
fi
for pid_file in "$D"/run/*.pid; do
    case $pid_file in
        */slurmctld.pid) stop "$pid_file" slurmctld ;;
        */munged.pid) ;;
        *) stop "$pid_file" slurmd ;;
    esac
done
stop "$D/run/munged.pid" munged
# What requeued jobs left behind: this cluster knows the processes of a job by their group alone.
for process in /proc/[0-9]*; do
    if grep -qz "^SLURM_JOB_ID=" "$process/environ" && grep -qzx "SLURM_CONF=$D/slurm.conf" "$process/environ"
    then kill -9 "${process#/proc/}"; fi
done 2>/dev/null
[ "$(readlink /etc/slurm/slurm.conf)" = "$D/slurm.conf" ] && rm /etc/slurm/slurm.conf
rm -rf "$D"
