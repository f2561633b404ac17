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


def start_of_run(wildcards):
    """Return the relaxed structure that a run starts from."""
    run = PLAN.run(wildcards.run)
    return f"results/{wildcards.model}/relaxed/{PLAN.filled(run['stack'], run['ions'])}.extxyz"


def dynamics_settings(wildcards):
    """Return every setting of a run that its trajectory depends on."""
    shared = {"temperatures", "seed", "runs", "checkpoint_interval_ps"}
    section = {
        key: value for key, value in config["dynamics"].items() if key not in shared
    }
    run = PLAN.runs[wildcards.run]
    own = ("temperature", "seed", "equilibration_ps", "production_ps")
    return section | {key: run[key] for key in own}


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


def paths(pattern, keys):
    """Return the pattern filled in for each (model, name)."""
    return [pattern.format(model=model, name=name) for model, name in keys]


def rows(keys):
    """Return what a table or figure says of each (model, name), in the order of `paths`."""
    return [
        {
            "model": config["models"][model]["label"],
            "colour": config["models"][model]["colour"],
            "system": name,
        }
        for model, name in keys
    ]


def run_rows(keys):
    """Return what a table or figure says of each (model, run), in the order of `paths`."""
    filled = []
    for row in rows(keys):
        run = PLAN.runs[row["system"]]
        own = {key: run[key] for key in ("ions", "temperature", "replica")}
        label = row["model"] + PLAN.among_groups(row["system"])
        filled.append(row | own | {"system": run["stack"], "label": label})
    return filled


def shows(title):
    """Return a labels function: how the report's lists name a result, and whose it is."""

    def labels(wildcards):
        model = wildcards.get("model")
        whose = config["models"][model]["label"] if model else "all"
        return {"result": title, "model": whose}

    return labels


def group_rows(keys):
    """Return what a table says of each (model, group of replicas), in the order of `paths`."""
    runs = [PLAN.runs[PLAN.groups[name][0]] for _, name in keys]
    return [
        row
        | {"system": run["stack"]}
        | {key: run[key] for key in ("ions", "temperature")}
        for row, run in zip(rows(keys), runs)
    ]


ABOUT = {
    "spacing": run_rows,
    "diffusion": run_rows,
    "spacing_ensembles": group_rows,
    "diffusion_ensembles": group_rows,
}


def costly_dtype(model):
    """Return the dtype whose force calls a model's cost is told by: that of dynamics, if any."""
    entry = config["models"][model]
    return entry["precision"]["dynamics" if "dynamics" in entry["stages"] else "static"]


def scored_rows():
    """Return what each file of SCORED is about, in its order."""
    filled = []
    for stage, model, name, _ in SCORED:
        own = {"stage": stage, "source": config["models"][model]["label"]}
        if stage == "relaxation":
            own["is_unit"] = name in PLAN.units
            name = UNIT_CELLS[name] if own["is_unit"] else name
        if stage == "dynamics":
            run = PLAN.runs[PLAN.groups[name][0]]
            own |= {"ions": run["ions"], "temperature_K": run["temperature"]}
            own["production_ps"], name = run["production_ps"], run["stack"]
        if stage == "voltage":
            own["host"] = config["voltage"]["host"]
        if stage == "cost":
            own["precision"] = costly_dtype(model)
            own["timestep_fs"] = config["dynamics"]["timestep_fs"]
        filled.append(own | {"system": name})
    return filled


def studied():
    """Return what the study runs, as the scorecard asks it: stages by model, cases by table, ion."""
    stages = {
        config["models"][model]["label"]: config["models"][model]["stages"]
        for model in config["study"]["models"]
    }
    runs = [PLAN.runs[names[0]] for names in PLAN.groups.values()]
    groups = [[run["stack"], run["ions"], run["temperature"]] for run in runs]
    layers = [[layer, None, None] for layer in config["study"]["layers"]]
    stacks = [[stack, None, None] for stack in config["study"]["stacks"]]
    cases = {
        "structure": layers + stacks,
        "phonons": layers,
        "adhesion": stacks,
        "spacing": groups,
        "diffusion": [group for group in groups if group[1]],
        "voltage": [[stack, None, None] for stack in PLAN.voltage_stacks],
        "cost": [["", None, None]],
    }
    ion = config["structures"]["ions"]["element"]
    return {"stages": stages, "cases": cases, "ion": ion}


def table_rows(wildcards):
    """Return what each row of a table is about, without what only figures show."""
    about = ABOUT.get(wildcards.table, rows)(KEYS[wildcards.table])
    if wildcards.table == "structure":
        about = [
            row | {"system": UNIT_CELLS.get(row["system"], row["system"])}
            for row in about
        ]
    drawn = ("colour", "label")
    return [{key: row[key] for key in row if key not in drawn} for row in about]


