"""The configuration accepts what it documents and refuses the rest with one sentence."""

import json
import re
import sys

import pytest
import yaml
from snakemake.utils import update_config

from anodeflow.config.yaml_files import check_duplicate_keys
from anodeflow.errors import ConfigError
from anodeflow.models.weights.card import WeightsCard
from anodeflow.study.checks import RESERVED_MODEL_NAMES, check_pins, check_pythons
from anodeflow.study.config import schema_text
from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan, one_of

CUSTOM = {"family": "custom", "device": "cpu", "dispersion": True, "entry": "a.b:C"}


def put(config: dict, path: str, value) -> None:
    *parents, last = path.split("/")
    for key in parents:
        config = config[int(key)] if isinstance(config, list) else config[key]
    config[last] = value


def test_the_study_is_valid_and_comes_out_as_it_went_in(study_config, root):
    config = load_config(study_config, root=root)
    assert load_config(config.model_dump(mode="json"), root=root) == config


def test_the_demo_is_a_valid_overlay_and_leaves_the_other_models_alone(study_config, root):
    demo = yaml.safe_load((root / "config/demo.yaml").read_text())
    update_config(study_config, demo)
    config = load_config(study_config, root=root)
    assert config.study.models == ["mace-demo", "chgnet"]
    assert config.models["mace-omat-0"].calculator.device == "cuda"


def test_in_the_packaged_study_all_models_take_the_walk_of_the_small_one(study_config, root):
    update_config(study_config, yaml.safe_load((root / "config/packaged.yaml").read_text()))
    study_config["environments"]["sevennet"] = sys.executable
    plan = Plan(load_config(study_config, root=root))
    assert plan.models("barriers") == ["mace-demo", "chgnet", "7net-0"]
    assert plan.own_networks == ["mace-demo"]


def test_the_committed_schema_is_the_one_the_code_has(root):
    assert (root / "config/config.schema.json").read_text() == schema_text()


