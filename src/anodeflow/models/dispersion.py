"""The settings of D3 dispersion, and three libraries for them that agree."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.mixing import SumCalculator
from ase.units import Bohr

from anodeflow.config.allowed_values import require_allowed
from anodeflow.errors import ConfigError, DeviceError
from anodeflow.models.cuda_graphs import CapturedLater, as_it_is
from anodeflow.models.d3 import D3Calculator
from anodeflow.models.interface import OneByOne, Results, StructureCalculator
from anodeflow.models.settings import Dispersion

DAMPING_BJ = {
    name: {"s6": 1.0, "s8": s8, "a1": a1, "a2": a2}
    for name, s8, a1, a2 in (
        ("pbe", 0.7875, 0.4289, 4.4407),
        ("pbesol", 2.9491, 0.4466, 6.1742),
        ("revpbe", 2.3550, 0.5238, 3.5016),
        ("rpbe", 0.8318, 0.1820, 4.0094),
        ("scan", 0.0, 0.5380, 5.4200),
        ("r2scan", 0.78981345, 0.49484001, 5.73083694),
    )
}
"""Damping of D3(BJ) by functional: s6, s8, a1 and a2 (Bohr).

Source: the table of the package dftd3, which names for PBE and revPBE Grimme, Ehrlich, Goerigk, J.
Comput. Chem. 32, 1456 (2011), for PBEsol Goerigk, Grimme, Phys. Chem. Chem. Phys. 13, 6670 (2011),
for SCAN Brandenburg et al., Phys. Rev. B 94, 115144 (2016), for r2SCAN Ehlert et al., J. Chem.
Phys. 154, 061101 (2021), and nothing for RPBE.
"""


class TorchDispersion(StructureCalculator):
    """torch-dftd as it is, but for its warning about cells."""

    def __init__(self, inner: Calculator):
        """Take over a TorchDFTD3Calculator."""
        super().__init__()
        self.inner = inner

    def evaluate(self, structures: Sequence[Atoms]) -> list[Results]:
        """Evaluate structures one by one; there is a stress where they are periodic."""
        return [self._results(atoms) for atoms in structures]

    def _results(self, atoms: Atoms) -> Results:
        with warnings.catch_warnings():
            # torch-dftd hands torch an ASE Cell, which is a list of arrays to torch.
            warnings.filterwarnings("ignore", message="Creating a tensor from a list of numpy")
            self.inner.calculate(atoms, ["energy", "forces"], all_changes)
        found = self.inner.results
        results = {name: found[name] for name in ("energy", "forces", "stress") if name in found}
        return results | {"free_energy": found["energy"]}


def load_dispersion(
    settings: Mapping[str, Any], *, device: str, cuda_graphs: bool = False
) -> StructureCalculator:
    """Load the D3(BJ) calculator of a functional.

    settings: functional (one of DAMPING_BJ), damping ("bj"), pair_cutoff_bohr,
    coordination_cutoff_bohr and library ("anodeflow": `d3.D3Calculator`; "dftd3", on a CPU only;
    "torch-dftd"). All get the same four damping numbers and the same sharp cutoffs, and compute in
    float64, so that they give the same. With three_body_cutoff_bohr dftd3 adds the three-body term
    (s9 = 1), without it there is none.
    cuda_graphs: whether anodeflow's own replays its calls as CUDA graphs.

    Raises ConfigError for an unknown functional, damping or library, a coordination cutoff beyond
    the pair cutoff, or a three-body term of another library; DeviceError for dftd3 on a GPU.
    """
    parameters = _damping_parameters(settings)
    pair = settings["pair_cutoff_bohr"] * Bohr
    coordination = settings["coordination_cutoff_bohr"] * Bohr
    if coordination > pair:
        raise ConfigError(
            f"dispersion.coordination_cutoff_bohr {settings['coordination_cutoff_bohr']} is beyond "
            f"dispersion.pair_cutoff_bohr {settings['pair_cutoff_bohr']}, where torch-dftd would "
            "cut it silently; make it equal or smaller."
        )
    library, three_body = settings["library"], settings.get("three_body_cutoff_bohr")
    if library == "dftd3":
        if device != "cpu":
            raise DeviceError(
                f"dispersion.library dftd3 runs on the CPU only, but the device is {device}; "
                "choose anodeflow or torch-dftd."
            )
        return _load_dftd3(parameters, pair, coordination, three_body)
    if three_body is not None:
        raise ConfigError(
            f"dispersion.three_body_cutoff_bohr is for library dftd3, not for {library}: leave it "
            "out, or choose dftd3."
        )
    if library == "torch-dftd":
        return TorchDispersion(_load_torch_dftd(parameters, pair, coordination, device))
    capture = CapturedLater if cuda_graphs else as_it_is
    return D3Calculator(parameters, pair, coordination, device, capture=capture)


def load_plain_dispersion(settings: Mapping[str, Any]) -> Calculator:
    """Load torch-dftd in float64 on the CPU as it is, with the settings of `load_dispersion`.

    It has no cutoff of its own for the three-body term, so that this is dftd3's here as well.
    """
    pair, coordination = (
        settings[f"{name}_cutoff_bohr"] * Bohr for name in ("pair", "coordination")
    )
    parameters = _damping_parameters(settings)
    pairs = TorchDispersion(_load_torch_dftd(parameters, pair, coordination, "cpu"))
    three_body = settings.get("three_body_cutoff_bohr")
    if three_body is None:
        return pairs
    alone = {**parameters, "s6": 0.0, "s8": 0.0}
    both = SumCalculator([pairs, _load_dftd3(alone, pair, coordination, three_body)])
    return cast(Calculator, both)


def _damping_parameters(settings: Mapping[str, Any]) -> dict[str, float]:
    for key in ("damping", "library"):
        require_allowed(Dispersion, key, settings[key], name=f"dispersion.{key}")
    functional = settings["functional"]
    if functional not in DAMPING_BJ:
        raise ConfigError(
            f"D3 has no parameters here for the functional {functional!r}: allowed are "
            f"{', '.join(DAMPING_BJ)}."
        )
    return DAMPING_BJ[functional]


def _load_dftd3(
    parameters: dict[str, float], pair: float, coordination: float, three_body: float | None
) -> StructureCalculator:
    """Load dftd3; pair, coordination in Å, three_body in Bohr, None for none."""
    try:
        from dftd3.ase import DFTD3
    except ImportError as error:
        raise ConfigError(
            f"dispersion.library is dftd3, but that package cannot be imported ({error}): install "
            "anodeflow[dftd3], or choose anodeflow or torch-dftd."
        ) from error

    # s9 = 0 turns the three-body term off; the library's own table would turn it on.
    reach = coordination if three_body is None else three_body * Bohr
    inner = DFTD3(
        damping="d3bj",
        params_tweaks={**parameters, "s9": 0.0 if three_body is None else 1.0},
        realspace_cutoff={"disp2": pair, "cn": coordination, "disp3": reach},
    )
    return OneByOne(inner)


def _load_torch_dftd(
    parameters: dict[str, float], pair: float, coordination: float, device: str
) -> Calculator:
    import torch
    from torch_dftd.torch_dftd3_calculator import TorchDFTD3Calculator

    inner = TorchDFTD3Calculator(
        damping="bj",
        xc="pbe",
        device=device,
        cutoff=pair,
        cnthr=coordination,
        abc=False,
        dtype=torch.float64,
    )
    # torch-dftd calls s8, a1 and a2 by the names of zero damping.
    damping = {
        "s6": parameters["s6"],
        "s18": parameters["s8"],
        "rs6": parameters["a1"],
        "rs18": parameters["a2"],
        "alp": 14.0,
    }
    inner.dftd_module.params = damping  # type: ignore[assignment]  # a plain attribute of a module
    return inner
