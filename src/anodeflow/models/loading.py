"""Foundation models as ASE calculators, with dispersion added exactly once."""

import importlib.util
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ase.calculators.calculator import Calculator

from anodeflow.errors import CalculatorError, ConfigError, DeviceError, WeightsError
from anodeflow.families import ENTRIES, FLOAT32_ONLY
from anodeflow.models.chgnet import load_chgnet
from anodeflow.models.child.socket_server import open_calculator
from anodeflow.models.dispersion import load_dispersion
from anodeflow.models.interface import DispersionCorrected, ModelCalculator, torch_dtype
from anodeflow.models.mace import MaceModel, load_mace
from anodeflow.models.socket_calculator import SocketCalculator
from anodeflow.models.weights.fetching import verify_weights
from anodeflow.process.memory import keep_freed_memory
from anodeflow.process.model_messages import quiet_loading
from anodeflow.process.threads import limit_torch

DTYPES = ("float32", "float64")


DEVICES = ("cpu", "cuda")


LARGEST_BATCH = 64


# Without the last one, the kernels themselves, cuequivariance falls back to slower code.
CUEQUIVARIANCE = ("cuequivariance", "cuequivariance_torch", "cuequivariance_ops_torch")


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
        with quiet_loading(), torch_dtype(dtype):
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
        with quiet_loading(), torch_dtype(dtype):
            return ModelCalculator(open_calculator(entry, kwargs), dtype=dtype)
    except Exception as error:  # the user's own code raises what it likes
        raise CalculatorError(
            f"The calculator {entry} cannot be opened ({type(error).__name__}: "
            f"{' '.join(str(error).split())}): mend calculator.entry or calculator.kwargs, install "
            "its package, or name an environment that has it."
        ) from error


LOADERS: dict[str, Callable[..., Calculator]] = {
    "mace": load_mace,
    "chgnet": load_chgnet,
}
