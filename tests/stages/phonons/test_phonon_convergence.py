"""What another displacement and a larger supercell change, where it is known in closed form."""

import numpy as np
import pandas as pd
import pytest
from ase.neighborlist import neighbor_list
from honeycomb import BOND, Springs, honeycomb, run_springs

from anodeflow.stages.phonons.bands import run_bands_and_dos
from anodeflow.stages.phonons.convergence import (
    change,
    check_convergence,
    frequencies,
    variant_table,
)
from anodeflow.stages.phonons.results import CONVERGENCE_TABLE, Convergence

MODE = {"path_points": 60, "mesh": (6, 6, 1), "dos_width_THz": 0.4}
VARIANTS = [
    {"varied": "displacement", "displacement": 0.005, "supercell": [3, 3, 1]},
    {"varied": "displacement", "displacement": 0.02, "supercell": [3, 3, 1]},
    {"varied": "supercell", "displacement": 0.01, "supercell": [4, 4, 1]},
]
QUARTIC = 100.0  # 1/Å²


class Quartic(Springs):
    """Springs of which every force is larger by 1 + q u², u the largest stretch of a bond."""

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        _, bond = neighbor_list("iD", atoms, 1.2 * BOND)
        nearest = np.linalg.norm(bond[:, None] - self.bonds, axis=2).argmin(axis=1)
        u = np.linalg.norm(bond - self.bonds[nearest], axis=1).max()
        self.results["forces"] = self.results["forces"] * (1 + QUARTIC * u**2)


def checked(calc, expected=None):
    phonon = run_springs(honeycomb(), calc)
    found = check_convergence(
        honeycomb(), calc, phonon, variants=VARIANTS, mode=MODE, expected=expected
    )
    assert Convergence.model_validate_json(found.model_dump_json()) == found
    return phonon, found


def test_harmonic_springs_of_short_range_are_converged():
    _, found = checked(Springs())
    assert max(found.changes.model_dump(exclude_none=True).values()) < 2e-3
    for moved in (found.displacement, found.supercell):
        assert 0 <= moved.mean_change_THz <= moved.max_change_THz < 2e-3


def test_an_anharmonic_spring_moves_every_frequency_by_half_of_what_it_adds_to_the_constants():
    phonon, found = checked(Quartic())
    bands = run_bands_and_dos(phonon, **MODE)
    # ω ∝ √(1 + q u²): exactly, for the three displacements 0.005, 0.01 and 0.02 Å.
    factors = np.sqrt((1 + QUARTIC * np.array([0.005, 0.02]) ** 2) / (1 + QUARTIC * 0.01**2))
    highest = bands.frequencies_THz.max()
    for variant, factor in zip(found.variants, factors, strict=False):
        assert variant.numbers.highest_THz == pytest.approx(factor * highest, rel=1e-4)
        assert variant.change.max_change_THz == pytest.approx(abs(factor - 1) * highest, rel=1e-2)
    assert found.changes.highest_THz == pytest.approx((factors[1] - 1) * highest, rel=1e-2)
    mean = bands.frequencies_THz.mean() * (factors[1] - 1)
    assert found.displacement.mean_change_THz == pytest.approx(mean, rel=1e-2)
    assert found.supercell.max_change_THz < 2e-3


def test_the_change_of_a_deviation_from_a_reference_is_that_of_the_deviation_itself():
    fractions = np.linspace(0, 1, 5)
    columns = {f"branch_{i}_THz": 10.0 + i for i in range(1, 7)}
    reference = pd.DataFrame({"path_fraction": fractions} | columns)
    phonon, found = checked(Quartic(), reference)
    own = run_bands_and_dos(phonon, **MODE)
    base = frequencies(own, reference, dos_width_THz=0.4)
    wide = found.variants[1].numbers
    known = [numbers.model_dump(exclude_none=True).keys() for numbers in (base, wide)]
    assert known == [found.changes.model_dump(exclude_none=True).keys()] * 2
    assert len(known[0]) == 6
    assert found.changes.mean_abs_THz >= abs(wide.mean_abs_THz - base.mean_abs_THz) > 0
    assert 0 < found.changes.dos_overlap < 1


def test_bands_that_are_equal_have_not_changed():
    bands = run_bands_and_dos(run_springs(honeycomb(), Springs()), **MODE)
    assert change(bands, bands).max_change_THz == 0.0


def test_a_layer_without_a_larger_supercell_says_so():
    phonon = run_springs(honeycomb(), Springs())
    found = check_convergence(
        honeycomb(), Springs(), phonon, variants=VARIANTS[:1], mode=MODE, expected=None
    )
    assert found.supercell is None
    assert found.note == "the supercell was not varied: name one under phonons.convergence"


def test_the_table_has_a_row_for_each_variant_and_comes_back_from_its_file(tmp_path):
    table = variant_table(checked(Springs())[1])
    CONVERGENCE_TABLE.write(table, tmp_path / "convergence.csv")
    pd.testing.assert_frame_equal(CONVERGENCE_TABLE.read(tmp_path / "convergence.csv"), table)
    assert table["supercell"].tolist() == ["3×3×1", "3×3×1", "4×4×1"]
    assert table["displacement"].tolist() == [0.005, 0.02, 0.01]
