"""The tables of docs/reruns, edit by edit, against Snakemake's plan of a finished study."""

import copy
import fnmatch
import functools
import re

import pytest
import yaml
from plans import Job, plan, pretend_that_all_ran
from project import Project, new_project
from reruns import leaves, read_additions, read_table

from anodeflow.study.config import Config

LJ = {
    "label": "LJ",
    "colour": "#123123",
    "stages": ["relaxation"],
    "weights": {"source": None, "sha256": None},
    "calculator": {
        "family": "custom",
        "device": "cpu",
        "dispersion": False,
        "environment": "sevennet",
        "entry": "ase.calculators.lj:LennardJones",
        "kwargs": {"sigma": 2.0, "epsilon": 0.1},
    },
    "precision": {"static": "float64", "dynamics": "float64"},
}
# Reads the whole configuration, so that every edit reruns it; the document says so once.
EVERY_EDIT = ("record_study",)
RUBIDIUM = {"element": "Rb", "electrons_per_ion": 1}
RUBIDIUM["bulk"] = {"structure": "bcc", "lattice": 5.59}
SHEET = {"builder": "file", "path": "sheet.xyz", "role": "top", "size": [5, 5], "stiffness": 400}
ALONE = {"builder": "file", "path": "sheet.xyz", "role": "top", "size": [1, 1]}


ROWS = read_table()


def base_study(config: dict) -> dict:
    """Return the study that the examples of the table start from."""
    models = ["mace-mp-0", "chgnet", "lj", "7net-mf-0"]
    config["study"] |= {"models": models, "stacks": ["m-g", "m-go", "m-s"]}
    config["models"]["mace-mp-0"]["layers_from"] = {}
    config["models"]["mace-mp-0"]["calculator"] |= {"cuequivariance": False} | dict.fromkeys(
        ("head", "charge", "spin")
    )
    config["models"]["7net-mf-0"]["stages"] = ["relaxation"]
    config["models"]["7net-mf-0"]["calculator"] |= {"dispersion": False, "environment": None}
    config["models"]["mace-mp-0"]["calculator"]["contraction_by_element"] = False
    config["dispersion"]["library"] = "dftd3"  # for the three-body term
    conservative = config["models"]["chgnet"]["card"] | {"forces": "conservative"}
    config["models"]["lj"] = LJ | {"card": conservative}
    config["environments"]["sevennet"] = "a-python"
    layers = config["structures"]["layers"]
    layers |= {"sheet": SHEET, "alone": ALONE, "ti2co2-hcp": layers["ti2co2"] | {"site": "hcp"}}
    config["study"]["layers"].append("alone")
    config["phonons"]["layers"]["alone"] = {"supercell": [4, 4, 1], "dos_width_THz": 0.3}
    config["structures"]["ions"] |= RUBIDIUM
    stacks = config["structures"]["stacks"]
    stacks["m-s"] = stacks["m-g"] | {"top": "sheet"}
    for name in ("m-go", "m-s"):
        stacks[name]["strained"] = "stiffness"
    for run in config["dynamics"]["runs"]:
        run["stacks"] = ["m-g", "m-go", "m-s"]
        run["replicas"] = min(run["replicas"], 3)
    config["voltage"]["max_ions"] = 2
    config["phonons"]["convergence"]["run"] = True
    config["models"]["chgnet"]["calculator"]["dispersion"] = False
    config["models"]["chgnet"]["stages"] += ["barriers"]
    config["barriers"] |= {"walk_of": "mace-mp-0", "map_step": 0.6}
    alike = {"stacks": ["m-g"], "ions": 8, "origins": "all", "moved_only": None}
    config["diffusion"]["exceptions"] = [alike]
    return functools.reduce(extended, read_additions(), config)


def extended(config: object, more: object) -> object:
    """Return a configuration with keys added, and lists made longer."""
    if isinstance(config, dict):
        return config | {k: extended(config[k], v) if k in config else v for k, v in more.items()}
    assert isinstance(config, list), f"{config} would be replaced by {more}"
    return config + more


@pytest.fixture(scope="module")
def study(tmp_path_factory, root, _study_config) -> tuple[Project, dict]:
    """Return a project in which every job of the study counts as done, and its config."""
    project = new_project(tmp_path_factory.mktemp("reruns"), root)
    for name in ("sheet.xyz", "other.xyz"):
        (project.folder / name).write_text("")
    for name in ("a-python", "other-python"):
        (project.folder / name).touch(mode=0o755)
    config = base_study(copy.deepcopy(_study_config))
    write(project, config)
    assert pretend_that_all_ran(project.folder, root / "Snakefile") > 100
    assert not running(plan(project.folder, root / "Snakefile"))
    return project, config


