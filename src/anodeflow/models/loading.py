"""Foundation models as ASE calculators, with dispersion added exactly once."""

import importlib.util
import pickle
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from ase.calculators.calculator import Calculator

from anodeflow.config.allowed_values import require_allowed
from anodeflow.errors import CalculatorError, ConfigError, DeviceError, WeightsError
from anodeflow.families import FAMILIES, PLACEHOLDERS
from anodeflow.models import settings
from anodeflow.models.child.calculator_process import open_calculator
from anodeflow.models.dispersion import load_dispersion
from anodeflow.models.interface import DispersionCorrected, ModelCalculator, torch_dtype
from anodeflow.models.socket_calculator import SocketCalculator
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.fetching import verify_weights
from anodeflow.process.memory import keep_freed_memory
from anodeflow.process.model_messages import quiet_loading
from anodeflow.process.threads import limit_torch

# Without the last one, the kernels themselves, cuequivariance falls back to slower code.
CUEQUIVARIANCE = ("cuequivariance", "cuequivariance_torch", "cuequivariance_ops_torch")


def load_calculator(
    weights: Path,
    card: Path,
    *,
    family: str,
    device: str,
    dispersion: Mapping[str, Any] | None,
    dtype: str,
    forces: str = "conservative",
    python: str | None = None,
    entry: str | None = None,
    kwargs: Mapping[str, Any] | None = None,
    head: str | None = None,
    modal: str | None = None,
    charge: int | None = None,
    spin: int | None = None,
    cuequivariance: bool = False,
    cuda_graphs: bool = False,
    contraction_by_element: bool = False,
) -> Calculator:
    """Load a model whose weights match their card, with or without dispersion.

    torch's default dtype is left unchanged, at loading and at every call.

    Args:
        weights: the file of weights.
        card: its card, with the hash.
        family: a name of `families.FAMILIES`.
        device: "cpu" or "cuda".
        dispersion: the settings of `load_dispersion`, None for none.
        dtype: "float32" or "float64".
        forces: "conservative" or "direct", which the gate looks at (`equivalence.promises`).
        python: the Python that the model runs in, None for this one.
        entry: "module:name" of a custom calculator.
        kwargs: what that is called with.
        head: of a MACE file that holds several.
        modal: of a SevenNet checkpoint that holds several.
        charge: of every structure, e, for a model that reads it.
        spin: its multiplicity, likewise.
        cuequivariance: MACE with NVIDIA's kernels.
        cuda_graphs: MACE and D3 replayed as CUDA graphs.
        contraction_by_element: MACE's contraction by element on a GPU, too.

    Raises:
        WeightsError: the weights differ from the card, or hold no model of the family.
        CalculatorError: a calculator cannot be opened.
        DeviceError: the device is missing.
        ConfigError: a family or dtype is not on offer.
    """
    _refuse_unknown(weights, family, dtype, device)
    verify_weights(weights, card)
    keep_freed_memory()
    if FAMILIES[family].loader is None:
        own = {"entry": entry, "kwargs": kwargs, "modal": modal}
        call = plain_call(family, weights, device=device, dtype=dtype, chosen=own)
        inner = _open_plain(python, *call, dtype)
    else:
        gpu = {"cuda_graphs": cuda_graphs, "contraction_by_element": contraction_by_element}
        options = {"head": head, "cuequivariance": cuequivariance} | gpu
        inner = _load_fast(weights, family, device, dtype, options)
    model = _in_the_form_of_all(inner, weights, card, dtype if python is None else None)
    model.info = _given(charge=charge, spin=spin)
    if dispersion is None:
        return model
    correction = load_dispersion(dispersion, device=device, cuda_graphs=cuda_graphs)
    # ASE's functions take its sums as they take its calculators, of which they are no subclass.
    return cast(Calculator, DispersionCorrected(model, correction))


def _in_the_form_of_all(
    inner: Calculator, weights: Path, card: Path, dtype: str | None
) -> ModelCalculator:
    elements = WeightsCard.read(card).elements
    return ModelCalculator(inner, dtype=dtype, name=weights.stem, elements=elements)


