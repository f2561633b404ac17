"""The settings of D3 dispersion, and three libraries for them that agree."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.units import Bohr

from anodeflow.config.allowed_values import require_allowed
from anodeflow.errors import ConfigError, DeviceError
from anodeflow.models.cuda_graphs import CapturedLater, as_it_is
from anodeflow.models.d3 import D3Calculator
from anodeflow.models.interface import OneByOne, Results, StructureCalculator
from anodeflow.models.settings import Dispersion

# Damping of D3(BJ): s6, s8, a1 and a2 (Bohr), without the three-body term. PBE: Grimme, Ehrlich,
# Goerigk, J. Comput. Chem. 32, 1456 (2011), table 1.
DAMPING_BJ = {
    "pbe": {"s6": 1.0, "s8": 0.7875, "a1": 0.4289, "a2": 4.4407},
}


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
    """Load the D3(BJ) calculator of a functional, without the three-body term.

    settings: functional, damping ("bj"), pair_cutoff_bohr, coordination_cutoff_bohr and library
    ("anodeflow": `d3.D3Calculator`; "dftd3", on a CPU only; "torch-dftd"). All get the same four
    damping numbers and the same sharp cutoffs, and compute in float64, so that they give the same.
    cuda_graphs: whether anodeflow's own replays its calls as CUDA graphs.

    Raises ConfigError for an unknown functional, damping or library, or a coordination cutoff
    beyond the pair cutoff; DeviceError for dftd3 on a GPU.
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
    library = settings["library"]
    if library == "dftd3":
        if device != "cpu":
            raise DeviceError(
                f"dispersion.library dftd3 runs on the CPU only, but the device is {device}; "
                "choose anodeflow or torch-dftd."
            )
        return _load_dftd3(parameters, pair, coordination)
    if library == "torch-dftd":
        return TorchDispersion(_load_torch_dftd(parameters, pair, coordination, device))
    capture = CapturedLater if cuda_graphs else as_it_is
    return D3Calculator(parameters, pair, coordination, device, capture=capture)


def load_plain_dispersion(settings: Mapping[str, Any]) -> StructureCalculator:
    """Load torch-dftd in float64 on the CPU as it is, with the settings of `load_dispersion`."""
    pair, coordination = (
        settings[f"{name}_cutoff_bohr"] * Bohr for name in ("pair", "coordination")
    )
    parameters = _damping_parameters(settings)
    return TorchDispersion(_load_torch_dftd(parameters, pair, coordination, "cpu"))


def _damping_parameters(settings: Mapping[str, Any]) -> dict[str, float]:
    for key in ("functional", "damping", "library"):
        require_allowed(Dispersion, key, settings[key], name=f"dispersion.{key}")
    return DAMPING_BJ[settings["functional"]]


def _load_dftd3(
    parameters: dict[str, float], pair: float, coordination: float
) -> StructureCalculator:
    try:
        from dftd3.ase import DFTD3
    except ImportError as error:
        raise ConfigError(
            f"dispersion.library is dftd3, but that package cannot be imported ({error}): install "
            "anodeflow[dftd3], or choose anodeflow or torch-dftd."
        ) from error

    # s9 = 0 turns the three-body term off; the library's own table would turn it on.
    inner = DFTD3(
        damping="d3bj",
        params_tweaks={**parameters, "s9": 0.0},
        realspace_cutoff={"disp2": pair, "cn": coordination, "disp3": coordination},
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
