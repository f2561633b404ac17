"""The demonstration model, fetched and loaded as a study does it."""

from places import DEMO_MODEL

from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.fetching import fetch_weights


def load_demo(folder, dtype, *, device="cpu", **own):
    """Return its calculator, without dispersion unless own settings of `load_calculator` add it."""
    weights, card, lock = (folder / name for name in ("model", "card.json", "lock.json"))
    options = {"family": "mace", "source": str(DEMO_MODEL), "sha256": None, "mirror": None}
    fetch_weights(weights, card, **options, lock=lock)
    settings = {"family": "mace", "device": device, "dispersion": None, "dtype": dtype}
    return load_calculator(weights, card, **settings | own)
