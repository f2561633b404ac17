"""Says what tables, figures and the scorecard gather: which results, in which order, by what name.

Needs: common.smk. Makes: KEYS, RESULTS, SCORED, the targets of `rule all`, and functions for rows.
"""


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
ADVANCED = expand(
    "results/{model}/dynamics/advanced.json", model=PLAN.models("dynamics")
)
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
