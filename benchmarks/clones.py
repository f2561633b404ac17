"""MACE models with random weights in the shape of the foundation models: their speed, no physics.

MACE-MP-0 small is 128x0e, medium 128x0e + 128x1o; both have two interactions, 10 Bessel functions,
correlation 3, spherical harmonics to l = 3, a cutoff of 6 Å and 89 elements (Batatia et al., J.
Chem. Phys. 163, 184110 (2025), supplement).
"""

from pathlib import Path

ELEMENTS = 89
SHAPES = ("128x0e", "128x0e + 128x1o")


def write_clone(path: Path, hidden: str) -> None:
    """Write a model with these hidden irreps and random weights, always the same."""
    import torch
    from mace.modules import ScaleShiftMACE, interaction_classes  # isort: skip
    from e3nn import o3  # after mace, which lets torch load what e3nn ships

    block = interaction_classes["RealAgnosticResidualInteractionBlock"]
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(1)
    try:
        model = ScaleShiftMACE(
            r_max=6.0,
            num_bessel=10,
            num_polynomial_cutoff=5,
            max_ell=3,
            interaction_cls=block,
            interaction_cls_first=block,
            num_interactions=2,
            num_elements=ELEMENTS,
            hidden_irreps=o3.Irreps(hidden),
            MLP_irreps=o3.Irreps("16x0e"),
            gate=torch.nn.functional.silu,
            atomic_energies=torch.zeros(1, ELEMENTS).numpy(),
            avg_num_neighbors=60.0,
            atomic_numbers=list(range(1, ELEMENTS + 1)),
            correlation=3,
            radial_type="bessel",
            atomic_inter_scale=1.0,
            atomic_inter_shift=0.0,
        )
    finally:
        torch.set_default_dtype(before)
    torch.save(model, path)