def test_every_field_of_the_schema_is_in_the_study_file(study_config, root):
    config = load_config(study_config, root=root)
    assert set(study_config) == set(type(config).model_fields)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("fmx", 1, "unknown key 'fmx' in the top level"),
        ("relaxation/optimizer", "BFGS", "unknown key 'optimizer' in relaxation (did you mean 'optimiser'?)"),
        ("structures/layers/ti2co2/metall", "Ti", "did you mean 'metal'?"),
        ("relaxation/layers/fmax", -1e-4, "relaxation.layers.fmax is -0.0001: it must be greater than 0"),
        ("relaxation/layers/fmax", "small", "relaxation.layers.fmax is 'small': it must be a valid number"),
        ("relaxation/layers/fmax", True, "relaxation.layers.fmax is True"),
        ("relaxation/layers/fmax", float("nan"), "relaxation.layers.fmax is nan"),
        ("relaxation/max_steps", 10.5, "relaxation.max_steps is 10.5"),
        ("dynamics/temperatures", [0], "dynamics.temperatures.0 is 0: it must be greater than 0"),
        ("dynamics/temperatures", [300, 300], "holds '300.0' twice"),
        ("dynamics/runs/1/temperatures", [400, 400], "runs.1.temperatures holds '400.0' twice"),
        ("dynamics/runs/1/temperatures", [], "runs.1.temperatures"),
        ("dynamics/runs/1/ions", 0, "dynamics.runs (stack, ions, temperature) holds '('m-g', 0, 300.0)' twice"),
        ("dynamics/ion_interval_fs", 7.5, "no whole multiple"),
        ("dynamics/timestep_with_hydrogen_fs", 0.3, "ion_interval_fs is 10 fs, no whole multiple of timestep_with_hydrogen_fs 0.3 fs"),
        ("dynamics/timestep_with_hydrogen_fs", 0.0, "dynamics.timestep_with_hydrogen_fs is 0.0: it must be greater than 0"),
        ("structures/layers/ti2co2/builder", "mxne", "ti2co2.builder is 'mxne' (did you mean 'mxene'?); allowed: mxene, honeycomb"),
        ("structures/layers/ti2co2", {"size": [4, 4]}, "config: structures.layers.ti2co2.builder is missing: add it"),
        ("structures/layers/ti2co2", "ti2co2.xyz", "structures.layers.ti2co2 is 'ti2co2.xyz': it must hold keys"),
        ("adhesion", 3, "config: adhesion is 3: it must hold keys (config/config.yaml shows which)."),
        ("models", [], "config: models is []: it must hold keys"),
        ("study/stacks", [], "config: study.stacks is []: it must be a list of at least 1."),
        ("phonons/mesh", [20, 20], "config: phonons.mesh is [20, 20]: it must be a list of at least 3."),
        ("structures/layers/ti2co2/size", [4, 4, 1], "layers.ti2co2.size: [4, 4, 1] is no supercell: give [n, m], whole numbers from 1 up, or"),
        ("structures/layers/ti2co2/size", [4, True], "ti2co2.size: [4, True] is no supercell"),
        ("structures/layers/ti2co2/size", [[3, 1], [3, 1]], "ti2co2.size: [[3, 1], [3, 1]] is no supercell"),
        ("structures/layers/ti2co2/size", [[0, 1], [1, 0]], "whole numbers with a d - b c above 0."),
        ("dynamics/hold_centres_of_mass", "layers", "config: dynamics.hold_centres_of_mass is 'layers'; allowed: True, False or 'published'."),
        ("structures/layers/graphene-o/base", "grafene", "did you mean 'graphene'?"),
        ("structures/stacks/m-g/top", "graphen", "structures.stacks.m-g.top names the layer 'graphen'"),
        ("study/models", ["mace-omat"], "did you mean 'mace-omat-0'?"),
        ("study/models", ["mace-mp-0", "mace-mp-0"], "study.models holds 'mace-mp-0' twice"),
        ("phonons/lattice", ["own", "own"], "phonons.lattice holds 'own' twice"),
        ("study/stacks", ["m-gg"], "study.stacks names the stack 'm-gg', which is not defined"),
        ("study/layers", ["mos2"], "study.layers names the layer 'mos2', which is not defined"),
        ("study/layers", ["graphene-o"], "which has no unit cell"),
        ("voltage/stacks", ["m-gx"], "voltage.stacks names the stack 'm-gx'"),
        ("barriers/stacks", ["m-gx"], "barriers.stacks names the stack 'm-gx'"),
        ("barriers/walk_of", "mace-mp", "barriers.walk_of names the model 'mace-mp', which is not defined (did you mean 'mace-mp-0'?)"),
        ("barriers/walk_of", "7net-0", "barriers.walk_of is '7net-0', which is no model of the study with the stage barriers; allowed: mace-"),
        ("barriers/stacks", ["m-g_1na"], "barriers.stacks.0 is 'm-g_1na': it must match pattern"),
        ("dynamics/runs/0/stacks", ["m-gx"], "dynamics.runs.0.stacks names the stack 'm-gx'"),
        ("models/chgnet/precision", {"static": "float64", "dynamics": "float32"}, "CHGNet evaluates in float32 only"),
        ("models/mace-mp-0/card/labels_hold_dispersion", True, "set calculator.dispersion to false"),
        ("models/mace-mp-0/stages", ["phonons"], "stages lacks relaxation"),
        ("models/mace-mp-0/calculator/device", "gpu", "models.mace-mp-0.calculator.device is 'gpu'; allowed: 'cpu' or 'cuda'"),
        ("models/mace-mp-0/weights/sha256", "abc", "models.mace-mp-0.weights.sha256"),
        ("adhesion/last_spacing", 2.0, "first_spacing 2.8 is not below last_spacing 2.0"),
        ("reference/adhesion", "nowhere.csv", "where there is no file"),
        ("weights_mirror", "nowhere", "which is no directory"),
        ("adhesion/peak_window", [5.0, 3.4], "first number 5 is not below its second 3.4"),
        ("diffusion/fit_from_fraction", 0.9, "first number 0.9 is not below its second 0.5"),
        ("dynamics/runs/0/equilibration_ps", 0.0005, "the length of runs.0 is 20000.5 fs"),
        ("reference/phonons/graphen", "x.csv", "reference.phonons names the layer 'graphen'"),
        ("models/mace-mp-0/card/functional", "B3LYP", "models.mace-mp-0.card.functional is 'B3LYP'; allowed: 'PBE', 'PBE+U', 'PBEsol',"),
        ("models/mace-mp-0/card/functional", "other", "card.functional is 'other', for which it has no parameters: set calculator.dispersion to false"),
        ("models/mace-mp-0/card/forces", "direct", "card.forces is 'direct', of which phonons and barriers are not made: take barriers and phonons out of stages"),
        ("dispersion/three_body_cutoff_bohr", 25.0, "three_body_cutoff_bohr is for library dftd3, not for anodeflow"),
        ("structures/ions", None, "structures.ions is None"),
        ("models/7net-0/precision", {"static": "float64", "dynamics": "float32"}, "SevenNet evaluates in float32 only"),
        ("models/7net-0/calculator/environment", "sevenet", "the environment 'sevenet', which is not defined (did you mean 'sevennet'?)"),
        ("models/chgnet/calculator/environment", "sevennet", "family chgnet runs in the workflow's own environment"),
        ("models/chgnet/calculator/family", "custom", "family custom needs an entry"),
        ("models/chgnet/calculator/cuequivariance", True, "cuequivariance is for family mace on device cuda, not for chgnet:"),
        ("models/chgnet/calculator/cuda_graphs", True, "cuda_graphs is for family mace on device cuda, not for chgnet:"),
        ("models/chgnet/calculator/contraction_by_element", True, "contraction_by_element is for family mace on device cuda, not for chgnet:"),
        ("models/mace-mp-0/calculator", {"family": "mace", "device": "cuda", "dispersion": True, "cuequivariance": True, "contraction_by_element": True}, "cuequivariance has a contraction of its own: set contraction_by_element to false"),
        ("models/mace-mp-0/calculator", {"family": "mace", "device": "cpu", "dispersion": True, "cuequivariance": True}, "cuequivariance is for device cuda, not for cpu"),
        ("models/chgnet/calculator/head", "pbe", "head is for family mace, not for chgnet: leave it out"),
        ("models/mace-mp-0/calculator/modal", "PBE", "modal is for family sevennet, not for mace"),
        ("models/chgnet/calculator/charge", 0, "charge is for family mace or custom, not for chgnet: leave it out"),
        ("models/7net-0/calculator/charge", 1, "charge is for family mace or custom, not for sevennet"),
        ("models/chgnet/calculator/entry", "a:b", "entry and kwargs are for family custom, not chgnet"),
        ("models/chgnet/calculator", CUSTOM | {"entry": "no-module"}, "models.chgnet.calculator.entry is 'no-module'"),
        ("models/chgnet/calculator", CUSTOM, "does not hold \"{weights}\", so they would not be read"),
        ("models/chgnet/calculator", CUSTOM | {"kwargs": {"path": "{weight}"}}, "kwargs.path is '{weight}'; placeholders are {weights}, {device}, {dtype}"),
        ("models/chgnet/weights/source", None, "family chgnet reads weights"),
        ("structures/layers/graphene-o/carrier", -1, "-1 is neither 'middle' nor a whole number from 0 up"),
        ("models/mace-omat-0/layers_from", {"graphene-x": "mace-mpa-0"}, "models.mace-omat-0.layers_from names the layer 'graphene-x'"),
        ("models/mace-omat-0/layers_from", {"graphene-o": "mace-mpa"}, "layers_from.graphene-o names the model 'mace-mpa', which is not defined (did you mean 'mace-mpa-0'?)"),
        ("models/mace-omat-0/layers_from", {"graphene-o": "mace-omat-0"}, "layers_from.graphene-o names the model itself"),
        ("diffusion/origins", 0, "diffusion.origins: 0 is neither 'all' nor a whole number from 1 up"),
        ("diffusion/moved_only", -3, "diffusion.moved_only is -3"),
        ("diffusion/exceptions", [{"stacks": ["m-gx"], "ions": 1, "origins": 20, "moved_only": None}], "diffusion.exceptions.0.stacks names the stack 'm-gx'"),
        ("diffusion/exceptions", [{"stacks": ["m-g", "m-g"], "ions": 1, "origins": 20, "moved_only": None}], "holds '('m-g', 1)' twice"),
        ("spacing/map", "squares", "spacing.map is 'squares'; allowed: 'cells' or 'windows'"),
    ],
)  # fmt: skip
def test_a_wrong_value_gets_one_sentence_that_says_where(study_config, root, path, value, said):
    put(study_config, path, value)
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        load_config(study_config, root=root)
    assert str(caught.value).count("\n") == 0
    assert str(caught.value).endswith(".")


