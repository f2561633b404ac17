"""What tables, figures, scorecard and report gather, against counts and paths made by hand."""

import re
from fnmatch import fnmatch
from types import SimpleNamespace

import pytest

from anodeflow.errors import ReferenceDataError
from anodeflow.scorecard.quantities import Study
from anodeflow.study.gathered import Gathered
from anodeflow.study.loading import load_config
from anodeflow.study.paths import FILES
from anodeflow.study.plan import SUBJECTS, Plan
from anodeflow.study.stages import FIGURES, SCORED, STAGE_OF_FIGURE, TABLES

REFERENCE_OF_PHONONS = "resources/reference/phonons_highsymmetry.csv"
MODELS = ["mace-mp-0", "chgnet"]
STACKS = ["m-g", "m-go"]
RUNS = [(0, 1), (1, 6), (8, 1)]  # ions, replicas
TEMPERATURES = [300.0, 350.0]


@pytest.fixture
def config(study_config) -> dict:
    """Return a study of two models, of which one is relaxed and has phonons only."""
    study_config["study"] |= {"models": MODELS, "stacks": STACKS}
    return study_config


@pytest.fixture
def gather(config, root):
    """Return a function: what the study gathers as the configuration now stands."""
    return lambda: Gathered(Plan(load_config(config, root=root)))


def test_a_table_has_a_row_for_each_model_that_runs_its_stage_and_each_of_its_subjects(gather):
    gathered = gather()
    runs = len(STACKS) * sum(replicas for _, replicas in RUNS)
    filled = len(STACKS) * sum(replicas for ions, replicas in RUNS if ions)
    counts = {
        "phonons": len(MODELS) * 2 * 2,  # layers, lattice constants
        "adhesion": len(STACKS),
        "spacing": runs,
        "diffusion": filled,
        "spacing_ensembles": len(STACKS) * len(RUNS),
        "diffusion_ensembles": len(STACKS) * (len(RUNS) - 1),
        "voltage": 1,
    }
    assert {name: len(gathered.table_rows(name)) for name in counts} == counts
    assert counts.keys() | {"relaxation"} <= set(gathered.tables)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_a_table_has_its_file_and_the_file_is_of_its_model(gather, config, table):
    config["dynamics"]["temperatures"] = TEMPERATURES
    config["barriers"]["map_step"] = 0.6
    gathered = gather()
    rows, files = gathered.table_rows(table), gathered.table_files(table)
    assert len(rows) == len(files) == len(set(files)) > 0
    labels = {"MACE-MP-0": "mace-mp-0", "CHGNet 0.3.0": "chgnet"}
    for row, file in zip(rows, files, strict=True):
        assert file.startswith(f"results/{labels[row['model']]}/")
        assert not {"colour", "label"} & row.keys()


def test_a_row_of_dynamics_says_which_run_its_file_is_of(gather):
    gathered = gather()
    for row, file in zip(
        gathered.table_rows("spacing"), gathered.table_files("spacing"), strict=True
    ):
        run = f"{row['system']}_{row['ions']}na_{row['temperature']:g}K_{row['replica']}"
        assert file == f"results/mace-mp-0/spacing/{run}.json"


def test_a_unit_cell_has_the_layer_s_name_in_table_1_and_a_layer_is_a_supercell(gather):
    names = [row["system"] for row in gather().table_rows("relaxation")]
    assert names[:2] == ["ti2co2", "graphene"]
    assert "ti2co2 supercell" in names and "m-go_8na" in names
    assert not [name for name in names if name.endswith("_unit")]


def test_convergence_stands_in_the_table_of_phonons_where_the_study_asks_for_it(gather, config):
    asked = gather()
    shown = asked.files_beside("phonons")
    assert shown == asked.convergences == asked.scored_files_beside
    assert len(shown) == len(asked.table_rows("phonons"))
    assert asked.files_beside("adhesion") == []
    config["phonons"]["convergence"]["run"] = False
    assert gather().files_beside("phonons") == gather().scored_files_beside == []


def test_a_figure_of_all_models_gets_a_file_of_each_row_in_the_order_of_its_rows(
    gather, root, monkeypatch
):
    monkeypatch.chdir(root)
    gathered, figure = gather(), FIGURES["adhesion"]
    inputs, given = gathered.figure_inputs(figure), gathered.figure_parameters(figure)
    assert [row["system"] for row in given["rows"]] == STACKS
    assert inputs["curves"] == [f"results/mace-mp-0/adhesion/{stack}.csv" for stack in STACKS]
    assert inputs["summaries"] == [f"results/mace-mp-0/adhesion/{stack}.json" for stack in STACKS]
    assert gathered.figure_references(figure)["reference"] == "resources/reference/adhesion.csv"
    assert given["convention"] == {"spacing": "sheet", "layers": "strained"}


