"""Foundation models as ASE calculators, with dispersion added exactly once."""

import contextlib
import importlib.util
import json
import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.mixing import SumCalculator
from ase.stress import full_3x3_to_voigt_6_stress

from anodeflow.config_models import FLOAT32_ONLY
from anodeflow.dispersion import load_dispersion
from anodeflow.errors import CalculatorError, ConfigError, DeviceError, WeightsError
from anodeflow.mace_model import MaceModel, load_mace
from anodeflow.memory import keep_freed_memory
from anodeflow.quiet import quiet_loading
from anodeflow.serve import open_calculator
from anodeflow.socket_calculator import SocketCalculator
from anodeflow.threads import limit_torch
from anodeflow.weights import verify_weights

DTYPES = ("float32", "float64")
DEVICES = ("cpu", "cuda")
LARGEST_BATCH = 64
# Without the last one, the kernels themselves, cuequivariance falls back to slower code.
CUEQUIVARIANCE = ("cuequivariance", "cuequivariance_torch", "cuequivariance_ops_torch")
# Families that ASE opens as any calculator: module:name, and what it is called with.
ENTRIES = {
    "sevennet": (
        "sevenn.calculator:SevenNetCalculator",
        {"model": "{weights}", "device": "{device}"},
    ),
}


class ModelCalculator(Calculator):
    """A foundation model that gives float64 arrays, Voigt stress and leaves torch as it was."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, inner: Calculator, *, dtype: str | None):
        """Wrap a calculator; dtype: torch's default in its calls, None where it runs elsewhere."""
        super().__init__()
        self.inner = inner
        self.dtype = dtype
        self.batch_size = 1
        """How many structures `evaluate_all` gives to `evaluate` at once."""

    def calculate(self, atoms=None, properties=None, system_changes=all_changes) -> None:
        """Compute energy (eV), forces (N, 3) (eV/A) and stress (6,) (eV/A^3, ASE's sign)."""
        super().calculate(atoms, properties, system_changes)
        with _torch_dtype(self.dtype), warnings.catch_warnings():
            # CHGNet turns its own energies into floats the old way.
            warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad")
            self.inner.calculate(_bare(atoms), ["energy", "forces", "stress"], all_changes)
        self.results = _in_ase_form(self.inner.results)

    def evaluate(self, structures: Sequence[Atoms]) -> list[dict]:
        """Evaluate several structures in one call of the model; their results, as above."""
        with _torch_dtype(self.dtype):
            found = self.inner.evaluate([_bare(atoms) for atoms in structures])
        return [_in_ase_form(results) for results in found]


def _bare(atoms: Atoms) -> Atoms:
    """Return what alone enters the energy; info and constraints make models warn or repeat."""
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)


def _in_ase_form(found: Mapping) -> dict:
    stress = np.asarray(found["stress"], dtype=float)
    return {
        "energy": float(found["energy"]),
        "free_energy": float(found["energy"]),
        "forces": np.asarray(found["forces"], dtype=float),
        "stress": full_3x3_to_voigt_6_stress(stress) if stress.shape == (3, 3) else stress,
    }


class DispersionCorrected(SumCalculator):
    """The sum of a model and its dispersion: E = E_model + E_D3."""

    def __init__(self, model: Calculator, dispersion: Calculator):
        super().__init__([model, dispersion])
        self.model = model
        self.dispersion = dispersion

    @property
    def batch_size(self) -> int:
        """How many structures `evaluate_all` gives to `evaluate` at once."""
        return self.model.batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self.model.batch_size = size

    def evaluate(self, structures: Sequence[Atoms]) -> list[dict]:
        """Evaluate several structures in one call of the model and one of the dispersion."""
        parts = zip(
            self.model.evaluate(structures), self.dispersion.evaluate(structures), strict=True
        )
        return [
            {name: own[name] + correction[name] for name in self.implemented_properties}
            | {"energy_contributions": (own["energy"], correction["energy"])}
            for own, correction in parts
        ]


def load_calculator(
    weights: Path,
    card: Path,
    *,
    family: str,
    device: str,
    dispersion: Mapping | None,
    dtype: str,
    python: str | None = None,
    entry: str | None = None,
    kwargs: Mapping | None = None,
    cuequivariance: bool = False,
) -> Calculator:
    """Load a model whose weights match their card, with or without dispersion.

    family: "mace", "chgnet", "sevennet" or "custom"; device: "cpu" or "cuda"; dispersion: None, or
    the settings of `load_dispersion`; dtype: "float32" or "float64"; python: the Python that the
    model runs in, None for this one; entry and kwargs: "module:name" of a custom calculator and
    what it is called with; cuequivariance: MACE with NVIDIA's kernels. torch's default dtype is
    left unchanged, at loading and at every call.

    Raises WeightsError where the weights differ from the card or hold no model of the family,
    CalculatorError where a calculator cannot be opened, DeviceError where the device is missing,
    ConfigError for a family or dtype not on offer.
    """
    _refuse_unknown(weights, family, dtype)
    verify_weights(weights, card)
    _require_device(device)
    keep_freed_memory()
    if family in LOADERS:
        limit_torch()
        options = {"cuequivariance": True} if cuequivariance else {}
        _require_packages(CUEQUIVARIANCE if cuequivariance else ())
        inner = _load_inner(weights, family, device, dtype, options)
        model = ModelCalculator(inner, dtype=dtype)
        # On a CPU a batch takes as long as its members one by one (docs/benchmarks.md).
        if device == "cuda" and isinstance(model.inner, MaceModel):
            model.batch_size = LARGEST_BATCH
    else:
        entry, kwargs = ENTRIES.get(family, (entry, kwargs or {}))
        kwargs = fill_placeholders(kwargs, weights, device, dtype)
        model = _open_model(python, entry, kwargs, dtype)
    if dispersion is None:
        return model
    return DispersionCorrected(model, load_dispersion(dispersion, device=device))


