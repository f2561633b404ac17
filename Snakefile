"""anodeflow: interatomic foundation models put to work on layered battery anodes."""

from snakemake.utils import min_version

min_version("9.9")


configfile: "config/config.yaml"


report: "workflow/report/study.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/structures.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/relaxation.smk"
include: "workflow/rules/phonons.smk"
include: "workflow/rules/adhesion.smk"
include: "workflow/rules/dynamics.smk"
include: "workflow/rules/motion.smk"
include: "workflow/rules/voltage.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/scorecard.smk"
include: "workflow/rules/report.smk"


onstart:
    hold_directory()


rule all:
    default_target: True
    input:
        GATHERED.figure_targets,
        GATHERED.table_targets,
        GATHERED.scorecard_targets,
        GATHERED.report_targets,


rule dynamics_together:
    """Bring the runs of each model to their ends in one process; not part of `rule all`."""
    input:
        [path("dynamics", "advanced", model=m) for m in PLAN.models("dynamics")],


rule phonon_convergence:
    """Check the convergence of every layer's phonons; not part of `rule all`."""
    input:
        GATHERED.convergences,


onerror:
    print(report_failures(log for job in workflow.scheduler.failed for log in job.log))
