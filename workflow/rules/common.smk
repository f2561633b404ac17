"""Reads and checks the configuration, and says what a study consists of.

Needs: config. Makes: `config` (normalised), PLAN, GIVEN (what rules are given), GATHERED (what
tables, figures and the report gather), and the little that only Snakemake needs.
"""

import gc
import os

from anodeflow.config.yaml_files import check_duplicate_keys
from anodeflow.errors import AnodeflowError, ConfigError
from anodeflow.files.locks import lock_directory
from anodeflow.process.failed_jobs import report_failures
from anodeflow.study.backend_tolerances import check_records
from anodeflow.study.gathered import RECORDS, Gathered
from anodeflow.study.loading import load_config
from anodeflow.study.paths import COSTS, path
from anodeflow.study.plan import Plan, one_of
from anodeflow.study.settings import Given
from anodeflow.study.stages import FIGURES, METHOD, STAGE_OF_FIGURE, TABLES
from snakemake.exceptions import WorkflowError

try:
    check_duplicate_keys(workflow.configfiles)
    PLAN = Plan(load_config(config))
    check_records(PLAN)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

GIVEN, GATHERED = Given(PLAN), Gathered(PLAN)
config = GIVEN.config

# A plan is many objects that stay: looking through them for garbage takes a tenth of a dry run.
gc.set_threshold(200_000, 50, 50)

# Scripts that run in a conda environment of their own find the library of this checkout.
LIBRARY = os.path.join(workflow.basedir, "src")
os.environ |= {
    "PYTHONPATH": os.pathsep.join(filter(None, [LIBRARY, os.getenv("PYTHONPATH")]))
}


wildcard_constraints:
    model=one_of(config["models"]),
    layer=one_of(config["structures"]["layers"]),
    stack=one_of(config["structures"]["stacks"]),
    structure=r"[a-z0-9_-]+",
    run=r"[\w.-]+_[\d.]+K_\d+",
    group=r"[\w.-]+_[\d.]+K",
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
