"""The whole chain on the demo model: what it makes, what reruns, what a kill or bad input does."""

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from chain import (
    EMPTY_RUN,
    FIGURES,
    FILLED_RUN,
    MODEL,
    PAGES,
    POINTS,
    SCAN,
    SCORECARD,
    TABLES,
    TRAJECTORY,
    caching,
    edited,
    finished_chain,
    of_all_models,
    redrawn,
    sentence,
    settings,
    with_twin,
)
from killed import contents, kill_once_there, run_again
from project import Project, new_project

from anodeflow.structures.files import read_frames

SHARED = [
    f"results/{MODEL}/phonons/graphene/phonons.json",
    f"results/{MODEL}/adhesion/m-g.json",
    f"results/{MODEL}/spacing/{FILLED_RUN}.json",
    f"results/{MODEL}/voltage/m-g.csv",
]
EVALUATIONS = {"check_backend", "relax", "run_phonons", "scan_adhesion", "run_dynamics"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """Return the folder in which the chain's results are shared by Snakemake's own cache."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, root, cache) -> Project:
    """Return a project in which the chain ran once; tests look at it and leave it as it is."""
    return finished_chain(tmp_path_factory.mktemp("chain"), root, cache=cache)


@pytest.fixture
def copied(finished, tmp_path) -> Project:
    """Return a copy of the finished project, times and Snakemake's records included."""
    shutil.copytree(finished.folder, tmp_path / "copy")
    return replace(finished, folder=tmp_path / "copy")


@pytest.mark.slow
def test_one_command_makes_every_figure_and_table(finished):
    results = finished.folder / "results"
    figures = [f"figures/{name}.{kind}" for name in FIGURES for kind in ("pdf", "png", "csv")]
    tables = [f"tables/{name}.{kind}" for name in TABLES for kind in ("csv", "md")]
    pages = [f"report/{name}.html" for name in PAGES]
    tables += [f"tables/uncertainty/{name}.csv" for name in TABLES]
    assert not [name for name in figures + tables + pages if not (results / name).stat().st_size]
    assert not list(results.rglob("*.part"))


@pytest.mark.slow
def test_the_chain_makes_trajectories_that_hold_what_the_config_asked_for(finished):
    for run, ions in ((EMPTY_RUN, 0), (FILLED_RUN, 1)):
        held = contents(finished.folder / f"results/{MODEL}/dynamics/{run}.h5")
        assert list(held["particles/all/position/step"]) == [0, 10, 20, 30, 40]
        assert held["particles/all/position/value"].shape == (5, 80 + 50 + ions, 3)
        assert len(held["observables/spacing/value"]) == 9
        assert ("particles/ions/position/value" in held) == bool(ions)


@pytest.mark.slow
def test_the_chain_finds_an_adhesion_peak_inside_its_scan(finished):
    assert len(read_frames(finished.folder / SCAN)) == POINTS
    summary = finished.folder / f"results/{MODEL}/adhesion/m-g.json"
    peak = json.loads(summary.read_text())["peak"]
    assert peak["found"], peak
    assert 2.6 < peak["spacing"] < 3.8


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_every_number_of_every_table_comes_with_its_uncertainty_or_a_reason(finished, name):
    folder = finished.folder / "results/tables"
    table = pd.read_csv(folder / f"{name}.csv")
    told = pd.read_csv(folder / f"uncertainty/{name}.csv").set_index("column")
    numbers = [column for column in table.select_dtypes("number") if table[column].notna().any()]
    assert len(numbers) >= 3
    for column in numbers:
        beside = told.loc[column, "uncertainty"]
        assert pd.isna(beside) or set(beside.split("; ")) <= set(table.columns), column
        assert len(told.loc[column, "sentence"]) > 10, column


@pytest.mark.slow
def test_the_chain_combines_replicas_into_the_form_that_readers_expect(finished):
    folder = finished.folder / f"results/{MODEL}/ensembles"
    empty, filled = (
        json.loads((folder / f"{run.removesuffix('_0')}.json").read_text())
        for run in (EMPTY_RUN, FILLED_RUN)
    )
    assert (empty["replicas"], empty["runs"], empty["mobility"]) == (1, [EMPTY_RUN], None)
    assert (filled["stack"], filled["ions"], filled["temperature"]) == ("m-g", 1, 300.0)
    assert len(filled["spacing"]["values"]) == len(filled["mobility"]["verdicts"]) == 2
    assert filled["spacing"]["replica_std"] > 0
    for kind in ("spacing", "temperature_K"):
        keys = {"mean", "standard_error", "low", "high", "replica_std", "values", "note"}
        assert set(filled[kind]) == keys


def rules_that_ran(project: Project) -> set[str]:
    """Return the rules whose jobs said something; Snakemake leaves empty logs of cached ones."""
    logs = project.folder / "results/logs"
    return {path.relative_to(logs).parts[0] for path in logs.rglob("*.log") if path.stat().st_size}


@pytest.mark.slow
def test_a_second_clone_with_the_cache_evaluates_no_model(finished, cache, root, tmp_path):
    second = caching(new_project(tmp_path, root), cache)
    overlay = settings(root)
    second.overlay(overlay)
    result = second.snakemake(*SHARED, "--cache")
    assert result.returncode == 0, result.stdout
    assert rules_that_ran(finished) >= EVALUATIONS
    assert not rules_that_ran(second) & EVALUATIONS
    assert "analyse_phonons" in rules_that_ran(second)
    for path in SHARED:
        assert (second.folder / path).read_text() == (finished.folder / path).read_text()
    assert second.planned(*SHARED) == set()
    overlay["phonons"]["displacement"] = 0.02
    second.overlay(overlay)
    assert second.planned(*SHARED) >= {"run_phonons 1", "analyse_phonons 1"}


@pytest.mark.slow
def test_a_twin_that_takes_its_model_s_walk_finds_about_the_same_barrier(copied):
    copied.overlay(with_twin(copied.root))
    networks = [f"results/{model}/barriers/m-g/network.json" for model in (MODEL, "twin")]
    run_again(copied, networks[1])
    own, taken = (json.loads((copied.folder / network).read_text()) for network in networks)
    barriers = [one["percolation_barrier"]["one_direction"] for one in (own, taken)]
    assert barriers[1] == pytest.approx(barriers[0], abs=0.1)  # minima and paths are this loose
    assert taken["note"].startswith(f"the lowest walk of {MODEL}, relaxed anew")


@pytest.mark.slow
def test_a_frozen_host_keeps_its_atoms_and_gives_the_first_voltage(copied):
    overlay = settings(copied.root)
    overlay["voltage"]["host"] = "frozen"
    copied.overlay(overlay)
    table = f"results/{MODEL}/voltage/m-g.csv"
    before = pd.read_csv(copied.folder / table)
    result = copied.snakemake(table)
    assert result.returncode == 0, result.stdout
    frozen = pd.read_csv(copied.folder / table)
    assert frozen.columns.tolist() == before.columns.tolist()
    assert 0 < frozen["average_V"].iloc[-1] != before["average_V"].iloc[-1]
    folder = copied.folder / f"results/{MODEL}"
    (host,) = read_frames(folder / "relaxation/m-g.extxyz")
    for filled in read_frames(folder / "voltage/m-g_frozen.extxyz"):
        assert filled.positions[: len(host)] == pytest.approx(host.positions, abs=1e-7)


def test_every_rule_that_a_calculator_works_for_shares_its_results(root):
    text = "".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    rules = {part.partition(":")[0]: part for part in re.split(r"^rule ", text, flags=re.M)[1:]}
    evaluating = {name for name, part in rules.items() if "calculator=GIVEN." in part}
    alone = {"check_phonon_convergence", "advance_dynamics"}
    assert evaluating >= EVALUATIONS | {"fill_frozen_host"} | alone
    assert {name for name in evaluating if "cache: True" not in rules[name]} == alone


@pytest.mark.slow
def test_the_convergence_of_phonons_is_checked_on_demand(copied):
    result = copied.snakemake("phonon_convergence")
    assert result.returncode == 0, result.stdout
    folder = copied.folder / f"results/{MODEL}/phonons/graphene"
    found = json.loads((folder / "convergence.json").read_text())
    assert [variant["varied"] for variant in found["variants"]] == 2 * ["displacement"] + [
        "supercell"
    ]
    assert 0 < found["displacement"]["max_change_THz"] < found["supercell"]["max_change_THz"]
    assert len(pd.read_csv(folder / "convergence.csv")) == 3
    assert copied.planned() == set()


@pytest.mark.slow
def test_a_finished_chain_has_nothing_to_be_done(finished):
    assert finished.planned() == set()


@pytest.mark.slow
def test_the_recorded_configuration_is_a_config_file_that_plans_the_same_finished_study(copied):
    record = copied.folder / "results/report/configuration.yaml"
    (copied.folder / "overlay.yaml").write_text(record.read_text())
    assert copied.planned() == set()


@pytest.mark.slow
def test_the_recorded_run_times_add_up_to_what_every_try_noted(finished):
    noted = [
        pd.read_csv(path, sep="\t")
        for path in (finished.folder / "results/benchmarks").rglob("*.tsv")
        if path.stem not in ("record_study", "show_pages")
    ]
    total = pd.read_csv(finished.folder / "results/report/run_times.csv").iloc[-1]
    assert total["tries"] == total["jobs"] == len(noted)
    assert total["wall_s"] == pytest.approx(pd.concat(noted)["seconds"].sum(), abs=0.51)


@pytest.mark.slow
def test_another_temperature_redoes_the_dynamics_and_what_is_read_from_it_only(copied):
    assert edited(copied, {"dynamics": {"temperatures": [310.0]}}) == {
        *SCORECARD,
        "run_dynamics 3",
        "analyse_spacing 3",
        "map_spacing 3",
        "analyse_diffusion 2",
        "combine_replicas 2",
        *(f"analyse_{found} 1" for found in ("network", "energy_map")),
        "predict_hops 1",
        *redrawn(lambda stage, shown: shown.of.startswith(("runs", "groups", "barrier", "mapped"))),
    }


@pytest.mark.slow
def test_a_label_redoes_the_figures_and_tables_that_show_it_only(copied):
    assert edited(copied, {"models": {MODEL: {"label": "other"}}}) == (
        SCORECARD | redrawn(of_all_models)
    )


@pytest.mark.slow
def test_a_finished_run_is_set_beside_every_published_value_on_demand(copied):
    edited(copied, {"models": {MODEL: {"label": "MACE-OMAT-0"}}})
    assert copied.planned("compare_with_study") == {
        "gather_quantities 1",
        "compare_with_study 1",
        "total 2",
    }
    result = copied.snakemake("compare_with_study")
    assert result.returncode == 0, result.stdout
    results = copied.folder / "results"
    found = pd.read_csv(results / "scorecard/comparison_with_study.csv")
    published = pd.read_csv(copied.folder / "resources/reference/published.csv", comment="#")
    assert found["quantity"].tolist() == published["quantity"].tolist()
    (row,) = (
        found[(found["system"] == "m-g") & (found["quantity"] == "height")]
        .iloc[:1]
        .to_dict("records")
    )
    peak = json.loads((results / MODEL / "adhesion/m-g.json").read_text())
    own = peak["peak"]["height"] - peak["strain_energy"]["total_eV_nm2"]
    assert (row["model"], row["value"]) == ("MACE-OMAT-0", pytest.approx(own))
    lacking = found[(found["system"] == "m-go") & (found["source"].str.startswith("MACE-OMAT-0"))]
    assert set(lacking["verdict"]) == {"not run", "no counterpart"}


@pytest.mark.slow
def test_a_colour_redoes_the_figures_that_show_it_only(copied):
    assert edited(copied, {"models": {MODEL: {"colour": "#112233"}}}) == {
        plot for plot in redrawn(of_all_models) if plot.startswith("plot_")
    }


@pytest.mark.slow
def test_another_number_of_points_redoes_the_scan_its_fit_figure_and_table_only(copied):
    assert edited(copied, {"adhesion": {"points": POINTS + 1}}) == {
        *SCORECARD,
        "scan_adhesion 1",
        "fit_adhesion 1",
        *redrawn(lambda stage, shown: stage == "adhesion"),
    }


@pytest.mark.slow
def test_the_order_of_keys_and_the_spelling_of_numbers_redo_nothing(copied):
    def reversed_keys(value):
        if isinstance(value, dict):
            return {key: reversed_keys(value[key]) for key in reversed(value)}
        return value

    for name in ("config/config.yaml", "overlay.yaml"):
        path = copied.folder / name
        mirrored = reversed_keys(yaml.safe_load(path.read_text()))
        text = yaml.safe_dump(mirrored, sort_keys=False)
        path.write_text(re.sub(r"(: |- )(\d+)\.0$", r"\1\2", text, flags=re.MULTILINE))
    assert "- 300\n" in (copied.folder / "config/config.yaml").read_text()
    assert copied.planned() == set()


@pytest.mark.slow
def test_another_phonon_mesh_keeps_the_force_constants(copied):
    assert edited(copied, {"phonons": {"mesh": [8, 8, 1]}}) == {
        *SCORECARD,
        "analyse_phonons 2",
        *redrawn(lambda stage, shown: stage == "phonons"),
    }


@pytest.mark.slow
def test_one_more_stack_adds_its_own_jobs_and_keeps_the_others(copied):
    assert edited(copied, {"study": {"stacks": ["m-g", "m-go"]}}) == {
        *SCORECARD,
        "build_layer 1",
        "build_stack 1",
        "relax 2",
        "check_structure 2",
        "scan_adhesion 1",
        "fit_adhesion 1",
        "view_structures 1",
        *redrawn(lambda stage, shown: shown.of in ("stacks", "minima")),
    }


@pytest.mark.slow
def test_a_run_killed_between_checkpoints_continues_and_ends_with_the_same_numbers(
    finished, copied
):
    (copied.folder / TRAJECTORY).unlink()
    kill_once_there(copied, TRAJECTORY, f"{TRAJECTORY}.part/000001.npz")
    run_again(copied, TRAJECTORY)
    log = copied.folder / f"results/logs/run_dynamics/{MODEL}/{FILLED_RUN}.log"
    assert "continuing after" in log.read_text()
    unkilled, killed = contents(finished.folder / TRAJECTORY), contents(copied.folder / TRAJECTORY)
    assert unkilled.keys() == killed.keys()
    assert not [name for name in unkilled if not np.array_equal(unkilled[name], killed[name])]


@pytest.mark.slow
def test_runs_that_advanced_together_are_written_as_those_that_ran_alone(finished, copied):
    runs = sorted((copied.folder / TRAJECTORY).parent.glob("*.h5"))
    for path in runs:
        path.unlink()
    before = copied.planned(TRAJECTORY)
    run = copied.snakemake("dynamics_together")
    assert run.returncode == 0, run.stdout
    assert sorted(Path(f"{path}.part") for path in runs) == sorted(runs[0].parent.glob("*.part"))
    assert copied.planned(TRAJECTORY) == before
    run_again(copied, *(path.relative_to(copied.folder) for path in runs))
    for path in runs:
        alone = contents(finished.folder / path.relative_to(copied.folder))
        together = contents(path)
        assert alone.keys() == together.keys()
        assert not [name for name in alone if not np.array_equal(alone[name], together[name])]


@pytest.mark.slow
def test_a_killed_scan_keeps_its_finished_points_and_ends_with_the_same_energies(finished, copied):
    (copied.folder / SCAN).unlink()
    kept = kill_once_there(copied, SCAN, f"{SCAN}.part/spacing-*.extxyz")
    number = len(kept)
    run_again(copied, SCAN)
    log = (copied.folder / f"results/logs/scan_adhesion/{MODEL}/m-g.log").read_text()
    killed_try, last_try = log.split("started ")[-2:]
    assert "layer " in killed_try
    assert "layer " not in last_try
    assert len(re.findall(r"spacing [\d.]+ Å\n", last_try)) == POINTS - number
    unkilled, killed = read_frames(finished.folder / SCAN), read_frames(copied.folder / SCAN)
    for one, other in zip(unkilled, killed, strict=True):
        assert other.get_potential_energy() == pytest.approx(one.get_potential_energy(), abs=1e-6)
        np.testing.assert_allclose(other.positions, one.positions, atol=1e-5)


@pytest.mark.slow
def test_a_trajectory_cut_in_the_middle_is_refused_in_one_sentence(copied):
    path = copied.folder / TRAJECTORY
    os.truncate(path, path.stat().st_size // 2)
    said = sentence(copied.snakemake(f"results/{MODEL}/spacing/{FILLED_RUN}.json"))
    assert f"{TRAJECTORY} cannot be read as a trajectory" in said


@pytest.mark.slow
def test_a_relaxation_out_of_steps_names_the_key_to_raise_and_keeps_its_geometry(copied):
    overlay = yaml.safe_load((copied.folder / "overlay.yaml").read_text())
    overlay["relaxation"] |= {"max_steps": 2, "layers": {"fmax": 1.0e-6}}
    copied.overlay(overlay)
    target = f"results/{MODEL}/relaxation/ti2co2.extxyz"
    said, kept = sentence(copied.snakemake(target)), f"{target}.unfinished.extxyz"
    assert "relaxation.max_steps" in said
    assert kept in said
    (geometry,) = read_frames(copied.folder / kept)
    assert len(geometry) == 16 * 5
    assert not (copied.folder / target).exists()
