"""CHGNet, opened from a file of weights."""

from pathlib import Path

from ase.calculators.calculator import Calculator


def load_chgnet(weights: Path, device: str, dtype: str) -> Calculator:
    """Load CHGNet 0.2.0 or later, which has one dtype."""
    import torch
    from chgnet.model.dynamics import CHGNetCalculator
    from chgnet.model.model import CHGNet

    state = torch.load(weights, map_location="cpu", weights_only=False)["model"]
    # CHGNet 0.2.0 was trained with a bias that later versions dropped, and its file does not say.
    has_bias = any(name.endswith("mlp_out.layers.1.bias") for name in state["state_dict"])
    model = CHGNet.from_dict(state, mlp_out_bias=has_bias)
    return CHGNetCalculator(model, use_device=device)
