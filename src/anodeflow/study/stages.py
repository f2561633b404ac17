"""The registry of stages: to add one, add its line here; tables, figures, targets follow."""

from anodeflow.equivalence.results import COST
from anodeflow.stages.adhesion.stage import STAGE as ADHESION
from anodeflow.stages.barriers.stage import STAGE as BARRIERS
from anodeflow.stages.declaration import Figure, Scored, Stage
from anodeflow.stages.dynamics.stage import STAGE as DYNAMICS
from anodeflow.stages.motion.stage import STAGE as MOTION
from anodeflow.stages.phonons.stage import STAGE as PHONONS
from anodeflow.stages.relaxation.stage import STAGE as RELAXATION
from anodeflow.stages.voltage.stage import STAGE as VOLTAGE
from anodeflow.tables.table import Table

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        RELAXATION,
        PHONONS,
        ADHESION,
        DYNAMICS,
        MOTION,
        BARRIERS,
        VOLTAGE,
    )
}
"""In the order of the report."""

TABLES: dict[str, Table] = {t.name: t for stage in STAGES.values() for t in stage.tables}
FIGURES: dict[str, Figure] = {f.name: f for stage in STAGES.values() for f in stage.figures}
STAGE_OF_TABLE: dict[str, Stage] = {t.name: s for s in STAGES.values() for t in s.tables}
STAGE_OF_FIGURE: dict[str, Stage] = {f.name: s for s in STAGES.values() for f in s.figures}

SCORED: dict[str, Scored] = {
    f"{stage.name}.{scored.file}": scored for stage in STAGES.values() for scored in stage.scored
} | {f"models.{COST.file}": COST}
"""What the scorecard reads, by stage and file; what a force call costs is of no stage."""

METHOD: dict[str, int] = {
    "structures": 2,
    "weights": 1,
    **{name: version for stage in STAGES.values() for name, version in stage.methods.items()},
    "figures": 1,
    "quantities": 2,
    "metrics": 2,
    "claims": 1,
    "disagreement": 1,
    "comparison": 1,
}
"""Version of each method: bump it, in the stage's folder, when a change of code changes numbers.

Snakemake sees a changed script or parameter but no changed library module, so every rule carries
its method's integer as a parameter and reruns when it is bumped.
"""
