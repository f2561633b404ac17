"""A model of orb-models as an ASE calculator, opened from a file, in the Python that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orb_models.forcefield.calculator import ORBCalculator

PRECISIONS = {"float32": "float32-highest", "float64": "float64"}


def load_orb(name: str, weights: str, device: str, dtype: str) -> ORBCalculator:
    """Load a model by its name in orb-models, which knows its architecture, and its file.

    Args:
        name: a key of `ORB_PRETRAINED_MODELS`.
        weights: the file.
        device: "cpu" or "cuda".
        dtype: "float64" or "float32", the latter without TensorFloat-32.
    """
    from orb_models.forcefield.calculator import ORBCalculator
    from orb_models.forcefield.pretrained import ORB_PRETRAINED_MODELS

    made = ORB_PRETRAINED_MODELS[name]
    model = made(weights, device=device, precision=PRECISIONS[dtype], compile=False)
    return ORBCalculator(model, device=device)
