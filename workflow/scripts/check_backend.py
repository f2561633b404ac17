"""Compare a model's configured calculator with a plain one on the study's own stacks."""

import json
from pathlib import Path

from anodeflow.process.job import job


def main(inputs, record, *, calculator, structures, fillings, equivalence, threads):
    from anodeflow.equivalence.check import check_backend, require_agreement
    from anodeflow.equivalence.trial_stacks import rattled_stacks, trial_cells

    stacks = rattled_stacks(structures, fillings, rattle=equivalence["rattle"])
    cells = trial_cells(structures, fillings, rattle=equivalence["rattle"])
    options = {"calculator": calculator, "equivalence": equivalence, "threads": threads}
    found = check_backend(Path(inputs.weights), Path(inputs.card), stacks, cells=cells, **options)
    print(json.dumps(found.model_dump(), indent=1))
    require_agreement(found)
    found.write(record)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            snakemake.output.record,
            calculator=snakemake.params.calculator,
            structures=snakemake.config["structures"],
            fillings=json.loads(snakemake.resources.fillings),
            equivalence=snakemake.config["equivalence"],
            threads=snakemake.threads,
        )
