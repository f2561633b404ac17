"""The layers of a stack apart, in its common cell and in their own."""

from collections.abc import Collection
from functools import partial

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.errors import StructureError
from anodeflow.evaluation.first_calls import warm_up
from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.models.interface import energy_terms
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures import roles
from anodeflow.structures.planned_stacks import UNSCALED
from anodeflow.structures.roles import require_empty_stack
from anodeflow.structures.spacing import move_top, spacing_in, spacing_of


def reference_layers(
    stack: Atoms,
    bottom_own: Atoms,
    top_own: Atoms,
    calc: Calculator,
    *,
    kept: KeptMinima,
    given: Collection[str] = (),
) -> dict[str, Atoms]:
    """Relax the layers of a stack apart from each other, in its common cell and in their own.

    Args:
        stack: any stack of the two layers; gives the common cell.
        bottom_own: bottom layer (its supercell) in its own cell.
        top_own: top layer (its supercell) in its own cell.
        calc: the model.
        kept: how the layers are relaxed, and where they are kept.
        given: ends (`bottom`, `top`) whose layer, of another model, is the reference as it is.

    Returns relaxed layers by the names `bottom`, `top` (strained to the common cell, or put into it
    unscaled, as in the stack), `bottom_own` and `top_own`, and for each end in `given` also the
    unrelaxed one as `bottom_given` or `top_given`; the name also in info as `reference`; energies
    in info as `relax` writes them.

    Raises:
        StructureError: the layers are not those of the stack.
        NotConvergedError: a layer used up `max_steps`.
    """
    starts = _layer_starts(stack, bottom_own, top_own)

    def relax_layer(name: str, calc: Calculator) -> Atoms:
        return kept.relax(
            f"layer-{name}",
            starts[name],
            calc,
            series=kept.series(starts[name], {}),
            title=f"layer {name}",
            describe=lambda _: {"reference": name},
        )

    references, failures = run_in_lockstep(
        calc, {name: partial(relax_layer, name) for name in starts}
    )
    raise_first(failures)
    return {name: references[name] for name in starts} | {
        f"{end}_given": evaluate_layer(starts[f"{end}_own"], calc, f"{end}_given") for end in given
    }


def evaluate_layer(layer: Atoms, calc: Calculator, name: str) -> Atoms:
    """Return a copy of a layer, not relaxed, with the calculator's energies in its info (eV)."""
    evaluated: Atoms = layer.copy()
    evaluated.calc = calc
    warm_up(evaluated)
    terms = energy_terms(evaluated)
    evaluated.calc = None
    evaluated.info |= terms | {"reference": name}
    return evaluated


def in_common_cell(layer: Atoms, stack: Atoms) -> Atoms:
    """Return the layer in the cell of the stack, put into it as the stack's was; heights stay.

    It is strained uniformly in its plane, or keeps its coordinates where the stack says so.
    """
    strained: Atoms = layer.copy()
    scaled = stack.info.get("strained") != UNSCALED
    strained.set_cell([*stack.cell.array[:2], layer.cell.array[2]], scale_atoms=scaled)
    return strained


def layers_as_stack(stack: Atoms, bottom_own: Atoms, top_own: Atoms) -> Atoms:
    """Return the stack of layers as they are apart, in place of those that relaxed in it.

    Each is put into the common cell as it was when the stack was built (`in_common_cell`, registry
    included), at the spacing of the stack: where the study's scans start from.

    Args:
        stack: relaxed stack of the two layers (N atoms).
        bottom_own: bottom layer, in its own cell.
        top_own: top layer, likewise.

    Raises:
        StructureError: the layers are not those of the stack.
    """
    _require_same_composition("bottom", bottom_own, stack[roles.bottom(stack)])
    _require_same_composition("top", top_own, stack[roles.top(stack)])
    bottom, top = (in_common_cell(layer, stack) for layer in (bottom_own, top_own))
    shift = np.asarray(stack.info.get("registry", (0.0, 0.0))) @ stack.cell.array[:2, :2]
    top.positions[:, :2] += shift
    joined: Atoms = bottom + top
    joined.set_cell(stack.cell)
    joined.info = dict(stack.info)
    # As they lie: the layers overlap before they are set apart.
    measured = float(spacing_in(joined.positions, joined.get_tags()))
    move_top(joined, spacing_of(stack, convention="sheet"), measured=measured)
    return joined


def _layer_starts(stack: Atoms, bottom_own: Atoms, top_own: Atoms) -> dict[str, Atoms]:
    require_empty_stack(stack, "adhesion")
    _require_same_composition("bottom", bottom_own, stack[roles.bottom(stack)])
    _require_same_composition("top", top_own, stack[roles.top(stack)])
    # ASSUME: a strained layer starts from its own relaxed shape. Cut out of the stack it
    # would start from the ripples it has there, and a compressed sheet keeps its ripples.
    return {
        "bottom": in_common_cell(bottom_own, stack),
        "top": in_common_cell(top_own, stack),
        "bottom_own": bottom_own,
        "top_own": top_own,
    }


def _require_same_composition(name: str, layer: Atoms, part: Atoms) -> None:
    if sorted(layer.numbers) != sorted(part.numbers):
        raise StructureError(
            f"The {name} layer is {layer.get_chemical_formula()} but the stack holds "
            f"{part.get_chemical_formula()} there: give the layer the stack was built from."
        )
