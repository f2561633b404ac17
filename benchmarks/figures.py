"""What every benchmark returns, and what several of them need."""

import statistics
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "resources/demo-model/mace-mxene-demo.model"


@dataclass(frozen=True)
class Figure:
    """One measured figure and the limit it should stay below."""

    name: str
    value: float
    unit: str
    limit: float | None

    @property
    def within(self) -> str:
        """Return whether the figure meets its limit."""
        if self.limit is None:
            return "–"
        return "yes" if self.value <= self.limit else "NO"


def study_stack(ions: int = 0, name: str = "m-g") -> Atoms:
    """Build a stack as the study has it, with sodium if asked."""
    from anodeflow.structures.builders.ions import fill_ions
    from anodeflow.structures.builders.layers import build_layer
    from anodeflow.structures.builders.stacks import stack_layers

    structures = study_config()["structures"]
    height, settings = structures["cell_height"], structures["stacks"][name]
    parts = [structures["layers"][settings[end]] for end in ("bottom", "top")]
    bases = [structures["layers"].get(part.get("base")) for part in parts]
    layers = [
        build_layer(part, cell_height=height, base=base)
        for part, base in zip(parts, bases, strict=True)
    ]
    stack = stack_layers(
        *layers,
        strained=settings["strained"],
        spacing=settings["spacing"],
        registry=settings["registry"],
        strain_limit=structures["strain_limit"],
        cell_height=height,
    )
    spacing = structures["ions"]["spacing"]
    return fill_ions(stack, element="Na", count=ions, spacing=spacing) if ions else stack


def study_unit(layer: str) -> Atoms:
    """Build the unit cell of a layer as the study has it, not relaxed."""
    from anodeflow.structures.builders.layers import build_unit

    structures = study_config()["structures"]
    return build_unit(structures["layers"][layer], cell_height=structures["cell_height"])


def study_config() -> dict:
    """Read config/config.yaml as it stands."""
    import yaml

    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


def study_d3() -> dict:
    """Return the settings of D3 for labels of PBE."""
    return {"functional": "pbe"} | study_config()["dispersion"]


def fetched_weights(folder: Path, source: Path = WEIGHTS) -> tuple[Path, Path]:
    """Copy a MACE file into a folder; return it and its card."""
    from anodeflow.models.weights.fetching import fetch_weights

    weights, card, lock = (folder / name for name in ("demo.model", "card.json", "lock.json"))
    fetch_weights(
        weights, card, family="mace", source=str(source), sha256=None, mirror=None, lock=lock
    )
    return weights, card


def mace_calculator(
    folder: Path,
    *,
    dtype: str,
    dispersion: bool = True,
    source: Path = WEIGHTS,
    device: str = "cpu",
    **options,
):
    """Load a MACE file, the demo model by default, with D3 as the study adds it.

    options: those of a GPU, as `load_calculator` takes them.
    """
    from anodeflow.models.loading import load_calculator

    return load_calculator(
        *fetched_weights(folder, source),
        family="mace",
        device=device,
        dispersion=study_d3() if dispersion else None,
        dtype=dtype,
        **options,
    )


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)