def _given(**values: int | None) -> dict[str, int]:
    return {name: value for name, value in values.items() if value is not None}


def plain_call(
    family: str,
    weights: Path,
    *,
    device: str,
    dtype: str,
    chosen: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[str, dict[str, Any]]:
    """Return what opens the plain ASE calculator of a family.

    Args:
        family: a name of `families.FAMILIES`.
        weights: stands for "{weights}".
        device: stands for "{device}".
        dtype: stands for "{dtype}".
        chosen: settings of `load_calculator`, of which entry, kwargs, head and modal count.

    Returns:
        "module:name", and the keyword arguments that it is called with.
    """
    facts = FAMILIES[family]
    entry, kwargs = facts.entry, dict(facts.kwargs)
    if facts.entry_is_configured:
        entry, kwargs = chosen.get("entry"), dict(chosen.get("kwargs") or {})
    if entry is None:
        raise ConfigError(f"Model family {family} needs an entry: give module:name.")
    if facts.choice and chosen.get(facts.choice) is not None:
        kwargs[facts.choice] = chosen[facts.choice]
    given = dict(zip(PLACEHOLDERS, (str(weights), device, dtype), strict=True))
    return entry, {
        key: given.get(value, value) if isinstance(value, str) else value
        for key, value in kwargs.items()
    }


def _refuse_unknown(weights: Path, family: str, dtype: str, device: str) -> None:
    require_allowed(settings.Calculator, "family", family, name="Model family")
    require_allowed(settings.Precision, "static", dtype, name="Model dtype")
    facts = FAMILIES[family]
    if dtype not in facts.dtypes:
        raise ConfigError(
            f"Model dtype is {dtype} for {weights}, but {facts.title} computes in "
            f"{' or '.join(facts.dtypes)} only; set dtype: {facts.dtypes[0]}."
        )
    _require_device(device)


def _require_device(device: str) -> None:
    require_allowed(settings.Calculator, "device", device, name="Device", error=DeviceError)
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


def _load_fast(
    weights: Path, family: str, device: str, dtype: str, options: Mapping[str, Any]
) -> Calculator:
    """Open a model by its family's loader, with those options that are chosen."""
    limit_torch()
    _require_packages(CUEQUIVARIANCE if options["cuequivariance"] else ())
    loader = FAMILIES[family].loader
    assert loader is not None
    chosen = {name: value for name, value in options.items() if value}
    return _load_inner(weights, family, loader, device, dtype, chosen)


def _load_inner(
    weights: Path, family: str, loader: str, device: str, dtype: str, options: Mapping[str, Any]
) -> Calculator:
    import torch

    load: Callable[..., Calculator] = pkgutil.resolve_name(loader)
    try:
        with quiet_loading(), torch_dtype(dtype):
            return load(weights, device, dtype, **options)
    except (
        AttributeError,
        EOFError,
        ImportError,
        IndexError,
        KeyError,
        MemoryError,
        OverflowError,
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
            f"({type(error).__name__}: {reason}); if the file is damaged, delete it and the same "
            "command fetches it again (from a path of yours: mend that file first), else check the "
            "model's family and weights, and that the installed package is the one the weights "
            "were made for."
        ) from error


def _open_plain(
    python: str | None, entry: str, kwargs: Mapping[str, Any], dtype: str
) -> Calculator:
    """Open any ASE calculator in another Python, or in this one."""
    if python is not None:
        return SocketCalculator(python, entry, kwargs)
    limit_torch()
    try:
        with quiet_loading(), torch_dtype(dtype):
            return open_calculator(entry, kwargs)
    except Exception as error:  # the user's own code raises what it likes
        raise CalculatorError(
            f"The calculator {entry} cannot be opened ({type(error).__name__}: "
            f"{' '.join(str(error).split())}): correct calculator.entry or calculator.kwargs, "
            "install its package, or name an environment that has it."
        ) from error