def test_a_missing_key_is_named(study_config, root):
    del study_config["relaxation"]["max_steps"]
    with pytest.raises(ConfigError, match=r"relaxation\.max_steps is missing"):
        load_config(study_config, root=root)


def test_a_structure_file_that_is_not_there_is_named(study_config, root):
    layer = {"builder": "file", "path": "mine.cif", "role": "top", "size": [2, 2]}
    study_config["structures"]["layers"]["mine"] = layer
    with pytest.raises(ConfigError, match=r"structures\.layers\.mine\.path is 'mine\.cif'"):
        load_config(study_config, root=root)


def test_a_stack_by_stiffness_needs_that_of_its_layers_or_of_the_sheet_that_carries_a_group(
    study_config, root
):
    study_config["structures"]["stacks"]["m-go"]["strained"] = "stiffness"
    load_config(study_config, root=root)
    study_config["structures"]["layers"]["graphene"]["stiffness"] = None
    with pytest.raises(ConfigError, match=r"layers.graphene.stiffness is not given: add its C11"):
        load_config(study_config, root=root)


def test_a_name_given_twice_in_the_file_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("models:\n  a: {x: 1}\n  b: {x: 1}\n  a: {x: 2}\n")
    with pytest.raises(ConfigError, match="'a' stands twice"):
        check_duplicate_keys([path])


