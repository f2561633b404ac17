# Read by the shell of every job, on its node, before anything else: see `precommand` in config.yaml.

# What your cluster wants there, beside the environment in which snakemake was started:
# . /etc/profile.d/modules.sh      # only where sh does not know `module`
# module load python/3.11          # the one that .venv was made with; torch brings its own CUDA

# Shortly before its time is over, a job goes back into the queue under its number, so that it costs
# no retry, and then on from what it kept. One that kept nothing in this time, and a group, which
# would begin anew, are left to their ends: snakemake submits them again, with more time.
early=120                          # seconds
export ANODEFLOW_RUN="$SLURM_JOB_NAME"
ANODEFLOW_KEPT=$(mktemp -d) && export ANODEFLOW_KEPT   # notes: src/anodeflow/files/kept_notes.py

goes_on() { case $(ls "$1") in "" | *[!0-9]*) return 1 ;; esac; }    # one note, of a process at work
queue_again() {
    until end=$(SLURM_TIME_FORMAT=%s squeue --noheader --job="$SLURM_JOB_ID" --format=%e) && [ "$end" ]
    do sleep 60; done
    until [ $((end - $(date +%s))) -le $early ]; do sleep 10; done
    while :; do
        until goes_on "$ANODEFLOW_KEPT"; do sleep 10; done
        mv "$ANODEFLOW_KEPT" "$ANODEFLOW_KEPT.taken"    # the process makes way, if it ends now
        goes_on "$ANODEFLOW_KEPT.taken" && break
        mv "$ANODEFLOW_KEPT.taken" "$ANODEFLOW_KEPT"    # it ended just before
    done
    rm -r "$ANODEFLOW_KEPT.taken"
    scontrol requeue "$SLURM_JOB_ID"
}
queue_again &
trap "kill $!; rm -rf '$ANODEFLOW_KEPT'" EXIT
