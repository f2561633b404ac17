"""anodeflow: interatomic foundation models put to work on layered battery anodes."""

import os
import sys

from snakemake.utils import min_version

min_version("9.9")

# The folder of this file, of the module itself where this is a module of another workflow.
CHECKOUT = workflow.current_basedir.get_path_or_uri(secret_free=False)
# Before any other copy of the library, installed or on PYTHONPATH.
sys.path.insert(0, os.path.join(CHECKOUT, "src"))
IS_MODULE = not workflow.modifier.is_main_snakefile()
DEFAULTS = os.path.join(CHECKOUT, "config/config.yaml")


configfile: "config/config.yaml" if os.path.exists("config/config.yaml") else DEFAULTS


include: "workflow/rules/common.smk"


onstart:
    hold_directory()


rule all:
    input:
        GATHERED.figure_targets,
        GATHERED.table_targets,
        GATHERED.scorecard_targets,
        GATHERED.report_targets,


include: "workflow/rules/structures.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/relaxation.smk"
include: "workflow/rules/phonons.smk"
include: "workflow/rules/adhesion.smk"
include: "workflow/rules/dynamics.smk"
include: "workflow/rules/motion.smk"
include: "workflow/rules/barriers.smk"
include: "workflow/rules/voltage.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/scorecard.smk"
include: "workflow/rules/report.smk"


rule dynamics_together:
    """Bring the runs of each model to their ends in one process; not part of `rule all`."""
    input:
        [path("dynamics", "advanced", model=m) for m in PLAN.models("dynamics")],


rule phonon_convergence:
    """Check the convergence of every layer's phonons; not part of `rule all`."""
    input:
        GATHERED.convergences,


# The report of another workflow is its own, and so is what its dry runs tell.
if not IS_MODULE:

    report: "workflow/report/study.rst"

    atexit.register(tell_hours, workflow, PLAN, Path.cwd())


onerror:
    print(report_failures(log for job in workflow.scheduler.failed for log in job.log))
