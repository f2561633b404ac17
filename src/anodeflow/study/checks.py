"""Checks of the configuration that need more than one of its sections, or files."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from anodeflow.errors import ConfigError, ResultFileError, StructureError, nearest
from anodeflow.files.shipped import locate, places
from anodeflow.models.weights.card import WeightsCard
from anodeflow.process.other_python import to_make
from anodeflow.structures.atom_counts import hollows
from anodeflow.structures.planned_stacks import check_planned_layer, check_planned_stack
from anodeflow.structures.settings import FileLayer, FunctionalisedLayer, Layer, MXeneLayer
from anodeflow.structures.stiffness import BY_STIFFNESS
from anodeflow.study import paths
from anodeflow.study.config import Config

RESULTS = "results/"
RESERVED_MODEL_NAMES = {"logs", "benchmarks"} | {
    pattern.removeprefix(RESULTS).partition("/")[0]
    for files in paths.FILES.values()
    for pattern in files.values()
    if pattern.startswith(RESULTS) and not pattern.startswith(f"{RESULTS}{{model}}")
}
"""Folders beside those of models."""


def _known(name: str, where: str, what: str, allowed: Iterable[str]) -> None:
    allowed = list(allowed)
    if name not in allowed:
        raise ConfigError(
            f"config: {where} names {what} '{name}', which is not defined{nearest(name, allowed)}; "
            f"allowed: {', '.join(allowed)}."
        )


def _unique(names: list[Any], where: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"config: {where} holds '{name}' twice: remove one.")


def _check_stacks(config: Config) -> None:
    layers = config.structures.layers
    for name, stack in config.structures.stacks.items():
        for end in ("bottom", "top"):
            _known(getattr(stack, end), f"structures.stacks.{name}.{end}", "the layer", layers)
        if name in layers:
            raise ConfigError(
                f"config: '{name}' names both a layer and a stack: rename one, both become files."
            )
        _check_stiffness(config, name)
    for name, layer in layers.items():
        if isinstance(layer, FunctionalisedLayer):
            _known(layer.base, f"structures.layers.{name}.base", "the layer", layers)
            base = layers[layer.base]
            if isinstance(base, FunctionalisedLayer) or _place(base) == "bottom":
                raise ConfigError(
                    f"config: structures.layers.{name}.base is '{layer.base}', which is no plain "
                    "sheet: name a honeycomb layer or a file with role top."
                )
    for name, stack in config.structures.stacks.items():
        for end in ("bottom", "top"):
            if (place := _place(layers[getattr(stack, end)])) != end:
                raise ConfigError(
                    f"config: structures.stacks.{name}.{end} is '{getattr(stack, end)}', a layer "
                    f"that lies at the {place}: name an mxene or a file with role bottom as the "
                    "bottom, a sheet or a file with role top as the top."
                )


def _place(layer: Layer) -> str:
    """Return where a layer can lie in a stack, bottom or top."""
    if isinstance(layer, FileLayer):
        return layer.role
    return "bottom" if isinstance(layer, MXeneLayer) else "top"


def check_fit(config: Config) -> None:
    """Refuse layers and stacks of the study that do not fit into their cells, as far as known.

    Raises:
        ConfigError: the first whose vacuum is too thin, or whose strain is beyond the limit.
    """
    structures = config.structures.model_dump()
    in_stacks = [
        getattr(config.structures.stacks[stack], end)
        for stack in config.study.stacks
        for end in ("bottom", "top")
    ]
    for name in dict.fromkeys([*config.study.layers, *in_stacks]):
        layer, height = structures["layers"][name], config.structures.cell_height
        _said_of(f"layers.{name}", check_planned_layer, layer, cell_height=height)
    for name in config.study.stacks:
        _said_of(f"stacks.{name}", check_planned_stack, structures, name)


def _said_of(where: str, check: Callable[..., None], *given: Any, **options: Any) -> None:
    """Check, and say of a StructureError which entry of `structures` it is about."""
    try:
        check(*given, **options)
    except StructureError as error:
        raise ConfigError(f"config: structures.{where}: {error}") from None


def _check_stiffness(config: Config, stack: str) -> None:
    layers, settings = config.structures.layers, config.structures.stacks[stack]
    for end in (settings.bottom, settings.top):
        layer = layers[end]
        name = layer.base if isinstance(layer, FunctionalisedLayer) else end
        if settings.strained == BY_STIFFNESS and getattr(layers.get(name), "stiffness", 1) is None:
            raise ConfigError(
                f"config: structures.stacks.{stack}.strained is '{BY_STIFFNESS}', but "
                f"structures.layers.{name}.stiffness is not given: add its C11 + C12, N/m."
            )


def _check_runs(config: Config) -> None:
    runs = config.dynamics.runs
    for i, entry in enumerate(runs):
        for stack in entry.stacks:
            _known(stack, f"dynamics.runs.{i}.stacks", "the stack", config.structures.stacks)
        _unique(entry.stacks, f"dynamics.runs.{i}.stacks")
        _unique(entry.temperatures or [], f"dynamics.runs.{i}.temperatures")
    _unique(config.dynamics.temperatures, "dynamics.temperatures")
    shared = config.dynamics.temperatures
    named = [(s, e.ions, t) for e in runs for s in e.stacks for t in e.temperatures or shared]
    _unique(named, "dynamics.runs (stack, ions, temperature)")
    _check_hollows(config)


def _check_hollows(config: Config) -> None:
    """Refuse more ions than the study's stacks have hollows, where a model puts them there.

    As far as the hollows are known.
    """
    run_for = {stage for model in config.study.models for stage in config.models[model].stages}
    asked: dict[str, tuple[list[str], int]] = {}
    if "dynamics" in run_for:
        runs = enumerate(config.dynamics.runs)
        asked |= {f"dynamics.runs.{i}.ions": (entry.stacks, entry.ions) for i, entry in runs}
    if "voltage" in run_for:
        asked["voltage.max_ions"] = (config.voltage.stacks, config.voltage.max_ions)
    for where, (stacks, ions) in asked.items():
        for stack in filter(config.study.stacks.__contains__, stacks):
            bottom = config.structures.stacks[stack].bottom
            room = hollows(config.structures.layers[bottom].model_dump())
            if room is not None and ions > room:
                raise ConfigError(
                    f"config: {where} is {ions}, but {stack} has {room} hollows for ions, one for "
                    f"each atom of {bottom} that faces the sheet: ask for at most {room}, or give "
                    "its layers a larger size."
                )


def _check_exceptions(config: Config) -> None:
    entries = config.diffusion.exceptions
    for i, entry in enumerate(entries):
        where = f"diffusion.exceptions.{i}.stacks"
        for stack in entry.stacks:
            _known(stack, where, "the stack", config.structures.stacks)
    pairs = [(stack, entry.ions) for entry in entries for stack in entry.stacks]
    _unique(pairs, "diffusion.exceptions (stack, ions)")


def _check_layers_from(config: Config) -> None:
    for name, model in config.models.items():
        for layer, other in model.layers_from.items():
            where = f"models.{name}.layers_from"
            _known(layer, where, "the layer", config.structures.layers)
            _known(other, f"{where}.{layer}", "the model", config.models)
            if other == name:
                raise ConfigError(
                    f"config: {where}.{layer} names the model itself: name another, or remove it."
                )


def _check_walk(config: Config) -> None:
    named = config.barriers.walk_of
    if named is None:
        return
    _known(named, "barriers.walk_of", "the model", config.models)
    allowed = [m for m in config.study.models if "barriers" in config.models[m].stages]
    if named not in allowed:
        raise ConfigError(
            f"config: barriers.walk_of is '{named}', which is no model of the study with the stage "
            f"barriers; allowed: {', '.join([*allowed, 'null'])}."
        )


def _used_models(config: Config) -> list[str]:
    """Return the study's models and those whose relaxed layers they take."""
    taken = [m for name in config.study.models for m in config.models[name].layers_from.values()]
    return list(dict.fromkeys([*config.study.models, *taken]))