# Table 1 gives the layer's name to its unit cell, where the published values stand.
UNIT_CELLS = {f"{layer}_unit": layer for layer in config["study"]["layers"]}
UNIT_CELLS |= {layer: f"{layer} supercell" for layer in config["study"]["layers"]}

# In the study's order, so that the order of keys under `reference` decides nothing.
PHONON_REFERENCES = {
    layer: config["reference"]["phonons"].get(layer)
    for layer in config["study"]["layers"]
}
FILLED_RUNS = PLAN.runs_with(ions=True)
FILLED_GROUPS = list(dict.fromkeys(PLAN.runs[run]["group"] for run in FILLED_RUNS))
EMPTY_RUNS = PLAN.pairs("dynamics", PLAN.runs_with(ions=False))

# For each table: the (model, name) of its rows, and the file with a row's numbers.
KEYS = {
    "structure": [
        (model, name)
        for model in PLAN.models("relaxation")
        for name in PLAN.relaxed_with(model)
    ],
    "phonons": PLAN.pairs("phonons", config["study"]["layers"]),
    "adhesion": PLAN.pairs("adhesion", config["study"]["stacks"]),
    "spacing": PLAN.pairs("dynamics", list(PLAN.runs)),
    "diffusion": PLAN.pairs("dynamics", FILLED_RUNS),
    "spacing_ensembles": PLAN.pairs("dynamics", list(PLAN.groups)),
    "diffusion_ensembles": PLAN.pairs("dynamics", FILLED_GROUPS),
    "voltage": PLAN.pairs("voltage", PLAN.voltage_stacks),
}
RESULTS = {
    "structure": "results/{model}/relaxed/{name}.json",
    "phonons": "results/{model}/phonons/{name}/phonons.json",
    "adhesion": "results/{model}/adhesion/{name}.json",
    "spacing": "results/{model}/spacing/{name}.json",
    "diffusion": "results/{model}/diffusion/{name}.json",
    "spacing_ensembles": "results/{model}/ensembles/{name}.json",
    "diffusion_ensembles": "results/{model}/ensembles/{name}.json",
    "voltage": "results/{model}/voltage/{name}.csv",
}
# Files that the scorecard reads: (stage, model, name, path).
SCORED = [
    (stage, model, name, path.format(model=model, name=name))
    for stage, names, path in (
        (
            "relaxation",
            PLAN.units + config["study"]["stacks"],
            RESULTS["structure"],
        ),
        ("phonons", config["study"]["layers"], RESULTS["phonons"]),
        ("adhesion", config["study"]["stacks"], RESULTS["adhesion"]),
        ("dynamics", PLAN.groups, "results/{model}/ensembles/{name}.json"),
        ("voltage", PLAN.voltage_stacks, RESULTS["voltage"]),
    )
    for model, name in PLAN.pairs(stage, names)
]
SCORED += [
    ("cost", model, "", f"results/{model}/backend_{costly_dtype(model)}.json")
    for model in config["study"]["models"]
]
SCORECARD = multiext("results/scorecard/scorecard", ".csv", ".json")
SCORECARD += multiext("results/scorecard/claims", ".csv", ".json", ".md")
SCORECARD += multiext("results/scorecard/disagreement", ".csv", ".json", ".md")

# Categories of the report, which sorts them by name.
CATEGORIES = {
    "scorecard": "1. Scorecard",
    "structures": "2. Structures",
    "phonons": "3. Phonons",
    "adhesion": "4. Adhesion",
    "dynamics": "5. Dynamics",
    "voltage": "6. Voltage",
    "record": "7. How it was computed",
}
CONVERGENCES = paths("results/{model}/phonons/{name}/convergence.json", KEYS["phonons"])
DYNAMICS_MODELS = PLAN.models("dynamics") if FILLED_RUNS else []
FIGURES = expand(
    "results/figures/{figure}.{kind}",
    figure=[f"structures_{model}" for model in PLAN.models("relaxation")]
    + ["scorecard"]
    + [name for name in ("phonons", "adhesion", "voltage") if KEYS[name]]
    + (["spacing"] if EMPTY_RUNS else [])
    + (["msd"] if KEYS["diffusion"] else [])
    + [
        f"{figure}_{model}"
        for figure in ("spacing_map", "paths")
        for model in DYNAMICS_MODELS
    ],
    kind=["pdf", "png", "csv"],
)
TABLES = expand(
    "results/tables/{table}.{kind}",
    table=[name for name in KEYS if KEYS[name]],
    kind=["csv", "md"],
)
