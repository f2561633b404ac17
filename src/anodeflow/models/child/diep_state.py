"""A DIEP potential as an ASE calculator, in the Python that has the package diep."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING
from unittest.mock import patch

if TYPE_CHECKING:
    from diep.pretrained import DIEPCalculator


def load_diep(state: str, device: str, dtype: str) -> DIEPCalculator:
    """Load the parameters of a DIEP potential, whose architecture is that of the released model.

    In float32 its forces are off by 0.02 eV/Å where three atoms are nearly on a line, as in a flat
    sheet; the package itself offers no other precision to ASE, but computes in float64 as well. A
    process has one precision: the package keeps it in a global.

    Args:
        state: the file `state.pt` of an exported potential.
        device: "cpu" or "cuda".
        dtype: "float64" or "float32".

    Raises:
        ValueError: parameters are missing.
    """
    import torch

    # It makes a folder for downloads in the home, which on a node may take none.
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, HOME=folder):
        from diep import config
        from diep.apps.pes import Potential
        from diep.pretrained import DEFAULT_MODEL_DIR, DIEPCalculator

    config.set_default_dtype("float", int(dtype.removeprefix("float")))
    released = {name: DEFAULT_MODEL_DIR / name for name in ("model.json", "model.pt")}
    potential = Potential.load({**released, "state.pt": state})
    potential = potential.to(device=device, dtype=getattr(torch, dtype)).eval()
    potential.calc_stresses, potential.calc_hessian = True, False
    return DIEPCalculator(potential=potential, stress_unit="eV/A3")
