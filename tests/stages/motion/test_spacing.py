"""Spacing of a stack: one structure, a series in time, and a map."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from synthetic import synthetic_run

from anodeflow.errors import StructureError, TrajectoryError
from anodeflow.stages.motion.production import stability_note
from anodeflow.stages.motion.results import SPACING_MAP, SPACING_SERIES, MeanSpacing
from anodeflow.stages.motion.spacing_map import spacing_map
from anodeflow.stages.motion.spacing_series import mean_spacing, run_spacing, spacing_series
from anodeflow.structures import roles
from anodeflow.structures.spacing import spacing_of

LATERAL = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
GRID = np.array([(i / 4, j / 4) for i in range(4) for j in range(4)])
FINE = np.array([((i + 0.5) / 8, (j + 0.5) / 8) for i in range(8) for j in range(8)])


def stack(sheet_z=24.0):
    """Facing atoms at z = 20 on a 4×4 grid, metal below, and a sheet atom in each of 8×8 cells."""
    planes = [(GRID, 19.0, roles.METAL), (GRID + 1 / 16, 20.0, roles.UPPER_TERMINATION)]
    planes.append((FINE, sheet_z, roles.SHEET))
    positions = [np.column_stack([f @ LATERAL, np.full(len(f), 0.0) + z]) for f, z, _ in planes]
    cell = np.zeros((3, 3))
    cell[:2, :2], cell[2, 2] = LATERAL, 40.0
    symbols = ["Ti"] * 16 + ["O"] * 16 + ["C"] * 64
    tags = np.repeat([tag for *_, tag in planes], [16, 16, 64])
    return Atoms(symbols, np.vstack(positions), tags=tags, cell=cell, pbc=True)


def trajectory(atoms, positions, **changes):
    frames = len(positions)
    times = np.arange(frames) * 0.01
    of = {tag: positions[:, atoms.get_tags() == tag, 2] for tag in (roles.SHEET, 3)}
    fields = {
        "times_ps": times,
        "positions": positions,
        "ion_positions": np.zeros((frames, 0, 3)),
        "bottom_centre": positions[:, roles.bottom(atoms)].mean(axis=1),
        "top_centre": positions[:, roles.top(atoms)].mean(axis=1),
        "spacing": of[roles.SHEET].mean(axis=1) - of[3].mean(axis=1),
    }
    return synthetic_run(atoms, times, **fields | changes)


def series(values, start_ps=0.0):
    times = start_ps + np.arange(len(values)) * 0.01
    return pd.DataFrame({"time_ps": times, "spacing": values, "phase": "production"})


def test_the_two_conventions_differ_by_what_a_group_pulls_the_mean_down():
    atoms = stack()
    atoms.extend(Atoms("O", [(3.0, 3.0, 22.7)], tags=[roles.SHEET_GROUP]))
    assert spacing_of(atoms, convention="sheet") == pytest.approx(4.0)
    assert spacing_of(atoms, convention="all") == pytest.approx((64 * 4.0 + 2.7) / 65)


def test_an_unknown_convention_names_the_allowed_ones():
    with pytest.raises(StructureError, match="'mean' is unknown: give one of sheet, all"):
        spacing_of(stack(), convention="mean")


def test_a_structure_without_a_partner_layer_has_no_spacing():
    atoms = stack()
    with pytest.raises(StructureError, match=r"no sheet .* needed for a spacing"):
        spacing_of(atoms[~roles.top(atoms)], convention="sheet")


def test_the_series_says_which_part_of_the_run_each_frame_belongs_to():
    atoms = stack()
    positions = np.repeat(atoms.positions[None], 10, axis=0)
    run = trajectory(
        atoms,
        positions,
        production_start_ps=0.03,
        stable=False,
        unstable_after_ps=0.07,
        reason="a broken bond",
    )
    phase = spacing_series(run)["phase"].tolist()
    assert phase == ["equilibration"] * 3 + ["production"] * 4 + ["unstable"] * 3


def test_the_mean_leaves_out_the_equilibration_and_what_follows_an_instability():
    values = np.array([9.0] * 10 + [4.0, 4.2] * 50 + [20.0] * 5)
    table = series(values)
    table.loc[110:, "phase"] = "unstable"
    result = mean_spacing(table, discard_ps=0.1, note="unstable after 0.3 ps (a broken bond)")
    assert result.mean == pytest.approx(4.1)
    assert result.frames == 100
    assert result.note == "unstable after 0.3 ps (a broken bond)"


def test_a_run_that_breaks_between_two_samples_says_so_though_no_row_is_unstable():
    atoms = stack()
    run = trajectory(
        atoms,
        np.repeat(atoms.positions[None], 10, axis=0),
        stable=False,
        unstable_after_ps=0.094,
        reason="a force is not finite",
    )
    table = spacing_series(run)
    assert set(table["phase"]) == {"production"}
    result = mean_spacing(table, discard_ps=0.0, note=stability_note(run))
    assert result.frames == 10
    assert result.note == "unstable after 0.094 ps (a force is not finite)"


def test_series_and_summary_of_a_run_that_broke_come_back_from_their_files(tmp_path):
    atoms = stack()
    positions = np.repeat(atoms.positions[None], 40, axis=0)
    kinetic = np.full(40, 3.0)
    broken = {"stable": False, "unstable_after_ps": 0.3, "reason": "a broken bond"}
    run = trajectory(atoms, positions, kinetic_energy=kinetic, **broken)
    table = spacing_series(run)
    SPACING_SERIES.write(table, tmp_path / "series.csv")
    pd.testing.assert_frame_equal(SPACING_SERIES.read(tmp_path / "series.csv"), table)
    found = run_spacing(run, table)
    found.write(tmp_path / "summary.json")
    assert MeanSpacing.read(tmp_path / "summary.json") == found
    assert (found.stable, found.unstable_after_ps, found.reason) == tuple(broken.values())
    assert found.frames == found.temperature_K.frames == 30
    assert found.note == "unstable after 0.3 ps (a broken bond)"


def test_a_stable_run_has_nothing_to_note():
    atoms = stack()
    assert stability_note(trajectory(atoms, atoms.positions[None])) == ""


def test_a_run_that_breaks_in_the_equilibration_gives_no_number_but_says_why():
    result = mean_spacing(
        series(np.full(5, 4.0)), discard_ps=1.0, note="unstable after 0.05 ps (x)"
    )
    assert result.mean is None
    too_few = "0 frames: too few for a mean spacing"
    assert result.note == f"unstable after 0.05 ps (x); {too_few}"


def test_a_spacing_that_never_changes_has_no_error():
    assert mean_spacing(series(np.full(50, 4.0)), discard_ps=0.0, note="").standard_error == 0.0


def test_the_map_of_a_tilted_sheet_is_the_tilt():
    heights = 24.0 + np.cos(2 * np.pi * FINE[:, 0]) + 0.3 * np.sin(2 * np.pi * FINE[:, 1])
    atoms = stack(sheet_z=heights)
    table = spacing_map(trajectory(atoms, atoms.positions[None]), cells=8, kind="cells")
    np.testing.assert_allclose(table["spacing"], heights - 20.0)
    np.testing.assert_allclose(table[["fraction_a", "fraction_b"]], FINE)
    assert table["sheet_samples"].tolist() == [1] * 64
    assert table["facing_samples"].sum() == 16


def test_the_map_is_periodic():
    heights = 24.0 + np.cos(2 * np.pi * FINE[:, 0])
    atoms = stack(sheet_z=heights)
    moved = atoms.positions.copy()
    moved[roles.sheet(atoms), :2] += np.array([2 + 3 / 8, -1]) @ LATERAL
    run = trajectory(atoms, moved[None])
    shifted = spacing_map(run, cells=8, kind="cells")["spacing"].to_numpy().reshape(8, 8)
    still = spacing_map(trajectory(atoms, atoms.positions[None]), cells=8, kind="cells")["spacing"]
    np.testing.assert_allclose(shifted, np.roll(still.to_numpy().reshape(8, 8), 3, axis=0))


def test_the_map_follows_a_drifting_stack():
    heights = 24.0 + np.cos(2 * np.pi * FINE[:, 0])
    atoms = stack(sheet_z=heights)
    drift = np.linspace(0, 1, 30)[:, None] * np.array([7.0, -4.0, 0.5])
    run = trajectory(atoms, atoms.positions + drift[:, None])
    expected = spacing_map(trajectory(atoms, atoms.positions[None]), cells=8, kind="cells")
    np.testing.assert_allclose(
        spacing_map(run, cells=8, kind="cells")["spacing"], expected["spacing"]
    )


def test_the_map_averages_over_production_frames_only():
    atoms = stack()
    positions = np.repeat(atoms.positions[None], 4, axis=0)
    for frame, height in enumerate((1.0, 0.0, 0.2, 9.0)):
        positions[frame, roles.sheet(atoms), 2] += height
    run = trajectory(
        atoms,
        positions,
        production_start_ps=0.01,
        stable=False,
        unstable_after_ps=0.03,
        reason="the sheet detached",
    )
    np.testing.assert_allclose(spacing_map(run, cells=8, kind="cells")["spacing"], 4.1)


def test_a_cell_without_atoms_takes_the_mean_of_the_nearest_cells():
    heights = np.full(64, 24.0)
    hole = 8 * 3 + 3
    ring = [8 * 2 + 3, 8 * 4 + 3, 8 * 3 + 2, 8 * 3 + 4, 8 * 2 + 2, 8 * 4 + 4]
    heights[ring] = np.arange(25.0, 31.0)
    atoms = stack(sheet_z=heights)
    del atoms[32 + hole]
    table = spacing_map(trajectory(atoms, atoms.positions[None]), cells=8, kind="cells")
    assert table["sheet_samples"][hole] == 0
    assert table["spacing"][hole] == pytest.approx(27.5 - 20.0)


def test_a_rare_excursion_into_a_cell_does_not_set_its_height():
    atoms = stack()
    del atoms[32]
    positions = np.repeat(atoms.positions[None], 50, axis=0)
    positions[7, 32, :2] = FINE[0] @ LATERAL
    positions[7, 32, 2] = 30.0
    table = spacing_map(trajectory(atoms, positions), cells=8, kind="cells")
    assert table["sheet_samples"][0] == 1
    assert table["spacing"][0] == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("broken", [True, False])
def test_a_run_without_stable_production_has_an_empty_map(broken):
    atoms = stack()
    run = trajectory(
        atoms,
        atoms.positions[None],
        production_start_ps=1.0,
        stable=not broken,
        unstable_after_ps=0.0 if broken else None,
    )
    table = spacing_map(run, cells=8, kind="cells")
    assert table.empty
    whole = spacing_map(trajectory(atoms, atoms.positions[None]), cells=8, kind="cells")
    assert table.columns.tolist() == whole.columns.tolist() == list(SPACING_MAP.columns)


def test_a_run_of_one_layer_has_no_map():
    atoms = stack()
    bare = atoms.copy()
    bare.set_tags(0)
    run = trajectory(atoms, atoms.positions[None], initial=bare, tags=bare.get_tags())
    with pytest.raises(TrajectoryError, match=r"no sheet .* needed for a spacing map"):
        spacing_map(run, cells=8, kind="cells")
