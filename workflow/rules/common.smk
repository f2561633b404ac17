"""Reads and checks the configuration, and says what a study consists of.

Needs: config. Makes: `config` (normalised), PLAN, GIVEN (what rules are given), GATHERED (what
tables, figures and the report gather), GPU (what jobs of models ask for), and the little that only
Snakemake needs.
"""

import atexit
import gc
from pathlib import Path

from anodeflow.config.command_line import read_texts
from anodeflow.config.yaml_files import check_duplicate_keys
from anodeflow.errors import AnodeflowError, ConfigError
from anodeflow.files.locks import lock_directory
from anodeflow.files.shipped import locate
from anodeflow.process.failed_jobs import report_failures
from anodeflow.process.search_path import keep_to, refuse_blanks
from anodeflow.study.backend_tolerances import check_records
from anodeflow.study.checks import check_fit, check_pins
from anodeflow.study.gathered import RECORDS, Gathered
from anodeflow.study.hours import tell_hours
from anodeflow.study.known_elements import check_elements
from anodeflow.study.loading import load_config
from anodeflow.study.paths import path
from anodeflow.study.plan import Plan, one_of
from anodeflow.study.settings import Given
from anodeflow.study.stages import FIGURES, METHOD, STAGE_OF_FIGURE, TABLES
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

keep_to(os.path.join(CHECKOUT, "src"))

# The prefix of a module stands before every path of a rule.
FOLDER = Path(workflow.modifier.modify_path("results")).parent


def of_module(config):
    """Return a module's part of what `--config` gave, and its configuration with all defaults."""
    whole = workflow.modifier_stack[0].globals["config"]
    names = [name for name, part in whole.items() if part is config]
    given = workflow.config_settings.config
    complete = load_configfile(DEFAULTS)
    update_config(complete, config)
    return given.get(names[0], {}) if names else given, complete


try:
    refuse_blanks(sys.executable)
    given = workflow.config_settings.config
    if IS_MODULE:
        given, config = of_module(config)
    config = read_texts(config, given)
    check_duplicate_keys(workflow.configfiles)
    PLAN = Plan(load_config(config))
    check_fit(PLAN.config)
    check_pins(PLAN.config, FOLDER)
    check_records(PLAN, FOLDER)
    if workflow.is_main_process:  # a job says it in its own log
        check_elements(PLAN, FOLDER)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

GIVEN, GATHERED = Given(PLAN), Gathered(PLAN)
config = GIVEN.config

# A plan is many objects that stay: looking through them for garbage takes a tenth of a dry run.
gc.set_threshold(200_000, 50, 50)


wildcard_constraints:
    model=one_of(config["models"]),
    layer=one_of(config["structures"]["layers"]),
    cell=one_of(PLAN.phonon_cells),
    stack=one_of(config["structures"]["stacks"]),
    structure=r"[a-z0-9_-]+",
    run=r"[\w.-]+_[\d.]+K_\d+",
    group=r"[\w.-]+_[\d.]+K",
    filling=one_of(PLAN.activations),
    dtype="float32|float64",
    table=one_of(TABLES),
    ion=PLAN.ion,
    n=r"[1-9]\d*",


def hold_directory():
    """Refuse to start while another run is at work in this directory."""
    try:
        lock_directory()
    except AnodeflowError as error:
        raise WorkflowError(str(error)) from None


WEIGHTS = {
    "weights": ancient(path("models", "weights")),
    "card": path("models", "card"),
}


# What a profile may give models on a GPU in place of others: its default resource `gpu_X` as X.
OF_GPUS = ["gres", "slurm_account", "qos", "constraint"]
BY_PROFILE = workflow.resource_settings.default_resources or {}


def of_gpus(name):
    """Return a resource that is `gpu_{name}` of the profile for models on a GPU, else `{name}`."""

    def chosen(wildcards, input, attempt, threads, rulename, async_run):
        asked = BY_PROFILE.get(f"gpu_{name}" if GIVEN.gpus(wildcards) else name)
        about = {"input": input, "attempt": attempt, "threads": threads}
        about |= {"rulename": rulename, "async_run": async_run}
        return asked.evaluate(wildcards, **about).value

    return chosen


GPU = {name: of_gpus(name) for name in OF_GPUS if f"gpu_{name}" in BY_PROFILE}
if "gres" not in GPU:
    GPU["gpu"] = GIVEN.gpus