def test_one_name_for_a_layer_and_a_stack_is_refused(study_config, root):
    stacks = study_config["structures"]["stacks"]
    stacks["graphene"] = stacks["m-g"]
    with pytest.raises(ConfigError, match="names both a layer and a stack"):
        load_config(study_config, root=root)


def test_a_model_named_like_a_folder_of_results_is_refused(study_config, root):
    study_config["models"]["figures"] = study_config["models"]["mace-mp-0"]
    with pytest.raises(ConfigError, match="is a folder of results"):
        load_config(study_config, root=root)


def test_many_faults_are_listed_up_to_five(study_config, root):
    study_config["models"]["mace-mp-0"] = {}
    with pytest.raises(ConfigError) as caught:
        load_config(study_config, root=root)
    assert str(caught.value).endswith("config: and 2 more.")


def test_numbers_with_an_exponent_that_yaml_reads_as_text_are_numbers(study_config, root):
    put(study_config, "relaxation/layers/fmax", "1e-4")
    assert load_config(study_config, root=root).relaxation.layers.fmax == 1e-4


def test_a_plan_names_every_run_once_and_relaxes_what_it_starts_from(study_config, root):
    for run, replicas in zip(study_config["dynamics"]["runs"], (1, 3, 2), strict=True):
        run["replicas"] = replicas
    plan = Plan(load_config(study_config, root=root))
    assert len(plan.runs) == 3 * (1 + 3 + 2)
    assert plan.runs["m-go_1na_300K_1"]["seed"] == study_config["dynamics"]["seed"] + 1
    assert plan.groups["m-go_1na_300K"] == [f"m-go_1na_300K_{r}" for r in range(3)]
    assert sorted(run for runs in plan.groups.values() for run in runs) == sorted(plan.runs)
    titles = [plan.title(f"m-g_{run}_300K_0") for run in ("0na", "1na")]
    assert titles == ["m-g, 0 Na", "m-g, 1 Na, replica 0"]
    assert {f"m-go_{n}na" for n in range(1, 10)} <= set(plan.fillings)
    assert set(plan.fillings) < set(plan.minima)


def test_a_frozen_host_relaxes_no_filling_for_the_voltage(study_config, root):
    study_config["voltage"]["host"] = "frozen"
    plan = Plan(load_config(study_config, root=root))
    assert plan.fillings == sorted(f"m-{s}_{n}na" for s in ("g", "go", "goh") for n in (1, 8))


