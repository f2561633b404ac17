"""Reads and checks the configuration, and says what a study consists of.

Needs: config. Makes: `config` (normalised), `PLAN`, and the functions that rules share.
"""

import gc
import json
import os
import re

from anodeflow.backend_records import check_records
from anodeflow.config_loading import check_duplicate_keys, load_config
from anodeflow.errors import AnodeflowError, ConfigError
from anodeflow.failures import report_failures
from anodeflow.methods import METHOD
from anodeflow.plan import Plan
from anodeflow.run_lock import lock_directory
from snakemake.exceptions import WorkflowError

try:
    check_duplicate_keys(workflow.configfiles)
    PLAN = Plan(load_config(config))
    check_records(PLAN)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

config = PLAN.config.model_dump(mode="json")

# A plan is many objects that stay: looking through them for garbage takes a tenth of a dry run.
gc.set_threshold(200_000, 50, 50)

# Scripts that run in a conda environment of their own find the library of this checkout.
LIBRARY = os.path.join(workflow.basedir, "src")
os.environ |= {
    "PYTHONPATH": os.pathsep.join(filter(None, [LIBRARY, os.getenv("PYTHONPATH")]))
}


def one_of(names):
    """Return the pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    model=one_of(config["models"]),
    layer=one_of(config["structures"]["layers"]),
    stack=one_of(config["structures"]["stacks"]),
    structure=r"[a-z0-9_-]+",
    run=r"[\w.-]+_[\d.]+K_\d+",
    group=r"[\w.-]+_[\d.]+K",
    dtype="float32|float64",
    table="structure|phonons|adhesion|(spacing|diffusion)(_ensembles)?|voltage",
    ion=PLAN.ion,
    n=r"[1-9]\d*",


def hold_directory():
    """Refuse to start while another run is at work in this directory."""
    try:
        lock_directory()
    except AnodeflowError as error:
        raise WorkflowError(str(error)) from None


def calculator(precision=None):
    """Return a parameter function: all that decides a model's numbers, for one precision.

    Without one, it is that of the wildcard `dtype`.
    """

    def settings(wildcards):
        own = config["models"][wildcards.model]["precision"]
        dtype = own[precision] if precision else wildcards.dtype
        return PLAN.calculator(wildcards.model, dtype)

    return settings


def backend(precision):
    """Return an input function: the record that a model's calculator was found right."""

    def path(wildcards):
        dtype = config["models"][wildcards.model]["precision"][precision]
        return f"results/{wildcards.model}/backend_{dtype}.json"

    return path


def fillings(wildcards):
    """Return, as text, the stacks that a model's calculator is tried on, with their ions."""
    return json.dumps(PLAN.fullest(wildcards.model))


def environment_python(wildcards):
    """Return the Python of the environment that a model names, or nothing."""
    environment = config["models"][wildcards.model]["calculator"]["environment"]
    return config["environments"].get(environment, "")


def minimiser(fmax):
    """Return what decides a constrained minimum beside the calculator."""
    return {"optimiser": config["relaxation"]["optimiser"], "fmax": fmax}


def gpus(wildcards):
    """Return how many GPUs a model's job needs."""
    return int(config["models"][wildcards.model]["calculator"]["device"] == "cuda")


WEIGHTS = {
    "weights": ancient("resources/weights/{model}.model"),
    "card": "resources/weights/{model}.json",
}


def layer_file(wildcards):
    """Return the user's file that a layer, or the sheet that carries its group, is read from."""
    layer = config["structures"]["layers"][wildcards.layer]
    return (PLAN.base(wildcards.layer) or layer).get("path", [])


def unit_settings(wildcards):
    """Return the settings of a layer that its unit cell depends on."""
    layer = config["structures"]["layers"][wildcards.layer]
    return {key: value for key, value in layer.items() if key != "size"}


def weights_file(wildcards):
    """Return the user's own weights file, if the model is one."""
    source = config["models"][wildcards.model]["weights"]["source"]
    return source if source and os.path.isfile(source) else []


def phonon_reference(wildcards):
    """Return the file of reference frequencies of a layer, if one is given."""
    return config["reference"]["phonons"].get(wildcards.layer) or []


def section(name, *keys):
    """Return some settings of a section as one value: alone, two that are swapped look the same."""
    return {key: config[name][key] for key in keys}


def displacements(wildcards):
    """Return what decides a layer's force constants beside the calculator."""
    own = config["phonons"]["layers"][wildcards.layer]
    return section("phonons", "displacement") | {"supercell": own["supercell"]}


def bands_and_dos(wildcards):
    """Return where a layer's frequencies are computed, and how its density of states is drawn."""
    own = config["phonons"]["layers"][wildcards.layer]
    return section("phonons", "path_points", "mesh") | {
        "dos_width_THz": own["dos_width_THz"]
    }


