"""What rules are given: just what a result depends on, so that nothing else reruns it."""

import copy
import json
from types import SimpleNamespace

import pytest
import yaml
from snakemake.utils import update_config

from anodeflow.errors import ConfigError
from anodeflow.structures.builders.layers import build_layer
from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan
from anodeflow.study.settings import Given

RUN = "m-g_1na_300K_2"
MODEL = "mace-mp-0"


@pytest.fixture
def given(study_config, root):
    """Return a function: what rules are given by the configuration as it now stands."""
    return lambda: Given(Plan(load_config(study_config, root=root)))


def job(**names) -> SimpleNamespace:
    """Return the wildcards of a job."""
    return SimpleNamespace(**names)


def test_a_section_keeps_the_names_so_that_swapped_values_are_another_value(given, study_config):
    before = given().section("adhesion", "first_spacing", "last_spacing")
    assert before == {"first_spacing": 2.8, "last_spacing": 5.5}
    study_config["adhesion"] |= {"first_spacing": 2.2, "last_spacing": 2.8}
    after = given().section("adhesion", "first_spacing", "last_spacing")
    assert after == {"first_spacing": 2.2, "last_spacing": 2.8}


def test_whatever_a_rule_is_given_is_plain_values_that_json_keeps(given):
    one = given()
    names = job(model="mace-mp-0", run=RUN, layer="graphene", stack="m-go", group="m-g_1na_300K")
    names.cell = "graphene_own"
    values = [
        one.calculator("static")(names),
        one.run_settings(names),
        one.runs_to_advance(names),
        one.averaging(names),
        one.displacements(names),
        one.bands_and_dos(names),
        one.phonon_variants(names),
        one.unit_settings(names),
        one.about_group(names),
        one.minimiser(0.01),
        one.given_ends(names),
    ]
    assert json.loads(json.dumps(values)) == values


def test_the_calculator_is_that_of_the_precision_asked_for(given, study_config):
    study_config["models"]["mace-mp-0"]["precision"] = {"static": "float64", "dynamics": "float32"}
    one, names = given(), job(model="mace-mp-0")
    static, dynamic = (one.calculator(kind)(names) for kind in ("static", "dynamics"))
    assert (static["dtype"], dynamic["dtype"]) == ("float64", "float32")
    assert static | {"dtype": ""} == dynamic | {"dtype": ""}
    assert one.backend("dynamics")(names) == "results/mace-mp-0/backend_float32.json"
    assert one.calculator_of_dtype(job(model="mace-mp-0", dtype="float32")) == dynamic


def test_where_a_model_runs_decides_nothing_of_another(given, study_config):
    before = given().calculator("static")(job(model="mace-mp-0"))
    study_config["models"]["mace-mpa-0"]["calculator"]["device"] = "cpu"
    assert given().calculator("static")(job(model="mace-mp-0")) == before
    assert given().gpus(job(model="mace-mpa-0")) == 0
    assert given().gpus(job(model="mace-mp-0")) == 1


@pytest.mark.parametrize(
    "edit",
    [
        {"checkpoint_interval_ps": 0.5},
        {"together": 3},
        {"temperatures": [300.0, 350.0]},
    ],
    ids=str,
)
def test_what_decides_no_number_of_a_run_is_not_among_its_settings(given, study_config, edit):
    before = given().run_settings(job(model=MODEL, run=RUN))
    study_config["dynamics"] |= edit
    assert given().run_settings(job(model=MODEL, run=RUN)) == before


def test_a_run_of_forces_that_are_predicted_directly_says_so(given, study_config):
    before = given().run_settings(job(model=MODEL, run=RUN))
    study_config["models"][MODEL]["card"]["forces"] = "direct"
    study_config["models"][MODEL]["stages"] = ["relaxation", "dynamics"]
    assert given().run_settings(job(model=MODEL, run=RUN)) == before | {"forces": "direct"}
    assert given().plan.calculator(MODEL, "float64")["forces"] == "direct"


def test_a_replica_differs_from_another_in_its_seed_alone(given):
    one = given()
    first, third = (one.run_settings(job(model=MODEL, run=f"m-g_1na_300K_{n}")) for n in (0, 2))
    assert {key for key in first if first[key] != third[key]} == {"seed"}
    assert third["seed"] - first["seed"] == 2
    assert one.runs_to_advance(job(model=MODEL))[RUN] == third


def test_a_run_of_no_study_is_refused_with_the_name_that_was_meant(given):
    with pytest.raises(ConfigError, match="did you mean"):
        given().start_of_run(job(model="mace-mp-0", run="m-g_1na_300K_20"))


def test_a_run_starts_from_its_own_filling_and_an_empty_one_from_the_stack(given):
    one = given()
    start = one.start_of_run(job(model="mace-mp-0", run=RUN))
    assert start == "results/mace-mp-0/relaxation/m-g_1na.extxyz"
    empty = one.start_of_run(job(model="mace-mp-0", run="m-g_0na_300K_0"))
    assert empty == "results/mace-mp-0/relaxation/m-g.extxyz"
    assert {start, empty} <= set(one.starts_of_runs(job(model="mace-mp-0")))