def _check_environments(config: Config) -> None:
    for name, model in config.models.items():
        environment = model.calculator.environment
        if environment is not None:
            where = f"models.{name}.calculator.environment"
            _known(environment, where, "the environment", config.environments)


def _check_repeats(config: Config) -> None:
    study = config.study
    for key in ("models", "stacks", "layers"):
        _unique(getattr(study, key), f"study.{key}")
    _unique(config.voltage.stacks, "voltage.stacks")
    _unique(config.barriers.stacks, "barriers.stacks")
    _unique(config.phonons.lattice, "phonons.lattice")
    _unique([config.models[m].label for m in study.models], "labels of study.models")


def check_names(config: Config) -> None:
    """Refuse a name that is used but not defined, defined twice, or reserved."""
    study = config.study
    for name in study.models:
        _known(name, "study.models", "the model", config.models)
    for name in study.stacks:
        _known(name, "study.stacks", "the stack", config.structures.stacks)
    for name in study.layers:
        _known(name, "study.layers", "the layer", config.structures.layers)
        if isinstance(config.structures.layers[name], FunctionalisedLayer):
            raise ConfigError(
                f"config: study.layers names '{name}', a functionalised layer, which has no unit "
                "cell: name its base."
            )
        if name not in config.phonons.layers:
            raise ConfigError(
                f"config: study.layers names '{name}', but phonons.layers.{name} is missing: add "
                "its supercell and dos_width_THz."
            )
    for name in config.voltage.stacks:
        _known(name, "voltage.stacks", "the stack", config.structures.stacks)
    for name in config.barriers.stacks:
        _known(name, "barriers.stacks", "the stack", config.structures.stacks)
    for name in config.models:
        if name in RESERVED_MODEL_NAMES:
            raise ConfigError(f"config: the model name '{name}' is a folder of results: rename it.")
    _check_repeats(config)
    for where, named in (
        ("phonons.layers", config.phonons.layers),
        ("phonons.convergence.supercells", config.phonons.convergence.supercells),
        ("reference.phonons", config.reference.phonons),
    ):
        for name in named:
            _known(name, where, "the layer", config.structures.layers)
    _check_environments(config)
    _check_stacks(config)
    _check_runs(config)
    _check_exceptions(config)
    _check_layers_from(config)
    _check_walk(config)


