"""Planning a study of 10 models × 25 stacks × 40 runs against a bare Snakefile of as many jobs.

The bare Snakefile has the same stages, `shell` rules with an input and an output, and nothing else:
what Snakemake itself needs for so many jobs. With `script` rules, as ours are, it needs more, since
it reads the script once for every job it plans.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from figures import ROOT, Figure, median

MODELS, STACKS, REPLICAS = 10, 25, 5
TEMPERATURES = [300.0, 400.0, 500.0, 600.0]
ROUNDS = 3

ACTIONS = {"shell": 'shell: "touch {output}"', "script": 'script: "script.py"'}
BARE = """
M, S, R = range({models}), range({stacks}), range({runs})

rule all:
    input:
        expand("{{m}}/series/{{s}}_{{r}}.csv", m=M, s=S, r=R),
        expand("{{m}}/{{kind}}/{{s}}_{{r}}.csv", m=M, kind=["msd", "map"], s=S, r=R[: len(R) // 2]),
        expand("{{m}}/scan/{{s}}.csv", m=M, s=S),
        expand("extra/{{i}}", i=range({extra})),

rule extra:
    output: "extra/{{i}}"
    {action}

rule relax:
    output: "{{m}}/relaxed/{{s}}.xyz"
    {action}

rule scan:
    input: "{{m}}/relaxed/{{s}}.xyz"
    output: "{{m}}/scan/{{s}}.csv"
    {action}

rule run:
    input: "{{m}}/relaxed/{{s}}.xyz"
    output: "{{m}}/dynamics/{{s}}_{{r}}.h5"
    {action}

rule analyse:
    input: "{{m}}/dynamics/{{s}}_{{r}}.h5"
    output: "{{m}}/{{kind}}/{{s}}_{{r}}.csv"
    {action}
"""


def large_study() -> dict:
    """Return an overlay with so many models, stacks and runs."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    entry, stack = config["models"]["mace-mp-0"], config["structures"]["stacks"]["m-g"]
    models = {f"model-{i}": entry | {"label": f"Model {i}"} for i in range(MODELS)}
    stacks = {f"stack-{i}": stack | {"spacing": 3.5 + 0.01 * i} for i in range(STACKS)}
    run = {"stacks": list(stacks), "equilibration_ps": 5.0, "production_ps": 20.0}
    run["replicas"] = REPLICAS
    return {
        "study": {"models": list(models), "stacks": list(stacks)},
        "models": models,
        "structures": {"stacks": stacks},
        "dynamics": {
            "temperatures": TEMPERATURES,
            "runs": [run | {"ions": 0}, run | {"ions": 1}],
        },
        "voltage": {"stacks": ["stack-0"]},
    }


def timed(command: list[str], folder: Path) -> tuple[float, str]:
    """Return the seconds that a command took, and what it said."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, done.stdout


def count(said: str) -> int:
    """Return the number of jobs that a dry run planned."""
    return int(next(line.split()[1] for line in said.splitlines() if line.startswith("total")))


def bare_snakefile(jobs: int, action: str) -> str:
    """Return a bare Snakefile of so many jobs, with rules of this action."""
    runs = 2 * len(TEMPERATURES) * REPLICAS
    pairs = MODELS * STACKS
    extra = jobs - 1 - pairs * (2 + runs + runs + 2 * (runs // 2))
    return BARE.format(models=MODELS, stacks=STACKS, runs=runs, extra=extra, action=action)


def measure() -> list[Figure]:
    """Measure dry runs of both in turn, then one with nothing to do."""
    sys.path.insert(0, str(ROOT / "tests/helpers"))
    from plans import pretend_that_all_ran

    dry = [sys.executable, "-m", "snakemake", "-n", "-s"]
    overlay = ["--configfile", "overlay.yaml"]
    with tempfile.TemporaryDirectory() as place:
        ours, bare = Path(place, "ours"), Path(place, "bare")
        bare.mkdir()
        (bare / "script.py").touch()
        for name in ("config", "resources", "profiles"):
            skipped = shutil.ignore_patterns("weights")
            shutil.copytree(ROOT / name, ours / name, ignore=skipped)
        (ours / "overlay.yaml").write_text(yaml.safe_dump(large_study()))
        study = [*dry, str(ROOT / "Snakefile"), *overlay]
        rounds = []
        for _ in range(ROUNDS):
            own, said = timed(study, ours)
            seconds = [own]
            for action in ACTIONS.values():
                (bare / "Snakefile").write_text(bare_snakefile(count(said), action))
                floor, floor_said = timed([*dry, "Snakefile"], bare)
                assert count(floor_said) == count(said)
                seconds.append(floor)
            rounds.append(seconds)
        pretend_that_all_ran(ours, ROOT / "Snakefile", *overlay)
        idle = median([timed(study, ours)[0] for _ in range(ROUNDS)])
    own, *floors = (median(list(column)) for column in zip(*rounds, strict=True))
    jobs = count(said)
    ratios = [
        Figure(f"dry run / bare Snakefile of as many jobs, {name} rules", own / floor, "×", 1.5)
        for name, floor in zip(ACTIONS, floors, strict=True)
    ]
    return [
        Figure(f"dry run of {jobs} jobs", own, "s", None),
        Figure("dry run of the large study, per job", 1000 * own / jobs, "ms", None),
        *ratios,
        Figure("rerun with nothing to do / dry run", idle / own, "×", 1.0),
    ]
