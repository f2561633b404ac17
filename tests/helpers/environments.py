"""A study whose model runs in an environment of its own."""

import sys

KWARGS = {"sigma": 1.27, "epsilon": 2.8, "rc": 2.0, "smooth": True}

TARGET = "results/lj/relaxation/graphene_unit.extxyz"


def overlay(**changes) -> dict:
    """Return a study of one custom model in this Python as another environment."""
    calculator = {"family": "custom", "device": "cpu", "dispersion": False, "environment": "other"}
    calculator |= {"entry": "ase.calculators.lj:LennardJones", "kwargs": KWARGS}
    model = {
        "label": "LJ",
        "colour": "#123123",
        "stages": ["relaxation"],
        "weights": {"source": None, "sha256": None},
        "calculator": calculator | changes,
        "precision": {"static": "float64", "dynamics": "float64"},
        "card": {"functional": "PBE", "training_data": "none", "licence": "none"},
    }
    model["card"]["labels_hold_dispersion"] = False
    return {
        "study": {"models": ["lj"]},
        "models": {"lj": model},
        "environments": {"other": sys.executable},
        "relaxation": {"layers": {"fmax": 0.01}},
    }