def test_a_study_of_one_stack_leaves_the_runs_of_the_others_out(study_config, root):
    study_config["study"]["stacks"] = ["m-g"]
    plan = Plan(load_config(study_config, root=root))
    assert list(plan.runs) == [
        "m-g_0na_300K_0",
        *(f"m-g_1na_300K_{r}" for r in range(6)),
        "m-g_8na_300K_0",
    ]
    assert plan.voltage_stacks == []
    assert plan.fillings == ["m-g_1na", "m-g_8na"]


def test_a_model_relaxes_only_what_its_stages_need(study_config, root):
    study_config["models"]["mace-mp-0"]["stages"] = ["relaxation", "voltage"]
    plan = Plan(load_config(study_config, root=root))
    own = ["ti2co2_own", "graphene_own"]  # for their phonons
    units = ["ti2co2_unit", "graphene_unit"]
    assert plan.relaxed_with("chgnet") == [*units, *own, "m-g", "m-go", "m-goh"]
    assert plan.relaxed_with("mace-mp-0")[5:] == [f"m-go_{n}na" for n in range(1, 10)]
    assert set(plan.relaxed_with("mace-omat-0")) | {plan.bulk} == set(plan.minima)


@pytest.mark.parametrize(
    ("stage", "added"),
    [
        ("phonons", ["ti2co2_own", "graphene_own"]),
        ("adhesion", ["graphene", "graphene-o", "graphene-oh", "ti2co2"]),
        ("dynamics", [f"{stack}_{n}na" for stack in ("m-g", "m-go", "m-goh") for n in (1, 8)]),
        ("voltage", [f"m-go_{n}na" for n in range(1, 10)]),
    ],
)
def test_a_stage_adds_the_minima_that_it_declares_to_those_of_every_model(
    study_config, root, stage, added
):
    study_config["models"]["mace-mp-0"]["stages"] = ["relaxation", stage]
    units, stacks = ["ti2co2_unit", "graphene_unit"], ["m-g", "m-go", "m-goh"]
    layers, fillings = (added, []) if stage in ("adhesion", "phonons") else ([], added)
    relaxed = Plan(load_config(study_config, root=root)).relaxed_with("mace-mp-0")
    assert relaxed == units + layers + stacks + fillings


def test_a_stage_a_model_does_not_list_is_not_run_for_it(study_config, root):
    study_config["study"]["models"] = ["mace-mp-0", "chgnet"]
    plan = Plan(load_config(study_config, root=root))
    assert plan.models("dynamics") == ["mace-mp-0"]
    assert plan.models("phonons") == ["mace-mp-0", "chgnet"]


def test_a_pin_of_other_weights_than_those_fetched_is_refused_with_both_hashes(
    study_config, root, tmp_path
):
    card = WeightsCard(source=None, family="mace", sha256="a" * 64, size_bytes=1)
    (tmp_path / "resources/weights").mkdir(parents=True)
    card.write(tmp_path / "resources/weights/mace-mp-0.json")
    weights = study_config["models"]["mace-mp-0"]["weights"]
    for pin in (None, "a" * 64):
        weights["sha256"] = pin
        check_pins(load_config(study_config, root=root), tmp_path)
    weights["sha256"] = "b" * 64
    with pytest.raises(ConfigError, match=f"{'b' * 64}.*{'a' * 64}.*delete .*mace-mp-0.json"):
        check_pins(load_config(study_config, root=root), tmp_path)


def test_weights_of_a_model_that_only_lends_its_layers_are_held_to_its_pin_as_well(
    study_config, root, tmp_path
):
    card = WeightsCard(source=None, family="mace", sha256="a" * 64, size_bytes=1)
    (tmp_path / "resources/weights").mkdir(parents=True)
    card.write(tmp_path / "resources/weights/mace-omat-0.json")
    study_config["study"]["models"] = ["mace-mp-0"]
    study_config["models"]["mace-omat-0"]["weights"]["sha256"] = "b" * 64
    check_pins(load_config(study_config, root=root), tmp_path)
    study_config["models"]["mace-mp-0"]["layers_from"] = {"graphene-o": "mace-omat-0"}
    with pytest.raises(ConfigError, match=r"models\.mace-omat-0\.weights\.sha256 is"):
        check_pins(load_config(study_config, root=root), tmp_path)


