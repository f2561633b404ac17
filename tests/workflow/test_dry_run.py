"""What a user meets before any job runs: the plan of a study, and sentences for mistakes."""

import shutil

import pytest
import yaml
from chain import MODEL, sentence, settings

DEMO = ["--configfile", "config/demo.yaml"]


def test_the_study_plans_every_stage_with_no_weights_present(project):
    planned = project.planned()
    assert {"fetch_weights 3", "run_phonons 12", "scan_adhesion 9", "run_dynamics 72"} <= planned
    assert not (project.folder / "resources/weights").exists()


def test_the_demo_plans_phonons_with_both_models_and_dynamics_with_one(project):
    shutil.copy(project.folder / "config/demo.yaml", project.folder / "overlay.yaml")
    planned = project.planned()
    assert {"fetch_weights 2", "run_phonons 4", "scan_adhesion 3", "run_dynamics 9"} <= planned


def test_only_the_model_whose_walk_the_others_take_looks_for_sites_and_paths(project):
    models = ["mace-mp-0", "mace-mpa-0", "mace-omat-0"]
    project.overlay({"study": {"models": models}, "barriers": {"walk_of": models[1]}})
    planned = project.planned()
    alone = {"find_sites 3", "find_paths 3", "compute_vibrations 3"}
    assert alone | {"relax_walk 6", "analyse_network 9"} <= planned


def test_a_map_is_made_and_drawn_of_the_model_that_looks_for_sites_wherever_it_stands(project):
    models = ["mace-mp-0", "mace-mpa-0"]
    barriers = {"walk_of": models[1], "map_step": 0.6}
    project.overlay({"study": {"models": models}, "barriers": barriers})
    assert {"map_energy 3", "analyse_energy_map 3", "plot_energy_map 1"} <= project.planned()


def test_activation_is_fitted_for_each_filled_stack_at_several_temperatures_and_not_at_one(project):
    shutil.copy(project.folder / "config/demo.yaml", project.folder / "overlay.yaml")
    assert not [line for line in project.planned() if "activation" in line]
    overlay = yaml.safe_load((project.folder / "overlay.yaml").read_text())
    overlay.setdefault("dynamics", {})["temperatures"] = [300.0, 400.0]
    project.overlay(overlay)
    filled = {(s, r["ions"]) for r in overlay["dynamics"]["runs"] if r["ions"] for s in r["stacks"]}
    assert {f"fit_activation {len(filled)}", "plot_activation 1"} <= project.planned()


@pytest.mark.parametrize(
    ("overlay", "said"),
    [
        (
            {"relaxaton": {}},
            "unknown key 'relaxaton' in the top level (did you mean 'relaxation'?)",
        ),
        ({"relaxation": {"layers": {"fmax": -1}}}, "relaxation.layers.fmax is -1"),
        ({"dynamics": {"temperatures": [0]}}, "dynamics.temperatures.0 is 0"),
        ({"study": {"models": ["mace"]}}, "study.models names the model 'mace'"),
        ({"study": {"stacks": ["m-x"]}}, "study.stacks names the stack 'm-x'"),
        ({"reference": {"adhesion": "none.csv"}}, "reference.adhesion is 'none.csv'"),
        (
            {"phonons": {"layers": {"graphene": {"supercell": [4, 1, 1]}}}},
            "phonons.layers.graphene.supercell: 4 along a and 1 along b break the symmetry",
        ),
        ({"structures": {"cell_height": 8}}, "structures.layers.ti2co2: the layer leaves 3.5 Å"),
        (
            {"structures": {"layers": {"graphene": {"size": [[3, 1], [-1, 2]]}}}},
            "structures.stacks.m-g: the top layer 'graphene' would be strained by 86.22 %",
        ),
        (
            {"structures": {"stacks": {"m-g": {"bottom": "graphene"}}}},
            "structures.stacks.m-g.bottom is 'graphene', a layer that lies at the top",
        ),
        ({"voltage": {"max_ions": 17}}, "voltage.max_ions is 17, but m-go has 16 hollows"),
        (
            {"structures": {"ions": {"element": "Mg", "electrons_per_ion": 1}}},
            "structures.ions: electrons_per_ion is 1, but an atom of Mg gives 2",
        ),
        (
            {"study": {"models": ["mace-demo"]}, "structures": {"ions": {"element": "K"}}},
            "mace-demo knows H, C, O, Na, Ti, not K, which structures.ions.element asks for",
        ),
    ],
)
def test_a_mistake_in_the_config_stops_before_any_job_without_a_traceback(project, overlay, said):
    project.overlay(overlay)
    result = project.snakemake()
    assert result.returncode != 0
    assert said in result.stdout
    assert "Traceback" not in result.stdout
    assert not (project.folder / "results").exists()