def test_a_run_whose_ions_are_not_relaxed_starts_from_the_relaxed_stack_filled(given, study_config):
    study_config["dynamics"]["relax_ions"] = False
    one = given()
    start = one.start_of_run(job(model="mace-mp-0", run=RUN))
    assert start == f"results/mace-mp-0/dynamics/{RUN}.extxyz"
    own = job(model="mace-mp-0", run=RUN)
    assert one.host_of_run(own) == "results/mace-mp-0/relaxation/m-g.extxyz"
    assert one.ions_of_run(own) == 1
    empty = one.start_of_run(job(model="mace-mp-0", run="m-g_0na_300K_0"))
    assert empty == "results/mace-mp-0/relaxation/m-g.extxyz"
    relaxed = one.plan.relaxed_with("mace-mp-0")
    assert "m-go_1na" in relaxed and "m-g_1na" not in relaxed  # the first for the voltage


def test_an_exception_holds_for_its_runs_and_no_other(given, study_config):
    own = {"stacks": ["m-g"], "ions": 1, "origins": 200, "moved_only": 3.0}
    before = {run: given().averaging(job(run=run)) for run in (RUN, "m-go_1na_300K_0")}
    study_config["diffusion"]["exceptions"] = [own]
    after = {run: given().averaging(job(run=run)) for run in before}
    assert after[RUN] == before[RUN] | {"origins": 200, "moved_only": 3.0}
    assert after["m-go_1na_300K_0"] == before["m-go_1na_300K_0"]
    assert "exceptions" not in after[RUN]
    assert given().averaging_of_group(job(group="m-g_1na_300K")) == after[RUN]
    assert given().averaging_of_group(job(group="m-g_0na_300K")) is None


def test_replicas_are_gathered_together_and_without_ions_have_no_mobility(given):
    one, names = given(), job(model="mace-mp-0", group="m-g_1na_300K")
    files = one.of_replicas("motion", "diffusion", with_ions=True)(names)
    assert files == [f"results/mace-mp-0/diffusion/m-g_1na_300K_{n}.json" for n in range(6)]
    assert one.replicas(names) == [f"m-g_1na_300K_{n}" for n in range(6)]
    empty = job(model="mace-mp-0", group="m-g_0na_300K")
    assert one.of_replicas("motion", "diffusion", with_ions=True)(empty) == []
    assert len(one.of_replicas("motion", "spacing")(empty)) == 1


def test_a_layer_is_taken_from_the_model_that_the_configuration_names(given, study_config):
    study_config["models"]["mace-mp-0"]["layers_from"] = {"graphene-o": "chgnet"}
    study_config["models"]["chgnet"]["calculator"]["dispersion"] = False
    one, names = given(), job(model="mace-mp-0", stack="m-go")
    assert one.relaxed_end("top")(names) == "results/chgnet/relaxation/graphene-o.extxyz"
    assert one.relaxed_end("bottom")(names) == "results/mace-mp-0/relaxation/ti2co2.extxyz"
    assert one.given_ends(names) == ["top"]
    assert one.given_ends(job(model="mace-mp-0", stack="m-g")) == []


def test_a_unit_cell_does_not_depend_on_the_size_of_the_supercell(given, study_config):
    before = given().unit_settings(job(layer="graphene"))
    study_config["structures"]["layers"]["graphene"]["size"] = [7, 7]
    assert given().unit_settings(job(layer="graphene")) == before
    assert "size" not in before


def test_a_relaxed_host_needs_every_filling_and_a_frozen_one_a_single_file(given, study_config):
    names = job(model="mace-mp-0", stack="m-go")
    relaxed = given().filled_hosts(names)
    folder = "results/mace-mp-0/relaxation"
    assert relaxed == [f"{folder}/m-go.extxyz"] + [
        f"{folder}/m-go_{n}na.extxyz" for n in range(1, 10)
    ]
    study_config["voltage"]["host"] = "frozen"
    frozen = "results/mace-mp-0/voltage/m-go_frozen.extxyz"
    assert given().filled_hosts(names) == [relaxed[0], frozen]


def test_a_model_that_takes_another_s_walk_looks_for_no_sites_and_has_no_vibrations(
    given, study_config
):
    study_config["barriers"]["walk_of"] = "mace-mp-0"
    one, folder = given(), "results/mace-mp-0/barriers/m-g"
    own, other = (job(model=model, stack="m-g") for model in ("mace-mp-0", "mace-mpa-0"))
    assert one.walk_of(own) == "" and one.walk_of(other) == "mace-mp-0"
    assert one.vibrations(own) == f"{folder}/vibrations.json" and one.vibrations(other) == []
    assert one.other_walk("network_sites")(other) == f"{folder}/network_sites.extxyz"
    assert one.plan.own_networks == ["mace-mp-0"]
    assert set(one.plan.walk_takers) == study_config["models"].keys() - {"mace-mp-0"}