def test_a_figure_for_each_model_keeps_the_model_a_wildcard(gather):
    gathered, figure = gather(), FIGURES["structures"]
    files = gathered.figure_inputs(figure)["structures"]
    assert files == [f"results/{{model}}/relaxation/{stack}.extxyz" for stack in STACKS]
    assert gathered.figure_parameters(figure) == {"titles": STACKS}
    targets = [path for path in gathered.figure_targets if "/structures_" in path]
    assert len(targets) == len(MODELS) * len(FILES["figures"])


def test_a_figure_that_shows_nothing_is_not_asked_for(gather, config):
    config["study"]["models"] = ["chgnet"]
    gathered = gather()
    assert not [path for path in gathered.figure_targets if "adhesion" in path]
    assert "adhesion" not in gathered.tables
    assert "adhesion" not in gathered.pages


def test_a_reference_that_is_not_given_leaves_no_input_and_keeps_its_place(gather, config):
    config["reference"] |= {"adhesion": None, "phonons": {"graphene": None}}
    gathered = gather()
    assert gathered.figure_references(FIGURES["adhesion"])["reference"] == []
    assert gathered.figure_references(FIGURES["phonons"])["references"] == []
    given = gathered.figure_parameters(FIGURES["phonons"])["references"]
    assert given == dict.fromkeys(
        ["ti2co2", "graphene", "ti2co2, own lattice", "graphene, own lattice"]
    )


def test_a_figure_is_told_of_the_very_references_that_are_its_inputs(
    gather, root, tmp_path, monkeypatch
):
    gathered = gather()
    monkeypatch.chdir(tmp_path)  # where what is shipped is found beside the Snakefile
    told = gathered.figure_parameters(FIGURES["phonons"])["references"]
    inputs = gathered.figure_references(FIGURES["phonons"])["references"]
    assert list(told.values()) == inputs == 4 * [str(root / REFERENCE_OF_PHONONS)]


def test_runs_at_several_temperatures_say_theirs_and_those_at_one_do_not(gather, config):
    one = gather().figure_parameters(FIGURES["msd"])["rows"]
    assert {row["label"] for row in one} == {"MACE-MP-0"}
    config["dynamics"]["temperatures"] = TEMPERATURES
    two = gather().figure_parameters(FIGURES["msd"])["rows"]
    assert {row["label"] for row in two} == {"MACE-MP-0, 300 K", "MACE-MP-0, 350 K"}
    assert len(two) == 2 * len(one)


def test_some_runs_may_have_temperatures_of_their_own(gather, config):
    one_ion = config["dynamics"]["runs"][1]
    config["dynamics"]["runs"].append(one_ion | {"temperatures": [350.0, 400.0], "replicas": 1})
    gathered = gather()
    plan, at = gathered.plan, {}
    for run in plan.runs.values():
        at.setdefault((run["ions"], run["temperature"]), []).append(run["replica"])
    assert {ions for ions, kelvin in at if kelvin != 300.0} == {1}
    assert sorted(at[1, 300.0]) == sorted([*range(one_ion["replicas"])] * len(STACKS))
    assert at[1, 350.0] == at[1, 400.0] == [0] * len(STACKS)
    assert plan.temperatures == [300.0, 350.0, 400.0]
    assert [*plan.activations] == [f"{stack}_1na" for stack in STACKS]
    assert len(gathered.studied["cases"]["diffusion"]) == len(STACKS) * (len(RUNS) - 1 + 2)
    # A claim that gives no temperature means the one of all other runs.
    assert Study(**gathered.studied).temperatures("diffusion") == [300.0]


def test_activation_is_of_a_stack_and_its_ions_at_all_temperatures_and_of_none_at_one(
    gather, config
):
    alone = gather()
    assert "activation" not in alone.tables
    assert not [path for path in alone.figure_targets if "activation" in path]
    assert alone.studied["cases"]["activation"] == []
    config["dynamics"]["temperatures"] = TEMPERATURES
    gathered = gather()
    filled = [(stack, ions) for ions, _ in RUNS if ions for stack in STACKS]
    rows, files = gathered.table_rows("activation"), gathered.table_files("activation")
    assert [(row["system"], row["ions"]) for row in rows] == filled
    assert not [row for row in rows if "temperature" in row]
    folder = "results/mace-mp-0/motion"
    assert files == [f"{folder}/{stack}_{ions}na_activation.json" for stack, ions in filled]
    assert gathered.studied["cases"]["activation"] == [[*case, None] for case in filled]
    assert {len(runs) for runs in gathered.plan.activations.values()} == {2 * 6, 2 * 1}


