"""How stiff the layers of a stack are, where its common cell depends on it."""

from collections.abc import Mapping
from typing import Any

BY_STIFFNESS = "stiffness"
"""Value of `strained`: both layers take the cell in which straining them costs least."""


def stiffnesses(structures: Mapping[str, Any], stack: str) -> list[float] | None:
    """Return C11 + C12 of the bottom and the top layer, N/m, or None for `strained` by other means.

    A layer with a group has its sheet's.

    Args:
        structures: the config's section `structures`.
        stack: name of one of its stacks.
    """
    layers, settings = structures["layers"], structures["stacks"][stack]
    if settings["strained"] != BY_STIFFNESS:
        return None
    ends = [layers[settings[end]] for end in ("bottom", "top")]
    return [layers.get(end.get("base"), end)["stiffness"] for end in ends]
