"""Published and rigorous maps of the spacing side by side, where the field is known."""

import numpy as np
import pytest
from ase import Atoms
from hopping import STEP_PS, host, trajectory

from anodeflow.stages.motion.spacing_map import spacing_map
from anodeflow.structures import roles


def plane_of(cells_along, heights_of):
    """A stack of one frame: facing atoms at 20 Å, a fine sheet with the given heights above."""
    lateral = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    fine = (np.indices((cells_along, cells_along)).reshape(2, -1).T + 0.5) / cells_along
    sheet = np.column_stack([fine @ lateral, heights_of(fine)])
    facing = np.column_stack([fine @ lateral, np.full(len(fine), 20.0)])
    positions = np.concatenate([facing, sheet])
    tags = np.repeat([roles.UPPER_TERMINATION, roles.SHEET], len(fine))
    atoms = Atoms("O" * len(tags), positions=positions, tags=tags, cell=host(1).cell)
    return trajectory(atoms, np.zeros((1, 0, 2)))


def field(fractions):
    """A height field of the cell's own period, Å."""
    return (
        24.0 + 0.3 * np.cos(2 * np.pi * fractions[:, 0]) + 0.2 * np.sin(2 * np.pi * fractions[:, 1])
    )


def error_of_map(kind):
    table = spacing_map(plane_of(80, field), cells=8, kind=kind)
    truth = field(table[["fraction_a", "fraction_b"]].to_numpy()) - 20.0
    return table, (table["spacing"] - truth).to_numpy()


def test_cells_count_each_atom_once_and_windows_some_twice_and_some_never():
    cells, windows = (error_of_map(kind)[0] for kind in ("cells", "windows"))
    assert cells["sheet_samples"].tolist() == [100] * 64
    assert windows["fraction_a"].unique() == pytest.approx(np.arange(8) / 7)
    # A square of side 12.12/7 Å has (8/7)² · 2/√3 the area of a cell of side 12.12/8 Å.
    inner = windows[(windows["cell_a"] % 7 > 0) & (windows["cell_b"] % 7 > 0)]
    area = (8 / 7) ** 2 * 2 / np.sqrt(3)
    assert inner["sheet_samples"].mean() == pytest.approx(100 * area, rel=0.05)
    corners = windows[(windows["cell_a"] % 7 == 0) & (windows["cell_b"] % 7 == 0)]
    assert corners["sheet_samples"].max() < 60


def test_windows_miss_the_field_at_the_boundary_where_cells_do_not():
    errors = {kind: np.abs(error_of_map(kind)[1]) for kind in ("cells", "windows")}
    border = (np.indices((8, 8)) % 7 == 0).any(axis=0).ravel()
    assert errors["cells"].max() < 0.012
    assert errors["windows"][~border].max() == pytest.approx(0.022, abs=0.003)
    assert errors["windows"][border].max() == pytest.approx(0.098, abs=0.01)


def test_a_shift_over_the_boundary_rolls_a_map_of_cells_but_not_one_of_windows():
    for kind, rolls, steps in (("cells", True, 8), ("windows", False, 7)):
        still, gone = (
            spacing_map(plane_of(80, lambda x, by=by: field(x - [by, 0])), cells=8, kind=kind)[
                "spacing"
            ].to_numpy()
            for by in (0.0, 3 / steps)
        )
        rolled = np.roll(still.reshape(8, 8), 3, axis=0).ravel()
        assert np.allclose(gone, rolled, atol=1e-9) == rolls


def test_an_atom_on_the_edge_of_two_windows_counts_in_both():
    lateral = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    # Halfway between the points (2, 0) and (3, 0) of eight.
    edge = np.array([[2.5 / 7, 0.0]]) @ lateral
    positions = np.column_stack([np.repeat(edge, 2, axis=0), [20.0, 24.0]])
    tags = [roles.UPPER_TERMINATION, roles.SHEET]
    atoms = Atoms("O2", positions=positions, tags=tags, cell=host(1).cell)
    run = trajectory(atoms, np.zeros((1, 0, 2)))
    samples = {
        kind: spacing_map(run, cells=8, kind=kind)["sheet_samples"].to_numpy().reshape(8, 8)
        for kind in ("cells", "windows")
    }
    assert samples["cells"].sum() == 1
    assert samples["windows"].sum() == samples["windows"][2, 0] + samples["windows"][3, 0] == 2
    maps = spacing_map(run, cells=8, kind="windows")["spacing"]
    assert maps.to_numpy() == pytest.approx(4.0)  # all others are empty: the mean


def test_an_empty_window_shows_the_mean_of_the_others_and_an_empty_cell_its_neighbours():
    facing = (np.indices((4, 4)).reshape(2, -1).T + np.array([1 / 3, 2 / 3])) / 4
    basis = ([0, 0], [1 / 3, 2 / 3])
    sheet = np.concatenate([(np.indices((5, 5)).reshape(2, -1).T + b) / 5 for b in basis])
    rng, frames = np.random.default_rng(9), 400
    lateral = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    flat = np.concatenate([facing, sheet]) @ lateral
    z = np.concatenate([np.full(16, 20.0), field(sheet)])
    still = np.column_stack([flat, z])
    shaken = np.repeat(still[None], frames, axis=0)
    shaken[..., :2] += rng.normal(0, 0.15, (frames, 66, 2))
    tags = np.repeat([roles.UPPER_TERMINATION, roles.SHEET], [16, 50])
    atoms = Atoms("O16C50", positions=still, tags=tags, cell=host(1).cell)
    times = np.arange(frames) * STEP_PS
    run = trajectory(atoms, np.zeros((frames, 0, 2)), times_ps=times, positions=shaken)
    tables = {kind: spacing_map(run, cells=8, kind=kind) for kind in ("cells", "windows")}
    windows = tables["windows"]
    empty = (windows["facing_samples"] == 0) | (windows["sheet_samples"] == 0)
    assert 20 <= empty.sum() <= 32  # of 64
    assert windows["spacing"][empty].to_numpy() == pytest.approx(windows["spacing"][~empty].mean())
    assert tables["cells"]["spacing"][empty].std() > 0.1
    truth = field(windows[["fraction_a", "fraction_b"]].to_numpy()) - 20.0
    assert np.abs(windows["spacing"] - truth)[empty].max() > 0.2