def phonon_variants(wildcards):
    """Return the settings with which a layer's force constants are computed anew."""
    own = displacements(wildcards)
    tried = config["phonons"]["convergence"]
    found = [
        {"varied": "displacement"} | own | {"displacement": displacement}
        for displacement in tried["displacements"]
    ]
    larger = tried["supercells"].get(wildcards.layer)
    if larger:
        found.append({"varied": "supercell"} | own | {"supercell": larger})
    return found


def phonon_convergences(wildcards):
    """Return the checks of convergence that a table shows, in the order of its rows."""
    shown = wildcards.table == "phonons" and config["phonons"]["convergence"]["run"]
    return CONVERGENCES if shown else []


def start(model, name):
    """Return the relaxed structure that a run starts from."""
    run = PLAN.run(name)
    return f"results/{model}/relaxed/{PLAN.filled(run['stack'], run['ions'])}.extxyz"


def start_of_run(wildcards):
    """Return the relaxed structure that a run starts from."""
    return start(wildcards.model, wildcards.run)


def settings_of_run(name):
    """Return every setting of a run that its trajectory depends on."""
    shared = {"temperatures", "seed", "runs", "checkpoint_interval_ps", "together"}
    section = {
        key: value for key, value in config["dynamics"].items() if key not in shared
    }
    run = PLAN.runs[name]
    own = ("temperature", "seed", "equilibration_ps", "production_ps")
    return section | {key: run[key] for key in own}


def dynamics_settings(wildcards):
    """Return every setting of a run that its trajectory depends on."""
    return settings_of_run(wildcards.run)


def starts_of_runs(wildcards):
    """Return the relaxed structure that each run starts from."""
    return [start(wildcards.model, run) for run in PLAN.runs]


def runs_to_advance(wildcards):
    """Return every run with all that its trajectory depends on beside the calculator."""
    return {run: settings_of_run(run) for run in PLAN.runs}


def averaging_of(run):
    """Return how the ions of a run are analysed: the settings of diffusion, or its own exception."""
    shared = config["diffusion"]
    own = {
        key: entry[key]
        for entry in shared["exceptions"]
        if run["stack"] in entry["stacks"] and run["ions"] == entry["ions"]
        for key in ("origins", "moved_only")
    }
    return {key: value for key, value in (shared | own).items() if key != "exceptions"}


def averaging(wildcards):
    """Return how a run's ions are analysed."""
    return averaging_of(PLAN.run(wildcards.run))


def of_replicas(pattern, with_ions=False):
    """Return an input function: a file of each replica of a group, none for one without ions."""

    def paths(wildcards):
        runs = PLAN.group(wildcards.group)
        if with_ions and not PLAN.runs[runs[0]]["ions"]:
            return []
        return [f"results/{wildcards.model}/{pattern}".format(run=run) for run in runs]

    return paths


def about_group(wildcards):
    """Return what the replicas of a group share."""
    run = PLAN.runs[PLAN.group(wildcards.group)[0]]
    return {key: run[key] for key in ("stack", "ions", "temperature")}


def averaging_of_group(wildcards):
    """Return how the ions of a group's runs are analysed, None for a group without ions."""
    run = PLAN.runs[PLAN.group(wildcards.group)[0]]
    return averaging_of(run) if run["ions"] else None


def filled_hosts(wildcards):
    """Return the structures whose energies make up a voltage curve, from no ion upwards."""
    folder = f"results/{wildcards.model}"
    empty = f"{folder}/relaxed/{wildcards.stack}.extxyz"
    if config["voltage"]["host"] == "frozen":
        return [empty, f"{folder}/voltage/{wildcards.stack}_frozen.extxyz"]
    counts = range(1, config["voltage"]["max_ions"] + 1)
    filled = [PLAN.filled(wildcards.stack, count) for count in counts]
    return [empty] + [f"{folder}/relaxed/{name}.extxyz" for name in filled]


def built_end(end):
    """Return an input function: the layer at one end of a stack, as it was built."""

    def path(wildcards):
        layer = config["structures"]["stacks"][wildcards.stack][end]
        return f"results/structures/{layer}.extxyz"

    return path


def relaxed_end(end):
    """Return an input function: the layer at one end of a stack, relaxed with the model, or with
    another one that the model takes it from."""

    def path(wildcards):
        layer = config["structures"]["stacks"][wildcards.stack][end]
        taken = config["models"][wildcards.model]["layers_from"]
        return f"results/{taken.get(layer, wildcards.model)}/relaxed/{layer}.extxyz"

    return path


def given_ends(wildcards):
    """Return the ends of a stack whose layer a model takes from another."""
    stack = config["structures"]["stacks"][wildcards.stack]
    taken = config["models"][wildcards.model]["layers_from"]
    return [end for end in ("bottom", "top") if stack[end] in taken]


def shows(title):
    """Return a labels function: how the report's lists name a result, and whose it is."""

    def labels(wildcards):
        model = wildcards.get("model")
        whose = config["models"][model]["label"] if model else "all"
        return {"result": title, "model": whose}

    return labels
