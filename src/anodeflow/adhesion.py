"""What adhesion is made of: the layers of a stack apart, and the stack held at a spacing."""

from collections.abc import Collection
from functools import partial

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.constraints import FixedPlane

from anodeflow import tags
from anodeflow.calculators import energy_terms
from anodeflow.errors import StructureError
from anodeflow.points import Points
from anodeflow.spacing import spacing_of
from anodeflow.stacks import UNSCALED
from anodeflow.together import raise_first, run_together
from anodeflow.warm_up import warm_up

STACKING_AXIS = (0.0, 0.0, 1.0)


def reference_layers(
    stack: Atoms,
    bottom_own: Atoms,
    top_own: Atoms,
    calc: Calculator,
    *,
    points: Points,
    given: Collection[str] = (),
) -> dict[str, Atoms]:
    """Relax the layers of a stack apart from each other, in its common cell and in their own.

    Args:
        stack: any stack of the two layers; gives the common cell.
        bottom_own: bottom layer (its supercell) in its own cell.
        top_own: top layer (its supercell) in its own cell.
        points: how they are relaxed, and where they are kept.
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
        return points.relax(
            f"layer-{name}",
            starts[name],
            calc,
            series=points.series(starts[name], {}),
            title=f"layer {name}",
            describe=lambda _: {"reference": name},
        )

    references, failures = run_together(calc, {name: partial(relax_layer, name) for name in starts})
    raise_first(failures)
    return {name: references[name] for name in starts} | {
        f"{end}_given": _evaluate(starts[f"{end}_own"], calc, f"{end}_given") for end in given
    }


def _evaluate(layer: Atoms, calc: Calculator, name: str) -> Atoms:
    """Return a copy of a layer, not relaxed, with the calculator's energies in its info (eV)."""
    evaluated = layer.copy()
    evaluated.calc = calc
    warm_up(evaluated)
    terms = energy_terms(evaluated)
    evaluated.calc = None
    evaluated.info |= terms | {"reference": name}
    return evaluated


def at_spacing(stack: Atoms, spacing: float) -> Atoms:
    """Return a copy whose top layer is moved rigidly along z to this spacing (Å)."""
    moved = stack.copy()
    moved.positions[tags.top(stack), 2] += spacing - spacing_of(stack, convention="sheet")
    return moved


def hold_spacing(stack: Atoms) -> Atoms:
    """Return a copy in which the facing termination and the top layer keep their heights."""
    held = stack.copy()
    indices = np.flatnonzero(tags.facing(stack) | tags.top(stack))
    held.set_constraint(FixedPlane(indices, STACKING_AXIS))
    return held


def in_common_cell(layer: Atoms, stack: Atoms) -> Atoms:
    """Return the layer in the cell of the stack, put into it as the stack's was; heights stay.

    It is strained uniformly in its plane, or keeps its coordinates where the stack says so.
    """
    strained = layer.copy()
    scaled = stack.info.get("strained") != UNSCALED
    strained.set_cell([*stack.cell.array[:2], layer.cell.array[2]], scale_atoms=scaled)
    return strained


def _layer_starts(stack: Atoms, bottom_own: Atoms, top_own: Atoms) -> dict[str, Atoms]:
    require_stack(stack)
    _require_same_composition("bottom", bottom_own, stack[tags.bottom(stack)])
    _require_same_composition("top", top_own, stack[tags.top(stack)])
    # ASSUME: a strained layer starts from its own relaxed shape. Cut out of the stack it
    # would start from the ripples it has there, and a compressed sheet keeps its ripples.
    return {
        "bottom": in_common_cell(bottom_own, stack),
        "top": in_common_cell(top_own, stack),
        "bottom_own": bottom_own,
        "top_own": top_own,
    }


def require_stack(stack: Atoms) -> None:
    """Raise StructureError for what is no stack, or holds ions."""
    missing = [
        name
        for name, mask in {
            "sheet (tag 10)": tags.sheet(stack),
            "facing termination (tag 3)": tags.facing(stack),
        }.items()
        if not mask.any()
    ]
    if missing:
        raise StructureError(
            f"The stack {stack.get_chemical_formula()} has no {' and no '.join(missing)}: adhesion "
            "needs a bottom layer and a sheet, give a stack with tags."
        )
    if tags.ions(stack).any():
        raise StructureError(
            f"The stack {stack.get_chemical_formula()} holds {int(tags.ions(stack).sum())} ions "
            "(tag 20): adhesion is defined between two layers, give the stack without ions."
        )


def _require_same_composition(name: str, layer: Atoms, part: Atoms) -> None:
    if sorted(layer.numbers) != sorted(part.numbers):
        raise StructureError(
            f"The {name} layer is {layer.get_chemical_formula()} but the stack holds "
            f"{part.get_chemical_formula()} there: give the layer the stack was built from."
        )