def test_a_map_is_of_the_models_that_look_for_sites_where_it_is_asked_for(given, study_config):
    assert given().plan.mapped_stacks("mace-mp-0") == []
    study_config["barriers"] |= {"walk_of": "mace-mp-0", "map_step": 0.6}
    plan = given().plan
    assert plan.mapped_stacks("mace-mp-0") == plan.barrier_stacks == ["m-g", "m-go", "m-goh"]
    assert plan.mapped_stacks("mace-mpa-0") == []


def test_without_a_walk_to_take_every_model_looks_for_its_own_network(given):
    plan = given().plan
    assert plan.own_networks == list(plan.config.models) and plan.walk_takers == []


def test_phonons_are_tried_with_every_displacement_and_a_larger_supercell_if_one_is_named(
    given, study_config
):
    names = job(cell="graphene")
    variants = given().phonon_variants(names)
    own = given().displacements(names)
    assert [v["varied"] for v in variants] == ["displacement", "displacement", "supercell"]
    for variant in variants:
        assert sum(variant[key] != own[key] for key in own) == 1
    del study_config["phonons"]["convergence"]["supercells"]["graphene"]
    assert given().phonon_variants(names) == variants[:2]


def test_phonons_at_the_models_own_lattice_constant_are_those_of_a_cell_relaxed_in_the_plane(given):
    one = given()
    cells = {name: job(model="mace-mp-0", cell=name) for name in ("graphene", "graphene_own")}
    assert one.phonon_cell(cells["graphene"]).endswith("/relaxation/graphene_unit.extxyz")
    assert one.phonon_cell(cells["graphene_own"]).endswith("/relaxation/graphene_own.extxyz")
    assert one.built(job(structure="graphene_own")).endswith("/graphene_unit.extxyz")
    assert one.plan.minima["graphene_own"]["cell"] == "in-plane"
    assert one.plan.minima["graphene_unit"]["cell"] == "fixed"
    for settings in (one.displacements, one.bands_and_dos, one.phonon_layer):
        assert settings(cells["graphene_own"]) == settings(cells["graphene"])


def test_a_file_of_weights_is_an_input_and_a_name_or_nothing_is_none(given, study_config, root):
    demo = "resources/demo-model/mace-mxene-demo.model"
    assert given().weights_file(job(model="mace-mp-0")) == []
    assert given().pinned_hash(job(model="mace-mp-0")) == ""
    assert len(given().pinned_hash(job(model="mace-demo"))) == 64
    source = study_config["models"]["mace-demo"]["weights"]["source"]
    assert source == demo and (root / source).is_file()


def timesteps(one: Given) -> dict[str, set[float]]:
    """Return the time steps that runs are given, by their stacks."""
    found: dict[str, set[float]] = {}
    for name, run in one.plan.runs.items():
        settings = one.run_settings(job(model=MODEL, run=name))
        steps = {value for key, value in settings.items() if key.startswith("timestep")}
        assert settings == one.runs_to_advance(job(model="mace-mp-0"))[name]
        found[run["stack"]] = found.get(run["stack"], set()) | steps
    return found


def test_the_study_takes_half_the_time_step_where_a_stack_holds_hydrogen(given, study_config, root):
    assert timesteps(given()) == {"m-g": {1.0}, "m-go": {1.0}, "m-goh": {0.5}}
    overlay = yaml.safe_load((root / "config/published.yaml").read_text())
    update_config(study_config, overlay)
    assert timesteps(given()) == {"m-g": {1.0}, "m-go": {1.0}, "m-goh": {1.0}}


def test_a_layer_from_a_file_gives_its_runs_both_time_steps(given, study_config):
    layers = study_config["structures"]["layers"]
    layers["sheet"] = {"builder": "file", "path": "README.md", "role": "top", "size": [5, 5]}
    study_config["structures"]["stacks"]["m-g"]["top"] = "sheet"
    layers["graphene-o"]["base"] = "sheet"
    assert timesteps(given()) == {"m-g": {0.5, 1.0}, "m-go": {0.5, 1.0}, "m-goh": {0.5}}


def test_the_elements_that_a_plan_reads_off_are_those_of_the_atoms_that_are_built(given):
    plan = given().plan
    layers = plan.plain["structures"]["layers"]
    for name, run in plan.runs.items():
        stack = plan.plain["structures"]["stacks"][run["stack"]]
        built = [
            build_layer(layers[stack[end]], cell_height=40.0, base=plan.base(stack[end]))
            for end in ("bottom", "top")
        ]
        ions = ["Na"] if run["ions"] else []
        assert plan.elements(name) == {*built[0].symbols, *built[1].symbols, *ions}


def test_what_is_handed_out_is_no_part_of_the_configuration_that_a_job_could_change(given):
    one = given()
    before = copy.deepcopy(one.config)
    one.run_settings(job(model=MODEL, run=RUN))["timestep_fs"] = 9.0
    one.averaging(job(run=RUN))["origins"] = 9
    one.section("adhesion", "points")["points"] = 9
    assert one.config == before
