"""Whether a run of another program is the run of a study by whose name it is to be called."""

import re
from collections import Counter

import numpy as np

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.importing import ImportedRun
from anodeflow.stages.motion.correlated_mean import series_mean
from anodeflow.stages.motion.temperature import SIGMAS
from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer
from anodeflow.study.plan import Plan

NAME = re.compile(r".+_\d+[a-z]*_[\d.]+K_\d+")
"""A stack, how many of which ion, the temperature and a number: what `Plan.runs` calls runs."""

NEAR = 0.1
"""ASSUME: a run is at the temperature that its mean misses by less, by whatever thermostat."""


def require_named_run(name: str, run: ImportedRun, plan: Plan, *, told: float | None) -> str:
    """Refuse a run under the name of another: other ions, other layers, another temperature.

    The mean of the production's temperatures may miss the name's by 10 %, or by 4 standard errors;
    where they are too few to know their error, it is that of one canonical sample, T √(2/N_f).

    Args:
        name: of the file, without its ending.
        run: what is to be called so.
        plan: the study.
        told: at which temperature the run was held by who imports it, K; None: not said.

    Returns:
        a note on a name that is none of a run, for which nothing is compared; empty otherwise.

    Raises:
        ConfigError: the study has no run of this name.
        TrajectoryError: the run is another.
    """
    if not NAME.fullmatch(name):
        return (
            f"'{name}' is not how a study names its runs (as m-go_1na_300K_0), so the run is "
            "compared with none"
        )
    planned = plan.run(name)
    _require_ions(name, run, plan, planned["ions"])
    for end in ("bottom", "top"):
        _require_layer(
            name, run, plan, getattr(plan.config.structures.stacks[planned["stack"]], end), end
        )
    _require_temperature(name, run, planned["temperature"], told)
    return ""


def _require_ions(name: str, run: ImportedRun, plan: Plan, count: int) -> None:
    symbols = np.array(run.initial.get_chemical_symbols())[roles.ions(run.initial)]
    element = plan.config.structures.ions.element
    if len(symbols) != count or set(symbols) - {element}:
        held = " and ".join(f"{(symbols == s).sum()} {s}" for s in np.unique(symbols)) or "no ion"
        raise TrajectoryError(
            f"{name} is a run with {count} {element} and the frames hold {held}: name the file "
            "after what it holds, or give the configuration that has such a run (--config)."
        )


def _require_layer(name: str, run: ImportedRun, plan: Plan, layer: str, end: str) -> None:
    """Refuse a layer whose atoms, role by role, are not those of the one that is built."""
    settings = plan.plain["structures"]["layers"][layer]
    height = plan.config.structures.cell_height
    built = build_layer(settings, cell_height=height, base=plan.base(layer))
    held = run.initial[getattr(roles, end)(run.initial)]
    wanted, found = (
        Counter(zip(a.symbols, a.get_tags().tolist(), strict=True)) for a in (built, held)
    )
    if wanted != found:
        raise TrajectoryError(
            f"The {end} layer of {name} is {layer}, with {_told(wanted)}, and that of the frames "
            f"has {_told(found)}: name the file after the stack that it holds, or give the "
            "configuration that has it (--config)."
        )


def _told(parts: Counter[tuple[str, int]]) -> str:
    return ", ".join(
        f"{parts[symbol, tag]} {symbol} (tag {tag})"
        for symbol, tag in sorted(parts, key=lambda p: p[::-1])
    )


def _require_temperature(name: str, run: ImportedRun, planned: float, told: float | None) -> None:
    if told is not None and told != planned:
        raise TrajectoryError(
            f"{name} is a run at {planned:g} K and --temperature is {told:g}: correct one of them."
        )
    times = np.arange(run.last + 1) * run.interval_fs / 1000
    kept = times >= run.settings["equilibration_ps"] - 1e-9
    values = run.series["temperature"][kept]
    if run.reason or not len(values) or np.isnan(values).any():
        return
    mean = float(values.mean())
    error = None
    if len(values) > 1:
        error = series_mean(values, times[kept], what="temperature", note="").standard_error
    if error is None:
        error = planned * np.sqrt(2 / run.freedom)
    if abs(mean - planned) > max(NEAR * planned, SIGMAS * error):
        raise TrajectoryError(
            f"{name} is a run at {planned:g} K and the momenta have {mean:.0f} ± {error:.0f} K: "
            "name the file after the run that it holds, or correct its momenta."
        )