def test_a_name_given_twice_stops_before_any_job(project):
    text = (project.folder / "config/config.yaml").read_text()
    text = text.replace("    m-goh: {", "    m-go: {")
    (project.folder / "config/config.yaml").write_text(text)
    result = project.snakemake("-n")
    assert "the name 'm-go' stands twice" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_foreign_material_needs_the_config_only(project):
    layers = {
        "mo2cf2": {
            "builder": "mxene",
            "metal": "Mo",
            "x": "C",
            "termination": "F",
            "n": 1,
            "lattice": 3.0,
            "metal_x_height": 1.2,
            "metal_termination_height": 1.3,
            "site": "fcc",
            "size": [5, 5],
        },
        "hbn": {
            "builder": "honeycomb",
            "elements": ["B", "N"],
            "lattice": 2.5,
            "buckling": 0.0,
            "size": [6, 6],
        },
    }
    stack = {"bottom": "mo2cf2", "top": "hbn", "strained": "share", "spacing": 3.4}
    phonons = {name: {"supercell": [4, 4, 1], "dos_width_THz": 0.3} for name in layers}
    runs = [{"stacks": ["f-hbn"], "ions": 2, "equilibration_ps": 1.0, "production_ps": 2.0}]
    runs[0]["replicas"] = 1
    project.overlay(
        {
            "study": {"models": ["chgnet"], "stacks": ["f-hbn"], "layers": list(layers)},
            "structures": {
                "layers": layers,
                "stacks": {"f-hbn": stack | {"registry": [0.0, 0.0]}},
                "ions": {"element": "Li", "bulk": {"structure": "bcc", "lattice": 3.43}},
            },
            "phonons": {"layers": phonons},
            "dynamics": {"runs": runs},
            "voltage": {"stacks": ["f-hbn"], "max_ions": 2},
        }
    )
    assert {"build_unit 2", "build_stack 1", "run_phonons 4"} <= project.planned()
    built = project.snakemake("results/structures/f-hbn_2li.extxyz")
    assert built.returncode == 0, built.stdout
    text = (project.folder / "results/structures/f-hbn_2li.extxyz").read_text()
    assert int(text.split("\n", 1)[0]) == 5 * 25 + 2 * 36 + 2


@pytest.mark.parametrize(
    ("layers", "target", "said"),
    [
        ({}, "m-go_16na", "only 15 of the 16 hollows"),  # the group takes one
        ({"ti2co2": {"metal": "Tx"}}, "m-g", "Tx"),
    ],
)
def test_a_structure_that_cannot_be_built_gets_one_sentence(project, layers, target, said):
    runs = [{"stacks": ["m-go"], "ions": 16, "equilibration_ps": 1.0, "production_ps": 1.0}]
    runs[0]["replicas"] = 1
    overlay = {"structures": {"layers": layers}, "dynamics": {"runs": runs}}
    project.overlay(overlay)
    result = project.snakemake(f"results/structures/{target}.extxyz")
    (sentence,) = [line for line in result.stdout.splitlines() if line.startswith("error: ")]
    assert said in sentence
    assert sentence.endswith(".")
    assert "Traceback" not in result.stdout
    assert not (project.folder / f"results/structures/{target}.extxyz").exists()


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ([2.46, 2.46, 20.0, 90, 90, 90], "90.0° apart, where 120 or 60° are needed"),
        ([2.70, 2.70, 20.0, 90, 90, 120], "'mine' would be strained by -10.22 %, the limit is"),
    ],
)
def test_a_layer_file_that_does_not_fit_is_refused_by_the_job_that_reads_it(project, cell, said):
    from ase import Atoms
    from ase.io import write

    layer = Atoms("C2", scaled_positions=[[0, 0, 0.5], [1 / 3, 2 / 3, 0.5]], cell=cell, pbc=True)
    write(project.folder / "mine.extxyz", layer)
    entry = {"builder": "file", "path": "mine.extxyz", "role": "top", "size": [5, 5]}
    project.overlay({"structures": {"layers": {"mine": entry}, "stacks": {"m-g": {"top": "mine"}}}})
    assert said in sentence(project.snakemake("results/structures/m-g.extxyz"))


def test_a_structure_file_that_cannot_be_read_gets_one_sentence(project):
    (project.folder / "mine.extxyz").write_text("this is no structure\n")
    layer = {"builder": "file", "path": "mine.extxyz", "role": "top", "size": [5, 5]}
    project.overlay({"structures": {"layers": {"mine": layer}, "stacks": {"m-g": {"top": "mine"}}}})
    result = project.snakemake("results/structures/mine.extxyz")
    assert "mine.extxyz" in result.stdout
    assert "error: " in result.stdout
    assert "Traceback" not in result.stdout


def test_weights_of_another_hash_are_refused_with_both_hashes_and_not_kept(project):
    study = yaml.safe_load((project.folder / "config/config.yaml").read_text())
    given = study["models"][MODEL]["weights"]["sha256"]
    overlay = settings(project.root)
    overlay["models"][MODEL]["weights"] = {"sha256": "0" * 64}
    project.overlay(overlay)
    said = sentence(project.snakemake(f"resources/weights/{MODEL}.model"))
    assert given in said
    assert "0" * 64 in said
    assert not list((project.folder / "resources/weights").glob("[!.]*"))


def test_asking_for_a_gpu_that_is_not_there_is_refused_and_never_replaced(project):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    demo = {"mace-demo": {"calculator": {"device": "cuda"}}}
    project.overlay({"study": {"models": ["mace-demo"]}, "models": demo})
    result = project.snakemake("results/mace-demo/relaxation/graphene_unit.extxyz")
    assert result.returncode != 0
    assert "no CUDA device" in result.stdout
    assert "Traceback" not in result.stdout


def test_the_demo_overlay_only_names_keys_that_the_study_has(project):
    study = yaml.safe_load((project.folder / "config/config.yaml").read_text())
    demo = yaml.safe_load((project.folder / "config/demo.yaml").read_text())
    for section, keys in demo.items():
        assert set(keys) <= set(study[section])
