"""Structure pictures: what is drawn is what is tabulated, on one scale."""

import numpy as np
import pytest
from ase import Atoms
from study import GRAPHENE

from anodeflow.stages.relaxation.figure import plot_structures
from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer

SHEET = GRAPHENE | {"size": [3, 3]}


@pytest.fixture
def layer() -> Atoms:
    settings = {
        "builder": "functionalised",
        "base": "graphene",
        "group": "hydroxyl",
        "carrier": "middle",
    }
    return build_layer(settings, cell_height=40.0, base=SHEET)


def test_every_atom_is_tabulated_inside_the_cell_and_the_input_is_left_alone(layer):
    outside = layer.copy()
    outside.positions[:, 0] += 30.0
    before = outside.positions.copy()
    _, table = plot_structures({"sheet": layer, "far": outside})
    assert np.array_equal(outside.positions, before)
    assert table.columns.tolist() == ["structure", "symbol", "tag", "x", "y", "z"]
    assert table.groupby("structure").size().to_dict() == {"sheet": 20, "far": 20}
    assert (table[table.structure == "sheet"].tag == roles.SHEET).sum() == 18
    fractions = np.linalg.solve(layer.cell.array.T, table[["x", "y", "z"]].to_numpy().T)
    assert fractions.min() > -0.01
    assert fractions.max() < 1.01


def test_side_and_top_of_each_structure_share_one_scale(layer):
    figure, _ = plot_structures({"one": layer, "two": layer.repeat((2, 1, 1))})
    figure.canvas.draw()
    assert len(figure.axes) == 4
    scales = [axes.get_window_extent().width / np.ptp(axes.get_xlim()) for axes in figure.axes]
    assert scales == pytest.approx([scales[0]] * 4, rel=0.05)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["H", "C", "O"]
