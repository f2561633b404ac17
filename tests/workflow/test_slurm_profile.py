"""What the profile for Slurm lets jobs ask for, seen in a dry run: times, and cards by model."""

import re
import shlex

from cluster import edited_profile

GPU_MODEL, CPU_MODEL = "mace-mp-0", "mace-mpa-0"
CAP = 660
ASKED = ("gpu", "gres", "slurm_account", "constraint")
KINDS = ("wildcards", "resources")
PAIR = re.compile(r"(\w+)=([^,]*)")


def planned(project, *arguments: str) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Return rule, wildcards and resources of each job of a dry run."""
    result = project.snakemake("-n", "--profile", "slurm", *arguments)
    assert result.returncode == 0, result.stdout
    found = []
    for block in result.stdout.split("\n["):
        if rule := re.search(r"^ *rule (\w+):$", block, re.M):
            lines = [re.search(rf"^ +{kind}: (.*)$", block, re.M) for kind in KINDS]
            wildcards, resources = (dict(PAIR.findall(line[1] if line else "")) for line in lines)
            found.append((rule[1], wildcards, resources))
    return found


def test_no_try_of_any_job_asks_for_more_time_than_the_cap_of_the_profile(project):
    for attempt in (1, 4):
        times: dict[str, set[int]] = {}
        for target in ("all", "dynamics_together"):
            for rule, _, asked in planned(project, target, "--attempt", str(attempt)):
                times.setdefault(rule, set()).add(int(asked["runtime"]))
        assert times["run_dynamics"] == times["advance_dynamics"] == {CAP}
        assert max(set().union(*times.values())) == CAP
        # five of them go into a job, which asks for the sum
        assert 5 * max(times["relax"]) <= CAP
    assert times["check_backend"] == {240}


def test_models_on_a_gpu_ask_for_one_and_others_for_none(project):
    both_kinds(project)
    for rule, kinds in by_model(project).items():
        assert kinds[GPU_MODEL] == {"gpu": "1"}, rule
        assert kinds[CPU_MODEL] == {"gpu": "0"}, rule


def test_one_line_of_the_profile_has_them_ask_by_gres_and_others_give_them_an_account(project):
    both_kinds(project)
    with edited_profile(project) as profile:
        profile["default-resources"] |= {
            "gpu_gres": "gpu:h100:1",
            "slurm_account": "mine",
            "gpu_slurm_account": "mine-gpu",
            "gpu_constraint": "a100|h100",
        }
    on_a_gpu = {"gres": "gpu:h100:1", "slurm_account": "mine-gpu", "constraint": "a100|h100"}
    for rule, kinds in by_model(project).items():
        assert kinds[GPU_MODEL] == on_a_gpu, rule
        assert kinds[CPU_MODEL] == {"slurm_account": "mine"}, rule


def test_the_first_hour_is_a_few_steps_of_which_the_last_asks_for_a_gpu(project):
    page = (project.root / "docs/cluster.md").read_text().split("## The first hour")[1]
    steps = page.split("\n## ")[0]
    assert re.findall(r"^(\d+)\. ", steps, re.M) == [str(number) for number in range(1, 8)]
    command = shlex.split(re.findall(r"^   snakemake (.*)$", steps, re.M)[0])
    asked = {rule: resources for rule, _, resources in planned(project, *command)}
    assert asked["check_backend"]["gpu"] == "1"


def both_kinds(project) -> None:
    """Put a study of a model on a GPU and of one on a CPU into the overlay."""
    models = {GPU_MODEL: "cuda", CPU_MODEL: "cpu"}
    overlay = {"study": {"models": list(models)}, "models": {}}
    for model, device in models.items():
        overlay["models"][model] = {"calculator": {"device": device}}
    project.overlay(overlay)


def by_model(project) -> dict[str, dict[str, dict[str, str]]]:
    """Return what jobs of each rule that opens a model ask for beside time and memory."""
    rules = "".join(path.read_text() for path in (project.root / "workflow/rules").glob("*.smk"))
    opening = {text.split(":")[0] for text in rules.split("\nrule ") if "**GPU" in text}
    found: dict[str, dict[str, dict[str, str]]] = {}
    for rule, wildcards, asked in planned(project):
        if rule in opening:
            kept = {key: asked[key] for key in ASKED if key in asked}
            assert found.setdefault(rule, {}).setdefault(wildcards["model"], kept) == kept
    assert {"relax", "run_dynamics", "check_backend"} <= set(found)
    return found
