"""How much two choices of the published protocol weigh with the demo model and CHGNet, without D3.

Prints, for the layer with an epoxide and with a hydroxyl, what the layer relaxed by the other model
costs (eV/nm²), and how far the mean height of all its atoms lies below that of its carbons (Å).

Run: python benchmarks/protocols.py (about three minutes on one core).
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml

from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.fetching import fetch_weights
from anodeflow.stages.relaxation.minimum import relax
from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.geometry import area_nm2

ROOT = Path(__file__).parents[1]
FMAX = 1e-3
MODELS = {"mace-demo": "float64", "chgnet": "float32"}
LAYERS = ("graphene-o", "graphene-oh")


def load(name: str, settings: dict, folder: Path):
    """Load a model of the study on a CPU, without D3."""
    source, family = settings["weights"]["source"], settings["calculator"]["family"]
    files = folder / f"{name}.model", folder / f"{name}.json"
    origin = {"source": str(ROOT / source) if "/" in source else source, "sha256": None}
    fetch_weights(*files, family=family, mirror=None, lock=folder / "lock.json", **origin)
    options = {"family": family, "device": "cpu", "dispersion": None, "dtype": MODELS[name]}
    return load_calculator(*files, **options)


def minimum(layer, calc):
    """Relax a layer at fixed cell."""
    whole = {"checkpoint": None, "unfinished": None, "fingerprint_extra": "", "log": sys.stderr}
    options = {"optimiser": "BFGS", "fmax": FMAX, "max_steps": 1000, "cell": "fixed"}
    return relax(layer, calc, **options, **whole)


def main() -> None:
    """Measure and print."""
    study = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    layers = study["structures"]["layers"]
    with tempfile.TemporaryDirectory() as folder:
        calcs = {name: load(name, study["models"][name], Path(folder)) for name in MODELS}
    print("layer        model      other model's geometry (eV/nm²)  all atoms below carbons (Å)")
    for name in LAYERS:
        base = layers[layers[name]["base"]]
        start = build_layer(layers[name], cell_height=40.0, base=base)
        ends = {model: minimum(start, calc) for model, calc in calcs.items()}
        for model, other in zip(MODELS, reversed(MODELS), strict=True):
            taken = ends[other].copy()
            taken.calc = calcs[model]
            own = ends[model].info["energy_model"]
            cost = (taken.get_potential_energy() - own) / area_nm2(start)
            z = ends[model].positions[:, 2]
            below = np.mean(z[roles.sheet(start)]) - np.mean(z)
            print(f"{name:12} {model:10} {cost:31.3f} {below:28.3f}", flush=True)


if __name__ == "__main__":
    main()