@pytest.mark.parametrize(
    ("conda", "pip"), [("mace", "requirements"), ("sevennet", "sevennet"), ("diep", "diep")]
)
def test_the_conda_file_pins_what_the_requirements_pin(root, conda, pip):
    pins = set((root / f"envs/{pip}.txt").read_text().splitlines())
    conda = yaml.safe_load((root / f"envs/{conda}.yaml").read_text())
    assert set(conda["dependencies"][-1]["pip"]) < pins


def test_make_envs_makes_every_environment_that_the_study_file_names(study_config, root):
    for name, python in study_config["environments"].items():
        assert python == f".envs/{name}/bin/python"
        assert (root / f"envs/{name}.txt").exists()


def test_a_missing_environment_of_the_study_is_answered_with_the_command_that_makes_it(
    study_config, root, tmp_path
):
    config = load_config(study_config, root=root)
    check_pythons(config, tmp_path)  # none of the study's models needs one
    study_config["study"]["models"] = ["mace-mp-0", "7net-0"]
    study_config["environments"]["sevennet"] = "gone/.envs/sevennet/bin/python"
    with pytest.raises(
        ConfigError, match=r"models\.7net-0 .*'gone/.envs.*`make envs NAMES=sevennet`"
    ):
        load_config(study_config, root=root)
    study_config["environments"]["sevennet"] = "nowhere/python"
    with pytest.raises(ConfigError, match=r"'nowhere/python'.*: make that environment, or give"):
        load_config(study_config, root=root)
    study_config["environments"]["sevennet"] = sys.executable
    assert load_config(study_config, root=root).environments["sevennet"] == sys.executable


def test_the_order_of_keyword_arguments_is_no_difference(study_config, root):
    model = study_config["models"]["chgnet"]
    model["weights"] = {"source": None, "sha256": None}
    dumped = []
    for kwargs in ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}):
        model["calculator"] = CUSTOM | {"kwargs": kwargs}
        dumped.append(json.dumps(load_config(study_config, root=root).model_dump(mode="json")))
    assert dumped[0] == dumped[1]


def test_a_pattern_of_names_matches_these_and_nothing_else():
    assert re.fullmatch(one_of(["m-g", "m.g"]), "m-g")
    assert not re.fullmatch(one_of(["m.g"]), "m-g")
    assert not re.fullmatch(one_of([]), "")


def test_folders_of_results_that_no_model_makes_are_no_names_of_models():
    folders = {"structures", "figures", "tables", "scorecard", "report", "logs", "benchmarks"}
    assert folders == RESERVED_MODEL_NAMES


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("voltage/max_ions", r"voltage\.max_ions is 17, but m-go has 16 hollows .* ti2co2"),
        ("dynamics/runs/2/ions", r"dynamics\.runs\.2\.ions is 17, but m-g has 16 hollows"),
    ],
)
def test_more_ions_than_hollows_are_refused_where_they_can_be_counted(
    study_config, root, where, said
):
    put(study_config, where, 16)
    load_config(study_config, root=root)
    put(study_config, where, 17)
    with pytest.raises(ConfigError, match=said):
        load_config(study_config, root=root)
    listed = {model: entry["stages"] for model, entry in study_config["models"].items()}
    stage = where.partition("/")[0]
    for model, stages in listed.items():  # no model puts ions there
        put(study_config, f"models/{model}/stages", [one for one in stages if one != stage])
    load_config(study_config, root=root)
    put(study_config, f"models/{study_config['study']['models'][-1]}/stages", ["relaxation", stage])
    with pytest.raises(ConfigError, match=said):
        load_config(study_config, root=root)
    for stack in study_config["structures"]["stacks"].values():
        stack["bottom"] = "mine"  # whose unit cell may have several facing atoms
    file = {"builder": "file", "path": "README.md", "role": "bottom", "size": [4, 4]}
    study_config["structures"]["layers"]["mine"] = file
    load_config(study_config, root=root)
