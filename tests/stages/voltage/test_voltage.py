"""Voltage against content: averages, steps and what is refused, and its figure."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from anodeflow.errors import StructureError
from anodeflow.stages.voltage.curve import voltages
from anodeflow.stages.voltage.figure import plot_voltage
from anodeflow.stages.voltage.results import CURVE


def energies(counts=range(10)):
    return {n: -700.0 - 2.9 * n + 0.05 * n**2 + 0.1 * np.sin(n) for n in counts}


def test_steps_add_up_to_the_average_at_every_content():
    table = voltages(energies(), bulk_energy_per_atom=-1.3, electrons_per_ion=1)
    assert (np.cumsum(table["step_V"]) / table["n"]).tolist() == pytest.approx(
        table["average_V"].tolist()
    )


def test_steps_over_gaps_in_the_contents_are_weighted_by_their_width():
    table = voltages(energies([0, 1, 4, 9]), bulk_energy_per_atom=-1.3, electrons_per_ion=1)
    widths = np.diff([0, *table["n"]])
    assert (np.cumsum(table["step_V"] * widths) / table["n"]).tolist() == pytest.approx(
        table["average_V"].tolist()
    )


def test_a_constant_binding_energy_is_the_voltage():
    bound = {n: -50.0 + n * (-1.2 - 0.8) for n in range(4)}
    table = voltages(bound, bulk_energy_per_atom=-1.2, electrons_per_ion=1)
    assert table["average_V"].tolist() == pytest.approx([0.8] * 3)
    assert table["step_V"].tolist() == pytest.approx([0.8] * 3)


def test_a_divalent_ion_gives_half_the_voltage():
    one, two = (
        voltages(energies(), bulk_energy_per_atom=-1.3, electrons_per_ion=z) for z in (1, 2)
    )
    assert two["average_V"].tolist() == pytest.approx((one["average_V"] / 2).tolist())


def test_a_host_less_stable_than_metal_gives_a_negative_voltage():
    table = voltages({0: 0.0, 1: -1.0}, bulk_energy_per_atom=-1.5, electrons_per_ion=1)
    assert table["average_V"].tolist() == pytest.approx([-0.5])


@pytest.mark.parametrize("given", [{}, {0: 1.0}, {1: 1.0, 2: 1.5}])
def test_voltages_need_the_empty_stack_and_one_more(given):
    with pytest.raises(StructureError, match="need n = 0"):
        voltages(given, bulk_energy_per_atom=-1.0, electrons_per_ion=1)


def test_voltages_come_back_from_their_file(tmp_path):
    table = voltages(energies(), bulk_energy_per_atom=-1.3, electrons_per_ion=1)
    CURVE.write(table, tmp_path / "m-go.csv")
    pd.testing.assert_frame_equal(CURVE.read(tmp_path / "m-go.csv"), table)


def test_the_figure_holds_a_panel_a_stack_and_the_table_all_values():
    table = voltages(energies(), bulk_energy_per_atom=-1.3, electrons_per_ion=1)
    entry = {"label": "model", "colour": "#0072B2", "voltages": table, "published": None}
    fig, shown = plot_voltage({"m-go": [entry], "m-g": [entry]}, ion="Na")
    assert isinstance(fig, Figure)
    assert len(fig.axes) == 2
    assert shown["average_V"].tolist() == pytest.approx(table["average_V"].tolist() * 2)
