"""A finished study's results as the rules of the scorecard read them."""

from scored import (
    adhesion,
    backend_record,
    check,
    convergence,
    ensemble,
    hops_in_runs,
    network,
    verdict,
    voltages,
)

from anodeflow.files.atomic import write_json
from anodeflow.files.result_file import ResultFile

MODEL = "mace-mp-0"

COST = backend_record(0.05, atoms=131, device="a GPU").model_dump()

RULES = [
    "gather_quantities",
    "score_models",
    "check_claims",
    "compare_models",
    "plot_scorecard",
    "compare_with_study",
]


def write_results(folder, stacks, layers, label_stack):
    """Write the result files that the scorecard reads, as if every stage had run."""

    def put(path, content):
        path = folder / "results" / MODEL / path
        if isinstance(content, ResultFile):
            content.write(path)
        else:
            write_json(path, content)

    for layer in layers:
        put(f"relaxation/{layer}_unit.json", check(metal_x=2.18))
        for cell in (layer, f"{layer}_own"):
            put(f"phonons/{cell}/phonons.json", verdict())
            put(f"phonons/{cell}/convergence.json", convergence())
    for rank, stack in enumerate(stacks):
        put(f"relaxation/{stack}.json", check())
        put(f"adhesion/{stack}.json", adhesion(2.0 - 0.2 * rank, 3.9 + 0.1 * rank))
        put(f"barriers/{stack}/network.json", network(0.24 - 0.02 * rank))
        hops = hops_in_runs(0, "too few hops to tell", predicted=0.4, chance=1.0)
        put(f"barriers/hops/{stack}_1na_300K.json", hops)
        groups = {0: None, 1: 12 if stack == label_stack else 0, 8: 20}
        for ions, hops in groups.items():
            group = ensemble(spacing=3.9 + 0.1 * rank, hops=hops, watched_ps=285.0, replicas=3)
            put(f"ensembles/{stack}_{ions}na_300K.json", group.model_copy(update={"ions": ions}))
    put("backend_float64.json", COST)
    path = folder / "results" / MODEL / f"voltage/{label_stack}.csv"
    path.parent.mkdir(parents=True)
    voltages(1.8, 1.7).to_csv(path, index=False)
