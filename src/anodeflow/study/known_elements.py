"""The elements of a study beside those that its models are for, before any job runs."""

from pathlib import Path

from anodeflow.elements import told_unknown
from anodeflow.errors import ConfigError, ResultFileError
from anodeflow.files.shipped import locate
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.known_elements import known_elements
from anodeflow.study.paths import path
from anodeflow.study.plan import Plan


def check_elements(plan: Plan, root: Path = Path()) -> None:
    """Refuse an element of the study that one of its models is not for, where that is known.

    It is on the card of weights that were fetched, or else in the user's own file.

    Raises:
        ConfigError: there is one.
    """
    for model in plan.config.study.models:
        known = _known(plan, model, root)
        for where, elements in _asked(plan, model).items():
            if known is not None and (unknown := elements - set(known)):
                raise ConfigError(
                    f"config: {told_unknown(model, known, unknown)}, which {where} asks for: "
                    "choose another model, or other elements."
                )


def _known(plan: Plan, model: str, root: Path) -> list[str] | None:
    about = plan.config.models[model]
    source, family = about.weights.source, about.calculator.family
    try:
        card = WeightsCard.read(root / path("models", "card", model=model))
        if (card.source, card.family) == (source, family):
            return card.elements
    except (OSError, ResultFileError):
        pass  # not fetched yet, or damaged, which the job that loads them refuses
    file = Path(locate(source or ""))  # as every path of the configuration: not below a prefix
    return known_elements(file, family) if file.is_file() else None


def _asked(plan: Plan, model: str) -> dict[str, set[str]]:
    """Return the elements that a model meets, as far as the configuration tells, by its keys."""
    layers = dict.fromkeys([*plan.config.study.layers, *plan.layers])
    found = {f"structures.layers.{layer}": plan.elements_of(layer) or set() for layer in layers}
    if plan.takes_ions(model):
        found["structures.ions.element"] = {plan.config.structures.ions.element}
    return found
