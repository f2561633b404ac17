"""Voltage against content: averages, steps and what is refused, and its figure."""

import copy
import io

import numpy as np
import pandas as pd
import pytest
import yaml
from ase import Atoms
from ase.build import bulk, graphene
from ase.calculators.lj import LennardJones
from demo_model import load_demo
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from snakemake.utils import update_config
from tabled import voltage_table

from anodeflow.errors import StructureError
from anodeflow.models.dispersion import load_dispersion
from anodeflow.models.interface import DispersionCorrected, OneByOne, energy_terms
from anodeflow.stages.relaxation.minimum import relax
from anodeflow.stages.voltage.curve import voltage_curve, voltages
from anodeflow.stages.voltage.figure import plot_voltage
from anodeflow.stages.voltage.results import CURVE, TOTAL_ONLY
from anodeflow.structures import roles
from anodeflow.structures.builders.ions import build_bulk
from anodeflow.structures.files import stored_energy
from anodeflow.study.loading import load_config
from anodeflow.tables.published import published_voltages, read_published

OMAT = "MACE-OMAT-0 (published)"
DFTD3 = {"functional": "pbe", "damping": "bj", "library": "dftd3"}
DFTD3 |= {"pair_cutoff_bohr": 20.0, "coordination_cutoff_bohr": 20.0}


def energies(counts=range(10)):
    return {n: -700.0 - 2.9 * n + 0.05 * n**2 + 0.1 * np.sin(n) for n in counts}


def evaluated(atoms: Atoms) -> Atoms:
    """Return a structure with the two terms of its energy, as relaxing leaves it."""
    model = OneByOne(LennardJones(sigma=2.2, epsilon=0.1, rc=6.0, smooth=True))
    atoms.calc = DispersionCorrected(
        model, load_dispersion(DFTD3 | {"library": "anodeflow"}, device="cpu")
    )
    atoms.info |= energy_terms(atoms)
    return atoms


@pytest.fixture(scope="module")
def sheets() -> list[Atoms]:
    """Return a sheet of carbon with 2, 0 and 1 sodium atoms above it."""
    stacks = []
    for count in (2, 0, 1):
        sheet = graphene(size=(2, 2, 1), vacuum=6.0)
        sheet.pbc = True
        sheet.set_tags([roles.SHEET] * len(sheet))
        ions = [(0.3, 0.2, 8.6), (2.4, 1.5, 8.9)][:count]
        stacks.append(evaluated(sheet + Atoms(["Na"] * count, ions, tags=[roles.ION] * count)))
    return stacks


@pytest.fixture(scope="module")
def metal() -> Atoms:
    """Return bulk sodium, two atoms."""
    return evaluated(bulk("Na", a=4.2, cubic=True))


def test_the_voltage_that_dispersion_adds_is_its_energys_own_difference_quotient(sheets, metal):
    curve = voltage_curve(sheets, metal, electrons_per_ion=1)

    def dispersion(atoms: Atoms) -> float:  # from another package than the curve's
        alone = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
        alone.calc = load_dispersion(DFTD3, device="cpu")
        return alone.get_potential_energy()

    empty, one, two = (dispersion(sheets[i]) for i in (1, 2, 0))
    per_atom = dispersion(metal) / 2
    assert curve["n"].tolist() == [1, 2]
    first, second = per_atom - (one - empty), per_atom - (two - one)
    added = curve["average_V"] - curve["average_no_dispersion_V"]
    assert added.tolist() == pytest.approx([first, per_atom - (two - empty) / 2], abs=1e-6)
    added = curve["step_V"] - curve["step_no_dispersion_V"]
    assert added.tolist() == pytest.approx([first, second], abs=1e-6)
    assert added.abs().min() > 0.01


def test_voltages_without_dispersion_are_those_of_the_models_own_energies(sheets, metal):
    two = voltage_curve(sheets, metal, electrons_per_ion=2)
    own = {int(roles.ions(s).sum()): s.calc.model.get_potential_energy(s) for s in sheets}
    metal_energy = metal.calc.model.get_potential_energy(metal) / 2
    expected = voltages(own, bulk_energy_per_atom=metal_energy, electrons_per_ion=2)
    found = two[["n", "average_no_dispersion_V", "step_no_dispersion_V"]]
    assert found.to_numpy() == pytest.approx(expected.to_numpy())