def write(project: Project, config: dict) -> None:
    """Make this the project's whole configuration."""
    text = yaml.safe_dump(config, sort_keys=False)
    (project.folder / "config/config.yaml").write_text(text)


def edited(config: dict, path: tuple[str, ...], value: object) -> dict:
    """Return a copy of a configuration with one value replaced."""
    changed = copy.deepcopy(config)
    *parents, last = [int(key) if key.isdecimal() else key for key in path]
    section = changed
    for key in parents:
        section = section[key]
    assert section[last] != value, f"{'.'.join(path)} is {value} already"
    section[last] = value
    return changed


def running(jobs: dict[int, Job]) -> list[str]:
    """Return the jobs that would run, as sorted text."""
    return sorted(str(job) for job in jobs.values() if job.runs)


def expected(jobs: dict[int, Job], readers: tuple[str, ...]) -> list[str]:
    """Return the jobs that read the setting, those that never ran, and all that they feed."""

    def reads(job: Job) -> bool:
        return any(
            job.rule == rule and (not name or fnmatch.filter(job.names, name))
            for rule, _, name in (reader.partition(": ") for reader in readers)
        )

    run = {number for number, job in jobs.items() if reads(job) or job.lacks_output}
    grown = True
    while grown:
        fed = {number for number, job in jobs.items() if job.needs & run}
        grown = not fed <= run
        run |= fed
    return sorted(str(jobs[number]) for number in run)


def test_every_setting_of_the_schema_has_one_row_and_every_row_its_setting():
    assert sorted(row.setting for row in ROWS) == sorted(leaves(Config, ""))


def test_every_example_edits_the_setting_of_its_row():
    for row in ROWS:
        if row.path is not None:
            setting = re.sub(r"\[\w+\]", "", row.setting)
            pattern = setting.removesuffix(".builder").replace("*", "[^.]+").replace(".", r"\.")
            assert re.match(pattern.replace("[^\\.]", "[^.]"), ".".join(row.path)), row


def test_only_settings_with_a_single_value_have_no_example():
    fixed = [row.setting for row in ROWS if row.path is None]
    assert fixed == ["dispersion.damping"]


@pytest.mark.slow
@pytest.mark.parametrize("row", [r for r in ROWS if r.path], ids=lambda row: row.setting)
def test_an_edit_reruns_the_jobs_that_read_the_setting_and_what_they_feed(study, row):
    project, config = study
    write(project, edited(config, row.path, row.value))
    jobs = plan(project.folder, project.root / "Snakefile")
    for reader in row.readers:
        assert any(job.rule == reader.partition(":")[0] for job in jobs.values()), reader
    assert running(jobs) == expected(jobs, row.readers + EVERY_EDIT)


def test_order_comments_whitespace_and_a_repeated_value_rerun_nothing(study):
    project, config = study

    def mirrored(value):
        if isinstance(value, dict):
            return {key: mirrored(value[key]) for key in reversed(value)}
        return value

    write(project, mirrored(config))
    path = project.folder / "config/config.yaml"
    path.write_text(path.read_text().replace("\n", "   # a comment\n\n"))
    repeated = {"phonons": config["phonons"], "dynamics": config["dynamics"]}
    (project.folder / "repeated.yaml").write_text(yaml.safe_dump(repeated))
    jobs = plan(project.folder, project.root / "Snakefile", "--configfile", "repeated.yaml")
    assert running(jobs) == []


def test_a_bumped_method_reruns_its_stage_and_what_it_feeds(study, monkeypatch):
    from anodeflow.study.stages import METHOD

    project, config = study
    write(project, config)
    monkeypatch.setitem(METHOD, "phonons", METHOD["phonons"] + 1)
    jobs = plan(project.folder, project.root / "Snakefile")
    assert running(jobs) == expected(jobs, ("run_phonons",))
    assert running(jobs)


def test_one_more_model_adds_its_jobs_and_redraws_what_shows_all_models(study):
    project, config = study
    models = [*config["study"]["models"], "mace-omat-0"]
    write(project, edited(config, ("study", "models"), models))
    ran = running(plan(project.folder, project.root / "Snakefile"))
    others = [name for name in ran if "mace-omat-0" not in name]
    scorecard = ("gather_quantities", "score_models", "check_claims", "compare_models")
    shown = ("plot_", "tabulate: ", "record_study", "show_pages", *scorecard)
    assert [name for name in others if not name.startswith(shown)] == []
    assert set(scorecard) <= set(others)
    assert len(ran) - len(others) > 50


def test_a_damaged_table_row_would_be_noticed(study):
    project, config = study
    write(project, edited(config, ("phonons", "mesh"), [24, 24, 1]))
    jobs = plan(project.folder, project.root / "Snakefile")
    assert running(jobs) != expected(jobs, EVERY_EDIT)
    assert running(jobs) != expected(jobs, ("run_phonons", *EVERY_EDIT))