def check_files(config: Config, root: Path) -> None:
    """Refuse a path in the configuration at which there is no file."""
    for key, path in config.files().items():
        if not (root / locate(path, root)).is_file():
            raise ConfigError(
                f"config: {key} is '{path}', where there is no file{places(path, root)}: correct "
                "the path."
            )
    mirror = config.weights_mirror
    if mirror is not None and not (root / locate(mirror, root)).is_dir():
        raise ConfigError(
            f"config: weights_mirror is '{mirror}', which is no directory{places(mirror, root)}: "
            "correct it, or set null."
        )


def check_pythons(config: Config, root: Path) -> None:
    """Refuse an environment of the study's models that is not there."""
    for name in config.study.models:
        environment = config.models[name].calculator.environment
        path = config.environments.get(environment or "")
        if path is not None and not os.access(root / locate(path, root), os.X_OK):
            raise ConfigError(
                f"config: models.{name} runs in environments.{environment}, but there is no Python "
                f"at '{path}'{places(path, root)}: {to_make(path)}, or give the path of one "
                "that has the model's package."
            )


def check_pins(config: Config, root: Path) -> None:
    """Refuse a pinned hash that is not that of the weights already fetched."""
    for name in _used_models(config):
        pin = config.models[name].weights.sha256
        card = root / paths.path("models", "card", model=name)
        try:
            fetched = WeightsCard.read(card).sha256
        except (OSError, ResultFileError):
            continue  # not fetched yet, or damaged, which the job that loads them refuses
        if pin not in (None, fetched):
            raise ConfigError(
                f"config: models.{name}.weights.sha256 is '{pin}', but the weights fetched into "
                f"{card.parent} have '{fetched}': correct the pin, or delete {card} to fetch them "
                "again."
            )
