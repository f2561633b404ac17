"""A configured calculator held to the contract, and to having no dispersion but ours."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.equivalence.contract import NOISE, broken_promises
from anodeflow.errors import EquivalenceError
from anodeflow.models.interface import DispersionCorrected, ModelCalculator

APART = 12.0
"""Å between two layers, across which no model of short range reaches."""

SAME = 0.5
"""A force between layers that is D3's to this fraction is D3's."""


def require_contract(
    calculator: Calculator, cells: Mapping[str, Atoms], settings: Mapping[str, Any]
) -> None:
    """Refuse a calculator that breaks the contract, or that adds dispersion of its own to ours.

    Args:
        calculator: of `load_calculator`.
        cells: small structures by their names, the atoms moved at random.
        settings: with which it was loaded.

    Raises:
        EquivalenceError: with the first broken promise; all of them are printed.
    """
    model = calculator.model if isinstance(calculator, DispersionCorrected) else calculator
    conservative = settings.get("forces", "conservative") == "conservative"
    options = {"noise": NOISE[settings["dtype"]], "conservative": conservative}
    found = []
    if isinstance(calculator, DispersionCorrected):  # whose cutoffs are sharp: its name comes first
        found += [
            f"on {name} {sentence}"
            for name, cell in cells.items()
            if (sentence := _second_dispersion(calculator, cell))
        ]
    found += [
        f"on {name} {sentence}"
        for name, cell in cells.items()
        for sentence in broken_promises(model, cell, **options)
    ]
    found += [
        f"on {name} {sentence}"
        for name, cell in cells.items()
        for sentence in _ignored(model, cell, NOISE[settings["dtype"]])
    ]
    if not found:
        return
    print("\n".join(f"broken: {sentence}" for sentence in found))
    direct = (
        " If the model predicts its forces directly, say so (`forces: direct` in its card)."
        if any("no slope of the energy" in sentence for sentence in found)
        else ""
    )
    raise EquivalenceError(
        f"The configured calculator (family {settings['family']}, {settings['dtype']} on "
        f"{settings['device']}) is none that a study can use: {found[0]}; correct its entry, its "
        f"keyword arguments or its units (the log has all {len(found)} faults).{direct}"
    )


def _ignored(model: Calculator, cell: Atoms, noise: float) -> Iterator[str]:
    """Say which of charge and spin, if it is told them, leave a model's energy as it is."""
    if not isinstance(model, ModelCalculator):
        return
    told = model.info
    for name in told:
        energies = []
        for model.info in (told, told | {name: told[name] + 1}):
            energies.append(float(model.evaluate([cell])[0]["energy"]))
        model.info = told
        if not abs(energies[1] - energies[0]) > noise:
            yield f"another {name} leaves the energy as it is: the model knows no calculator.{name}"


def _second_dispersion(calculator: DispersionCorrected, cell: Atoms) -> str:
    """Say that a model's force between layers far apart is that of D3, if it is."""
    thickness = float(np.ptp(cell.positions[:, 2]))
    apart = cell.copy()
    apart.cell[2] = [0, 0, 2 * (thickness + 2 * APART)]
    upper = cell.copy()
    upper.positions[:, 2] += thickness + APART
    apart += upper
    own, ours = (_pull(one, apart, len(cell)) for one in (calculator.model, calculator.dispersion))
    if not abs(own / ours - 1) < SAME:
        return ""
    return (
        f"two layers {APART:g} Å apart pull at each other as D3 makes them ({own:.3g} for "
        f"{ours:.3g} eV/Å) before D3 is added: the model's own dispersion has to be turned off, or "
        "calculator.dispersion set to false"
    )


def _pull(calculator: Calculator, layers: Atoms, lower: int) -> float:
    """Return the force between the first so many atoms and the rest, eV/Å."""
    probe = layers.copy()
    probe.calc = calculator
    return float(-probe.get_forces()[lower:, 2].sum())
