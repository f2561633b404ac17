"""Whether the layers apart, to which a stack's energy is referred, are the layers of the stack."""

from collections import Counter
from collections.abc import Mapping
from functools import partial

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.stages.adhesion.held_spacing import held
from anodeflow.stages.adhesion.layers_apart import evaluate_layer
from anodeflow.stages.adhesion.results import CutLayer, ReferenceCheck
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.files import stored_energy
from anodeflow.structures.geometry import area_nm2, heights
from anodeflow.structures.metal_atoms import metal_atoms
from anodeflow.structures.spacing import spacing_of

FAR_GAP = 12.0
"""Å between the highest atom of one layer and the lowest of the other, twice the reach of a model
whose atoms see 6 Å."""

NOT_LOWEST = 0.010
"""A reference that lies this much (eV per cell) above the layer cut out of the stack is no minimum
that a layer of the stack would come back to."""

UNEXPLAINED = 0.01
"""Adhesion far apart (eV/nm²) that the dispersion between the layers does not account for."""

ROUNDS = 2
"""How far the neighbourhoods of two layers are compared, in bonds."""


def pull_apart(farthest: Atoms, calc: Calculator, *, kept: KeptMinima) -> dict[str, Atoms]:
    """Pull a stack so far apart that no model sees across the gap, and cut its layers out.

    Args:
        farthest: the point of the scan with the largest spacing (N atoms).
        calc: the model.
        kept: how structures are relaxed, and where they are kept.

    Returns `far`, relaxed at a spacing whose gap is 12 Å; `bottom_as_cut` and `top_as_cut`, its
    layers with the energies that they have as they are; and `bottom_cut` and `top_cut`, the same
    relaxed in the same cell. Energies in info as `relax` writes them, the name as `reference`.

    Raises:
        NotConvergedError: a relaxation used up `max_steps`.
    """
    start = _far_apart(farthest)
    series = kept.series(start, {})

    def relaxed(name: str, atoms: Atoms, calc: Calculator) -> Atoms:
        return kept.relax(
            name, atoms, calc, series=series, title=name, describe=lambda _: {"reference": name}
        )

    far = relaxed("far", held(start, "spacing"), calc)
    masks = {"bottom": roles.bottom(far), "top": roles.top(far)}
    layers = {end: _cut(far, mask) for end, mask in masks.items()}
    as_cut = {
        f"{end}_as_cut": evaluate_layer(layer, calc, f"{end}_as_cut")
        for end, layer in layers.items()
    }
    cut, failures = run_in_lockstep(
        calc, {f"{end}_cut": partial(relaxed, f"{end}_cut", layers[end]) for end in layers}
    )
    raise_first(failures)
    return {"far": far} | as_cut | {f"{end}_cut": cut[f"{end}_cut"] for end in layers}


def _far_apart(stack: Atoms) -> Atoms:
    """Return the stack, in one piece, with a gap of FAR_GAP and a vacuum as wide as before."""
    apart: Atoms = stack.copy()
    apart.info = {}
    apart.positions[:, 2] = heights(stack)
    top, bottom = roles.top(apart), roles.bottom(apart)
    z = apart.positions[:, 2]
    lift = FAR_GAP - (z[top].min() - z[bottom].max())
    apart.positions[top, 2] += lift
    cell = apart.cell.array.copy()
    cell[2, 2] += lift
    apart.set_cell(cell)
    return apart


def _cut(stack: Atoms, mask: np.ndarray) -> Atoms:
    layer: Atoms = stack[mask]
    layer.info = {}
    layer.calc = None
    return layer


def check_references(references: Mapping[str, Atoms]) -> ReferenceCheck:
    """Compare the layers apart with those that were cut out of the stack, far apart.

    Args:
        references: of `reference_layers` and `pull_apart`, by their names.

    For each layer: E_cut − E_ref (eV), both relaxed in the common cell, and whether both have the
    same bonds; of a layer that another model relaxed, E_own − E_given in its own cell as well, if
    that is lower. Far apart, E_adh = (E_bottom + E_top − E_far)/A should be that of the dispersion
    between the layers alone, (D_bottom + D_top − D_far)/A with the layers as they were cut.
    """
    layers = {end: _check_layer(references, end) for end in ("bottom", "top")}
    area = area_nm2(references["far"])
    total = [stored_energy(references[name], "total") for name in ("bottom", "top", "far")]
    dispersion = [
        references[name].info["energy_dispersion"]
        for name in ("bottom_as_cut", "top_as_cut", "far")
    ]
    adhesion, between = ((e[0] + e[1] - e[2]) / area for e in (total, dispersion))
    sentences = [*_sentences(layers, references)]
    if abs(adhesion - between) >= UNEXPLAINED:
        sentences.append(
            f"Far apart the layers still bind by {adhesion:.3f} eV/nm², of which dispersion is "
            f"{between:.3f}: the references are not the layers of the stack, or the model sees "
            "across the gap."
        )
    return ReferenceCheck(
        bottom=layers["bottom"],
        top=layers["top"],
        far_spacing=spacing_of(references["far"], convention="sheet"),
        far_eV_nm2=adhesion,
        far_dispersion_eV_nm2=between,
        sentence=" ".join(sentences) or None,
    )


def _check_layer(references: Mapping[str, Atoms], end: str) -> CutLayer:
    cut, reference = references[f"{end}_cut"], references[end]
    lower = stored_energy(cut, "total") - stored_energy(reference, "total")
    same = bond_neighbourhoods(cut) == bond_neighbourhoods(reference)
    if given := references.get(f"{end}_given"):
        own = stored_energy(references[f"{end}_own"], "total")
        lower = min(lower, own - stored_energy(given, "total"))
        same = same and bond_neighbourhoods(cut) == bond_neighbourhoods(given)
    return CutLayer(cut_minus_reference_eV=lower, same_bonds=same)


def _sentences(layers: Mapping[str, CutLayer], references: Mapping[str, Atoms]) -> list[str]:
    said = []
    for end, layer in layers.items():
        name = references[end].get_chemical_formula()
        if layer.cut_minus_reference_eV < -NOT_LOWEST:
            said.append(
                f"The {end} layer apart, {name}, is not the ground state: cut out of the stack it "
                f"lies {-1000 * layer.cut_minus_reference_eV:.0f} meV lower."
            )
        if not layer.same_bonds:
            said.append(f"The {end} layer apart, {name}, has other bonds than that of the stack.")
    return said


def bond_neighbourhoods(layer: Atoms) -> Counter[str]:
    """Count the atoms of a layer by element and by what they are bonded to, two bonds far.

    The order of atoms does not enter. Contacts of two metals are no bonds, as in
    `structures.inspection`.

    Source: B. Weisfeiler, A. Leman, Nauchno-Technicheskaya Informatsiya 2 (9), 12 (1968).
    """
    first, second = find_bonds("ij", layer)
    metals = metal_atoms(layer)
    kept = ~(metals[first] & metals[second])
    bonds = list(zip(first[kept].tolist(), second[kept].tolist(), strict=True))
    labels = list(layer.get_chemical_symbols())
    for _ in range(ROUNDS):
        around: list[list[str]] = [[] for _ in labels]
        for i, j in bonds:
            around[i].append(labels[j])
        labels = [
            f"{own}({' '.join(sorted(others))})" for own, others in zip(labels, around, strict=True)
        ]
    return Counter(labels)