def test_a_structure_with_a_total_energy_only_leaves_no_voltage_without_dispersion(
    sheets, metal, tmp_path
):
    known = voltage_curve(sheets, metal, electrons_per_ion=1)
    assert "note" not in voltage_table([{"model": "m", "system": "m-g", "result": known}])
    total = Atoms(metal.numbers, metal.positions, info={"energy": metal.get_potential_energy()})
    curve = voltage_curve(sheets, total, electrons_per_ion=1)
    pd.testing.assert_frame_equal(curve, known[["n", "average_V", "step_V"]])
    CURVE.write(curve, tmp_path / "m-g.csv")
    table = voltage_table(
        [{"model": "m", "system": "m-g", "result": CURVE.read(tmp_path / "m-g.csv")}]
    )
    assert table["note"].tolist() == [TOTAL_ONLY] * 2
    assert "average_no_dispersion_V" not in table


def test_steps_of_the_published_voltages_rise_by_more_than_the_error_of_reading_them(root):
    """So the contents between lie above the convex hull, along which steps only fall."""
    rows = published_voltages(read_published(root / "resources/reference/published.csv"), "m-go")
    n, average = rows["ions"].to_numpy(int), rows["value"].to_numpy(float)
    assert set(rows["model"]) == {OMAT}
    assert set(rows["error"]) == {0.01}
    assert rows["note"].str.contains("read off a plot").all()
    steps, errors = np.diff(n * average), 0.01 * np.hypot(n[1:], n[:-1])
    rises = np.flatnonzero(np.diff(steps) > 3 * np.hypot(errors[1:], errors[:-1]))
    assert (n[rises + 2]).tolist() == [4, 6]


def metals(root, study_config, calc):
    """Return the metal of the rigorous and of the published protocol, as the workflow has them."""
    overlay = yaml.safe_load((root / "config/published.yaml").read_text())
    published = copy.deepcopy(study_config)
    update_config(published, overlay)
    whole = {"checkpoint": None, "unfinished": None, "fingerprint_extra": "", "log": io.StringIO()}
    for config in (study_config, published):
        settings = config["relaxation"]["bulk"] | {"optimiser": "BFGS", "max_steps": 100}
        metal = load_config(config, root=root).structures.ions.bulk
        start = build_bulk("Na", **metal.model_dump(mode="json"))
        yield relax(start, calc, **settings, **whole)


def test_the_published_metal_is_a_single_point_at_4_23_and_shifts_every_voltage_alike(
    root, study_config, tmp_path
):
    cutoffs = {"pair_cutoff_bohr": 40.0, "coordination_cutoff_bohr": 40.0}
    d3 = {"functional": "pbe", "damping": "bj", "library": "anodeflow"} | cutoffs
    calc = load_demo(tmp_path, "float64", dispersion=d3)
    rigorous, published = metals(root, study_config, calc)
    plain = bulk("Na", "bcc", a=4.23, cubic=True)
    plain.calc = calc
    point = plain.get_potential_energy() / 2
    assert stored_energy(published, "total") == pytest.approx(point, abs=1e-6)
    assert published.info["steps"] == 0
    plain.set_cell([(2 * rigorous.get_volume()) ** (1 / 3)] * 3, scale_atoms=True)
    shift = point - plain.get_potential_energy() / 2
    assert shift == pytest.approx(0.0082, abs=5e-4)  # eV
    found = [
        voltages(
            energies(), bulk_energy_per_atom=stored_energy(metal, "total"), electrons_per_ion=2
        )
        for metal in (rigorous, published)
    ]
    for column in ("average_V", "step_V"):
        moved = (found[1][column] - found[0][column]).to_numpy()
        assert moved == pytest.approx(shift / 2, abs=1e-5)


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


def test_a_dotted_line_is_the_average_without_dispersion(sheets, metal):
    table = voltage_curve(sheets, metal, electrons_per_ion=1)
    known = {"label": "a", "colour": "#0072B2", "voltages": table, "published": None}
    fig, shown = plot_voltage({"m-g": [known]}, ion="Na")
    (dotted,) = (line for line in fig.axes[0].lines if line.get_linestyle() == ":")
    assert dotted.get_ydata().tolist() == table["average_no_dispersion_V"].tolist()
    assert to_hex(dotted.get_color()) == "#0072b2"
    assert shown["average_no_dispersion_V"].tolist() == table["average_no_dispersion_V"].tolist()
    assert "average without D3" in legend_of(fig)
    total = known | {"voltages": table[["n", "average_V", "step_V"]]}
    fig, shown = plot_voltage({"m-g": [total]}, ion="Na")
    assert "average without D3" not in legend_of(fig)
    assert not [line for line in fig.axes[0].lines if line.get_linestyle() == ":"]


def legend_of(fig: Figure) -> list[str]:
    """Return the names in the legend of a figure."""
    return [text.get_text() for text in fig.legends[0].texts]