def fill_placeholders(kwargs: Mapping, weights: Path, device: str, dtype: str) -> dict:
    """Return keyword arguments with "{weights}", "{device}" and "{dtype}" replaced."""
    given = {"{weights}": str(weights), "{device}": device, "{dtype}": dtype}
    return {
        key: given.get(value, value) if isinstance(value, str) else value
        for key, value in kwargs.items()
    }


def identity(card: Path, settings: Mapping, method: int) -> str:
    """Return what decides a stage's numbers beside its settings: weights, calculator, method.

    Partial results carry it, so that those of another model or setting are never continued.
    """
    weights = json.loads(card.read_text())["sha256"]
    return json.dumps({"weights": weights, "method": method, **settings}, sort_keys=True)


def energy_terms(atoms: Atoms) -> dict[str, float]:
    """Return the model's energy and the dispersion energy (eV), 0.0 without dispersion.

    energy = energy_model + energy_dispersion; nothing is computed again that the calculator holds.
    """
    energy = float(atoms.get_potential_energy(apply_constraint=False))
    model, dispersion = atoms.calc.results.get("energy_contributions", (energy, 0.0))
    return {"energy_model": float(model), "energy_dispersion": float(dispersion)}


def _refuse_unknown(weights: Path, family: str, dtype: str) -> None:
    families = (*LOADERS, *ENTRIES, "custom")
    if family not in families:
        raise ConfigError(f"Model family is {family!r}; allowed are {', '.join(families)}.")
    if dtype not in DTYPES:
        raise ConfigError(f"Model dtype is {dtype!r}; allowed are {', '.join(DTYPES)}.")
    if family in FLOAT32_ONLY and dtype != "float32":
        raise ConfigError(
            f"Model dtype is {dtype} for {weights}, but {FLOAT32_ONLY[family]} computes in "
            "float32 only; set dtype: float32."
        )


def _require_device(device: str) -> None:
    if device not in DEVICES:
        raise DeviceError(f"Device is {device!r}; allowed are {', '.join(DEVICES)}.")
    if device == "cpu":
        return
    import torch

    if not torch.cuda.is_available():
        raise DeviceError(
            "Device cuda was asked for, but torch finds no CUDA device here; run where a GPU is, "
            "install a CUDA build of torch, or set device: cpu."
        )


def _require_packages(names: Sequence[str]) -> None:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"calculator.cuequivariance is true, but {', '.join(missing)} cannot be imported: "
            "install what docs/models.md names for your CUDA version, or set it to false."
        )


def _load_inner(
    weights: Path, family: str, device: str, dtype: str, options: Mapping
) -> Calculator:
    import torch

    try:
        with quiet_loading(), _torch_dtype(dtype):
            return LOADERS[family](weights, device, dtype, **options)
    except (
        AttributeError,
        EOFError,
        ImportError,
        KeyError,
        RuntimeError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        reason = str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".")
        raise WeightsError(
            f"{weights} holds no model that family {family} can load "
            f"({type(error).__name__}: {reason}); check the model's family and weights, and that "
            "the installed package is the one the weights were made for."
        ) from error


def _open_model(python: str | None, entry: str, kwargs: Mapping, dtype: str) -> ModelCalculator:
    """Open any ASE calculator in another Python, or in this one."""
    if python is not None:
        return ModelCalculator(SocketCalculator(python, entry, kwargs), dtype=None)
    limit_torch()
    try:
        with quiet_loading(), _torch_dtype(dtype):
            return ModelCalculator(open_calculator(entry, kwargs), dtype=dtype)
    except Exception as error:  # the user's own code raises what it likes
        raise CalculatorError(
            f"The calculator {entry} cannot be opened ({type(error).__name__}: "
            f"{' '.join(str(error).split())}): mend calculator.entry or calculator.kwargs, install "
            "its package, or name an environment that has it."
        ) from error


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


LOADERS: dict[str, Callable[..., Calculator]] = {
    "mace": load_mace,
    "chgnet": load_chgnet,
}


@contextlib.contextmanager
def _torch_dtype(dtype: str | None) -> Iterator[None]:
    if dtype is None:
        yield
        return
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        yield
    finally:
        torch.set_default_dtype(before)
