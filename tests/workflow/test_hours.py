"""What a dry run tells of the hours of a study, and of what it has cost so far."""

import os

import pytest
from chain import MODEL
from plans import pretend_that_all_ran
from scored import backend_record

from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan

RUN = "m-g_0na_300K_0"
TARGET = f"results/{MODEL}/dynamics/{RUN}.h5"
RECORD = f"results/{MODEL}/backend_{{dtype}}.json"
SECONDS = 0.36
RUNS = [{"stacks": ["m-g"], "ions": 0, "equilibration_ps": 5.0, "production_ps": 20.0}]
STEPS = 25_000
LEFT = "Hours left, by the force calls that are planned (docs/hours.md):"
DONE = "Hours of what is done, planned / used / of CPUs:"

HEAD = "started\tseconds\tcpu_seconds\tmax_memory_MB\tthreads\thost\tend\n"


@pytest.fixture
def study(project):
    """Return a study of one run."""
    runs = [RUNS[0] | {"replicas": 1}]
    project.overlay(
        {
            "study": {"models": [MODEL], "stacks": ["m-g"], "layers": ["graphene"]},
            "dynamics": {"runs": runs},
        }
    )
    return project


def check(project, study_config, dtype, **other):
    """Write the record of a check, as old as what stands in its place."""
    plan = Plan(load_config(study_config, root=project.root))
    settings = plan.calculator(MODEL, dtype) | other
    record = backend_record(SECONDS, atoms=130, device="a processor")
    file = project.folder / RECORD.format(dtype=dtype)
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.stat().st_mtime if file.exists() else None
    record.model_copy(update={"calculator": settings}).write(file)
    if written is not None:
        os.utime(file, (written, written))


def told(project, *arguments) -> list[list[str]]:
    """Return the words of what a dry run says after Snakemake's own last line."""
    run = project.snakemake("-n", *arguments)
    assert run.returncode == 0, run.stdout
    lines = run.stdout.splitlines()
    first = [n for n, line in enumerate(lines) if line.startswith("Hours ")]
    return [line.split() for line in lines[first[0] :]] if first else []


def test_before_any_check_one_line_says_which_to_run(study):
    (line,) = told(study, TARGET)
    command = line[line.index("snakemake") : line.index("(on")]
    assert command == ["snakemake", "--cores", "1", "--until", "check_backend"]
    planned = study.planned(TARGET, *command[-2:])
    assert planned == {"fetch_weights 1", "check_backend 2", "total 3"}
    assert told(study, "results/structures/m-g.extxyz") == []


def test_a_run_takes_its_steps_and_what_is_not_checked_is_told(study, study_config):
    check(study, study_config, "float32")
    title, head, dynamics, total, left_out = told(study, TARGET)
    assert " ".join(title) == LEFT
    assert head == [MODEL, "total"]
    hours = f"{SECONDS * STEPS / 3600:.2f}"
    assert dynamics == ["dynamics", hours, hours]
    assert total == ["total", hours, hours]
    assert " ".join(left_out).startswith(f"not counted: 1 jobs of {MODEL}, not checked in float64;")


def test_a_check_of_another_calculator_tells_nothing(study, study_config):
    check(study, study_config, "float32", mace_heads="other")
    (line,) = told(study, TARGET)
    assert "snakemake" in line


def test_what_is_done_is_set_beside_what_it_took(study, study_config):
    pretend_that_all_ran(
        study.folder, study.root / "Snakefile", TARGET, "--configfile", "overlay.yaml"
    )
    for dtype in ("float32", "float64"):
        check(study, study_config, dtype)
    assert told(study, TARGET) == [], "nobody noted a cost"
    costs = study.folder / f"results/benchmarks/run_dynamics/{MODEL}/{RUN}.tsv"
    costs.parent.mkdir(parents=True)
    tries = ("2026-11-29\t3600\t1800\t5\t1\tvm\tSystemExit", "2026-11-30\t5400\t1800\t5\t1\tvm\t")
    costs.write_text(HEAD + "\n".join(tries) + "finished\n")
    title, _, dynamics, total = told(study, TARGET)
    assert " ".join(title) == DONE
    planned = f"{SECONDS * STEPS / 3600:.2f}"
    assert dynamics == ["dynamics", *2 * [planned, "/", "2.50", "/", "1.00"]]
    assert total == ["total", *2 * [planned, "/", "2.50", "/", "1.00"]]
    costs.write_text(HEAD + "half a line")
    assert told(study, TARGET) == []


def test_a_mistake_in_the_plan_is_told_alone(study, study_config):
    check(study, study_config, "float32")
    run = study.snakemake("-n", "results/none.csv")
    assert run.returncode != 0
    assert "Hours" not in run.stdout