def test_the_cost_of_a_model_is_told_in_the_precision_of_its_dynamics_if_it_runs_any(
    gather, config
):
    config["models"]["mace-mp-0"]["precision"] = {"static": "float64", "dynamics": "float32"}
    gathered = gather()
    assert gathered.costly_dtype("mace-mp-0") == "float32"
    config["models"]["mace-mp-0"]["stages"] = ["relaxation"]
    assert gather().costly_dtype("mace-mp-0") == "float64"


def test_what_the_scorecard_reads_has_a_row_a_file_and_a_reader_each(gather, config):
    config["dynamics"]["temperatures"] = TEMPERATURES
    gathered = gather()
    rows, files = gathered.scored_rows, gathered.scored_files
    assert len(rows) == len(files) == len(set(files))
    assert {row["file"] for row in rows} == set(SCORED)
    for row, file in zip(rows, files, strict=True):
        stage, key = row["file"].split(".")
        pattern = re.sub(r"\{\w+\}", "*", FILES[stage][key])
        assert fnmatch(file, pattern)
        assert row["system"].replace(", own lattice", "_own") in file
    costs = [file for row, file in zip(rows, files, strict=True) if row["file"] == "models.backend"]
    assert costs == [
        "results/mace-mp-0/backend_float64.json",
        "results/chgnet/backend_float32.json",
    ]


def test_the_report_s_categories_are_numbered_in_the_order_of_reading(gather):
    categories = list(gather().categories.values())
    assert categories == sorted(categories)
    assert categories[0] == "1. Scorecard"
    assert categories[-1].endswith("How it was computed")
    assert len(categories) < 10, "Snakemake sorts by name: number them 01, 02, …"


def test_every_table_has_its_page_in_the_category_of_its_stage(gather):
    gathered = gather()
    for name in gathered.tables:
        page = gathered.pages[name]
        assert page.source in gathered.table_targets
        assert page.category in gathered.categories.values()
    assert {page.source for page in gathered.pages.values()} >= {
        "results/scorecard/claims.md",
        "results/report/software.csv",
        "results/report/configuration.yaml",
    }
    assert len(gathered.report_targets) == len(MODELS) + len(gathered.pages)


def test_the_scorecard_takes_no_entry_about_a_table_that_has_no_place_in_its_figure(
    gather, monkeypatch
):
    gathered = gather()
    cases = gathered.studied["cases"]
    assert {*cases, "claims"} == gathered.score_headings.keys()
    Study(**gathered.studied).require_table("metric height", "adhesion", "scorecard.metrics")
    monkeypatch.delitem(SCORED, "adhesion.peak")
    studied = gather().studied
    assert studied["cases"] == {table: cases[table] for table in cases if table != "adhesion"}
    with pytest.raises(ReferenceDataError, match="of the scorecard are relaxation, phonons, spac"):
        Study(**studied).require_table("metric height", "adhesion", "scorecard.metrics")


def test_structures_to_turn_begin_with_the_stacks(gather):
    gathered = gather()
    files = gathered.viewed_files(SimpleNamespace(model="mace-mp-0"))
    named = [file.rpartition("/")[2].removesuffix(".extxyz") for file in files]
    alone = [name for name in named if not name.startswith("m-")]
    assert named == [name for name in named if name not in alone] + alone
    assert {"ti2co2_unit", "graphene_unit"} < set(alone)


def test_no_two_results_of_a_study_have_one_path(gather):
    gathered = gather()
    targets = (
        gathered.figure_targets
        + gathered.table_targets
        + gathered.scorecard_targets
        + gathered.report_targets
    )
    assert len(targets) == len(set(targets))
    assert not [path for path in targets if "{" in path]


def test_all_that_is_declared_is_of_something_that_a_plan_knows():
    declared = [*TABLES.values(), *FIGURES.values()]
    declared += [scored for scored in SCORED.values() if scored.of != "model"]
    assert {one.of for one in declared} <= SUBJECTS.keys()
    assert {figure.name for figure in FIGURES.values()} == STAGE_OF_FIGURE.keys()


def test_labels_name_the_result_and_whose_it_is(gather):
    labels = gather().labels("Figure 1")
    assert labels({"model": "mace-mp-0"}) == {"result": "Figure 1", "model": "MACE-MP-0"}
    assert labels({}) == {"result": "Figure 1", "model": "all"}
