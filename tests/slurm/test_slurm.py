"""The chain on a real Slurm: what is asked of it, and what time limits and lost nodes do."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import pytest
import yaml
from chain import MODEL, settings
from cluster import Run, cap, edited_profile, jobs, slurm, start, use_gpus
from project import new_project

pytestmark = pytest.mark.slurm

GROUP = f"relaxations_{MODEL}_relax"
GPU_RULES = ["relax", "scan_adhesion", "run_dynamics", "fill_frozen_host"]
STAGES = [
    f"results/{MODEL}/{name}"
    for name in (
        "adhesion/m-g.json",
        "spacing/m-g_0na_300K_0.json",
        "phonons/graphene/phonons.json",
        "voltage/m-g.csv",
    )
]
LONG_RUN = "m-g_0na_310K_0"
TRAJECTORY = f"results/{MODEL}/dynamics/{LONG_RUN}.h5"
STEPS = 60
TI2CO2 = f"results/{MODEL}/relaxation/ti2co2.extxyz"
OUT_OF_STEPS = {"relaxation": {"max_steps": 2, "layers": {"fmax": 1.0e-6}}}
GATE = f"results/{MODEL}/backend_float64.json"
ON_A_GPU = {"precision": {"static": "float64", "dynamics": "float64"}}
ON_A_GPU |= {"calculator": {"device": "cuda"}}


@pytest.fixture(scope="module")
def chain(tmp_path_factory, root) -> Run:
    """Return a run of every stage; its models run on CPUs, though all but phonons hold a GPU."""
    project = new_project(tmp_path_factory.mktemp("chain"), root)
    project.overlay(
        settings(root) | {"voltage": {"stacks": ["m-g"], "max_ions": 1, "host": "frozen"}}
    )
    use_gpus(project, GPU_RULES)
    with edited_profile(project) as profile:
        profile["default-resources"]["gpu_gres"] = "gpu:h100:1"
    run = start(project, *STAGES)
    assert run.finish() == 0, run.said
    return run


@pytest.fixture(scope="module")
def troubled(chain, tmp_path_factory, cluster) -> Iterator[dict[str, Run]]:
    """Give runs that go on at the same time, each of which meets with a trouble of its own."""

    def started(trouble: str, changes: dict, *arguments: str, minutes: int = 0) -> Run:
        folder = tmp_path_factory.mktemp(trouble) / "copy"
        shutil.copytree(chain.project.folder, folder, symlinks=True)
        project = replace(chain.project, folder=folder)
        overlay = yaml.safe_load((folder / "overlay.yaml").read_text())
        project.overlay({key: value | changes.get(key, {}) for key, value in overlay.items()})
        if minutes:
            cap(project, minutes)
        return start(project, *arguments)

    runs = {}
    try:
        runs["lost"] = started("lost", long_run(steps=STEPS), TRAJECTORY)
        lost = first_checkpoint(runs["lost"])
        # no other run shall come to the node that is about to be lost
        slurm("scontrol", "update", f"nodename={lost['NodeList']}", "state=drain", "reason=test")
        lose(cluster, lost["NodeList"], lost["JobId"])
        runs["preempted"] = started("preempted", long_run(steps=STEPS), TRAJECTORY)
        preempt(first_checkpoint(runs["preempted"]))
        runs["long"] = started("long", long_run(steps=STEPS, checkpoints=3), TRAJECTORY, minutes=5)
        runs["unbroken"] = started("unbroken", long_run(steps=STEPS), TRAJECTORY)
        runs["cancelled"] = started("cancelled", long_run(steps=STEPS), TRAJECTORY)
        runs["no-gpu"] = started("no-gpu", {"models": {MODEL: ON_A_GPU}}, GATE, "--retries", "2")
        runs["failing"] = started("failing", OUT_OF_STEPS, TI2CO2, "--retries", "0")
        runs["late"] = started("late", long_run(steps=2000), TRAJECTORY)
        slurm("scancel", first_checkpoint(runs["cancelled"])["JobId"])
        late = first_checkpoint(runs["late"])
        assert late["GRES"].startswith("gpu:h100:1(IDX:")
        assert late["TimeLimit"] == "11:00:00"
        slurm("scontrol", "update", f"jobid={late['JobId']}", "EndTime=now")
        yield runs
    finally:
        for run in runs.values():
            run.kill()


def long_run(*, steps: int, checkpoints: int = 0) -> dict:
    """Return what puts a run of so many steps of 1 fs, and checkpoints, into the study."""
    run = {"stacks": ["m-g"], "ions": 0, "replicas": 1, "equilibration_ps": 0.0}
    run["production_ps"] = steps / 1000
    dynamics = {"temperatures": [310.0], "runs": [run]}
    if checkpoints:
        dynamics["checkpoint_interval_ps"] = steps / checkpoints / 1000
    return {"dynamics": dynamics}


def first_checkpoint(run: Run) -> dict[str, str]:
    """Return the job of the long run, once it wrote a checkpoint."""
    checkpoint = run.project.folder / f"{TRAJECTORY}.part/000001.npz"
    run.wait_for(checkpoint.exists, what="the first checkpoint")
    (job,) = jobs(run.project.folder)
    return job


def log(run: Run) -> str:
    """Return the log of the long run's tries so far."""
    path = run.project.folder / f"results/logs/run_dynamics/{MODEL}/{LONG_RUN}.log"
    return path.read_text() if path.exists() else ""


