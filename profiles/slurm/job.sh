# Read by the shell of every job, on its node, before anything else: see `precommand` in config.yaml.

# What your cluster wants there, beside the environment in which snakemake was started:
# . /etc/profile.d/modules.sh      # only where sh does not know `module`
# module load cuda

# Shortly before its time is over, a job goes back into the queue under its number, so that it costs
# no retry, and then on from what it kept. One that kept nothing in this time, and a group, which
# would begin anew, are left to their ends: snakemake submits them again, with more time.
early=120                          # seconds
export ANODEFLOW_RUN="$SLURM_JOB_NAME"
ANODEFLOW_KEPT=$(mktemp -d) && export ANODEFLOW_KEPT   # a file for each process that kept something

queue_again() {
    until end=$(SLURM_TIME_FORMAT=%s squeue --noheader --job="$SLURM_JOB_ID" --format=%e) && [ "$end" ]
    do sleep 60; done
    until [ $((end - $(date +%s))) -le $early ]; do sleep 10; done
    until [ "$(ls "$ANODEFLOW_KEPT" | wc -l)" -eq 1 ]; do sleep 10; done
    rm -r "$ANODEFLOW_KEPT"
    scontrol requeue "$SLURM_JOB_ID"
}
queue_again &
trap "kill $!; rm -rf '$ANODEFLOW_KEPT'" EXIT