def content(run: Run) -> dict[str, bytes]:
    """Return all arrays of the long run's trajectory."""
    found: dict[str, bytes] = {}

    def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()].tobytes()

    with h5py.File(run.project.folder / TRAJECTORY) as file:
        file.visititems(note)
    return found


def rules(job: dict[str, str]) -> str:
    """Return the rule, or the group, that a job is of."""
    return job["Comment"].removeprefix("rule_").split("_wildcards_")[0]


def test_the_profile_is_found_by_its_name_in_the_root_of_the_checkout(root):
    result = subprocess.run(
        [sys.executable, "-m", "snakemake", "--profile", "slurm", "-n"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert "run_dynamics" in result.stdout


def test_model_jobs_go_through_sbatch_and_hold_a_gpu_where_their_model_is_on_one(chain):
    submitted = jobs(chain.project.folder)
    held = {rules(job): (job["Partition"], job["JOB_GRES"]) for job in submitted}
    assert held == {
        GROUP: ("gpu", "gpu:h100:1"),
        "scan_adhesion": ("gpu", "gpu:h100:1"),
        "run_dynamics": ("gpu", "gpu:h100:1"),
        "fill_frozen_host": ("gpu", "gpu:h100:1"),
        "run_phonons": ("cpu", "(null)"),
        "check_backend": ("cpu", "(null)"),
    }
    assert {job["JobState"] for job in submitted} == {"COMPLETED"}


def test_relaxations_share_a_job_with_one_gpu_and_the_time_of_all(chain):
    (group,) = [job for job in jobs(chain.project.folder) if rules(job) == GROUP]
    relaxed = list((chain.project.folder / f"results/{MODEL}/relaxation").glob("*.extxyz"))
    assert len(relaxed) == 5
    assert group["TresPerJob"] == "gres:gpu:1"
    assert group["NumCPUs"] == "1"
    assert group["MinMemoryNode"] == "4000M"
    assert group["TimeLimit"] == "02:30:00"


def test_weights_are_fetched_and_small_jobs_run_on_the_submitting_host_only(chain):
    assert "localrule fetch_weights:" in chain.said
    assert "localrule build_stack:" in chain.said
    assert "localrule fit_adhesion:" in chain.said
    assert (chain.project.folder / f"resources/weights/{MODEL}.model").exists()


def test_a_job_out_of_time_writes_a_checkpoint_and_is_continued(troubled):
    run = troubled["late"]
    run.wait_for(lambda: "SIGTERM: checkpoint at" in log(run), what="a checkpoint at the end")
    run.wait_for(lambda: "continuing after" in log(run), what="the job goes on")
    late, again = jobs(run.project.folder)
    assert late["JobState"] == "TIMEOUT"
    assert again["TimeLimit"] == "11:00:00"


def test_an_interrupted_run_cancels_its_jobs(troubled):
    run = troubled["late"]
    run.process.send_signal(signal.SIGINT)
    assert run.finish() != 0
    assert jobs(run.project.folder)[-1]["JobState"] == "CANCELLED"


def test_a_cancelled_job_is_submitted_again_and_continues(troubled):
    run = troubled["cancelled"]
    assert run.finish() == 0, run.said
    assert [job["JobState"] for job in jobs(run.project.folder)] == ["CANCELLED", "COMPLETED"]
    assert "continuing after" in log(run)


def test_a_job_whose_node_is_lost_is_run_on_another_one_and_continues(troubled):
    run = troubled["lost"]
    assert run.finish() == 0, run.said
    (job,) = jobs(run.project.folder)
    assert job["Restarts"] == "1"
    assert job["NodeList"] != slurm("sinfo", "-h", "--dead", "-N", "-o", "%N").strip() != ""
    assert "continuing after" in log(run)


def test_a_preempted_job_goes_on_once_there_is_room_for_it(troubled):
    run = troubled["preempted"]
    assert run.finish() == 0, run.said
    (job,) = jobs(run.project.folder)
    assert (job["Restarts"], job["JobState"]) == ("1", "COMPLETED")
    assert "SIGTERM: checkpoint at" in log(run)
    assert "continuing after" in log(run)


def test_a_run_longer_than_jobs_may_be_goes_on_in_others_to_the_numbers_of_an_unbroken_one(
    troubled,
):
    long, unbroken = troubled["long"], troubled["unbroken"]
    assert long.finish() == 0, long.said
    assert unbroken.finish() == 0, unbroken.said
    (job,) = jobs(long.project.folder)
    assert (job["TimeLimit"], job["JobState"]) == ("00:05:00", "COMPLETED")
    assert int(job["Restarts"]) >= 2
    assert log(long).count("SIGTERM: checkpoint at") >= 2
    assert content(long) == content(unbroken)


def test_lost_cancelled_and_preempted_runs_end_with_the_numbers_of_an_unbroken_one(troubled):
    for trouble in ("lost", "cancelled", "preempted", "unbroken"):
        assert troubled[trouble].finish() == 0, troubled[trouble].said
        assert content(troubled[trouble]) == content(troubled["unbroken"]), trouble


def test_a_model_on_a_gpu_asks_by_gres_and_its_second_equal_failure_is_the_last_real_one(troubled):
    run = troubled["no-gpu"]
    assert run.finish() != 0
    tries = jobs(run.project.folder)
    assert {job["JobState"] for job in tries} == {"FAILED"}
    assert {(job["Partition"], job["TresPerNode"]) for job in tries} == {("gpu", "gres:gpu:h100:1")}
    said = (run.project.folder / f"results/logs/check_backend/{MODEL}/float64.log").read_text()
    ends = [line for line in said.splitlines() if line.startswith("error: ")]
    assert len(tries) == len(ends) == 3
    assert "no CUDA device" in ends[0] == ends[1]
    assert ends[2].startswith("error: Not tried again: ")


def test_a_job_that_fails_for_good_ends_the_run_with_its_logs_last_lines_and_path(troubled):
    run = troubled["failing"]
    assert run.finish() != 0
    tail = run.said.split(f"last lines of results/logs/relax/{MODEL}/ti2co2.log:\n")[1]
    assert "    error: The relaxation of " in tail
    assert len(tail.splitlines()) < 20


def preempt(job: dict[str, str]) -> None:
    """Have a job of a more urgent partition take all cards of another one's node, for a second."""
    urgent = ["--partition=urgent", f"--nodelist={job['NodeList']}", "--gres=gpu:8", "--time=1"]
    slurm("sbatch", *urgent, "--output=/dev/null", "--wrap=sleep 1")


def lose(cluster: Path, node: str, job: str) -> None:
    """Kill a node's slurmd and what ran on it, as when it loses power."""
    steps = subprocess.run(
        ["pgrep", "--full", rf"^slurmstepd: \[{job}\."], capture_output=True, text=True, check=True
    )
    family = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    parents = dict(line.split() for line in family.stdout.splitlines())
    doomed = steps.stdout.split()
    for pid in doomed:
        doomed += [child for child, parent in parents.items() if parent == pid]
    slurmd = (cluster / f"run/{node}.pid").read_text().strip()
    for pid in [slurmd, *doomed]:
        os.kill(int(pid), signal.SIGKILL)
