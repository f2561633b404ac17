"""Does the configured calculator give what the plain one gives, within stated tolerances?"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.equivalence.promises import require_contract
from anodeflow.equivalence.records import (
    COMPARED,
    BackendRecord,
    ComparedStructure,
    PlainCalculator,
    SecondsPerCall,
    Term,
    Tolerated,
    allowed_differences,
    excesses,
)
from anodeflow.equivalence.reference_evaluation import (
    Evaluation,
    evaluate_dispersion,
    evaluate_model,
    plain_dtype,
)
from anodeflow.equivalence.timing import device_name, seconds_per_call
from anodeflow.errors import EquivalenceError
from anodeflow.evaluation.first_calls import WARM_UP_DISPLACEMENT
from anodeflow.models.cuda_graphs import CAPTURED_FROM
from anodeflow.models.interface import DispersionCorrected
from anodeflow.models.loading import load_calculator
from anodeflow.models.versions import software_of
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.fetching import verify_weights
from anodeflow.models.weights.hash_records import lock_of, trust_evaluated
from anodeflow.structures import roles


def check_backend(
    weights: Path,
    card: Path,
    stacks: Mapping[str, Atoms],
    *,
    cells: Mapping[str, Atoms],
    calculator: Mapping[str, Any],
    equivalence: Mapping[str, Any],
    threads: int,
    plain: Sequence[Mapping[Term, Evaluation]] | None = None,
) -> BackendRecord:
    """Compare the calculator of some settings with the plain one, and time it.

    stacks: structures by their names; cells: small ones, on which it is held to the contract first
    (`promises.require_contract`); calculator: the settings of `load_calculator`; equivalence:
    the section of the configuration, with the tolerances energy_meV (meV/atom), force (eV/Å) and
    stress (eV/Å³) of float64, float32 and dispersion; threads: of this process. The model is held
    to the tolerances of its dtype, the dispersion to its own, and their total to the sum. plain:
    the terms of each stack by the plain calculator, where they are known already. The hash of
    weights that agree counts from then on (`trust_evaluated`).

    Raises what loading and evaluating raise; see `require_agreement` for the verdict.
    """
    sha256 = verify_weights(weights, card)
    # First, since it refuses at once what cannot be had here, and the plain calculator is slow.
    loaded = _load_for(stacks.values(), weights, card, calculator, cells)
    plain = plain or plain_terms(weights, list(stacks.values()), calculator)
    calls = CAPTURED_FROM if calculator.get("cuda_graphs") else 1
    compared = [
        _compare(loaded, name, atoms, terms, calls)
        for (name, atoms), terms in zip(stacks.items(), plain, strict=True)
    ]
    largest, allowed = _largest(compared), allowed_differences(equivalence, calculator["dtype"])
    biggest, software = max(stacks.values(), key=len), software_of(calculator)
    agrees = not excesses(largest, allowed)
    _trust(weights, card, sha256 if agrees else None)
    return BackendRecord(
        agrees=agrees,
        calculator=dict(calculator),
        plain=PlainCalculator(dtype=plain_dtype(calculator["family"]), device="cpu"),
        largest=largest,
        allowed={term: allowed[term] for term in largest},
        compared=compared,
        atoms=len(biggest),
        **_timings(loaded, biggest, calls),
        device=device_name(calculator["device"]),
        versions=software["software"],
        environment_versions=software.get("environment_software"),
        weights_sha256=sha256,
        equivalence=dict(equivalence),
        threads=threads,
    )


def _load_for(
    stacks: Iterable[Atoms],
    weights: Path,
    card: Path,
    calculator: Mapping[str, Any],
    cells: Mapping[str, Atoms],
) -> Calculator:
    """Load a calculator; refuse elements that its model is not for, and a broken contract."""
    loaded = load_calculator(weights, card, **calculator)
    model: Any = getattr(loaded, "model", loaded)
    for atoms in stacks:
        model.refuse_other_elements(atoms)
    require_contract(loaded, cells, calculator)
    return loaded


def _trust(weights: Path, card: Path, evaluated: str | None) -> None:
    """Let a first hash count if it is the one that was evaluated, and not fetched since.

    Before there is a record: a check that is killed in between is done again.
    """
    about = WeightsCard.read(card)
    if about.sha256 == evaluated:
        trust_evaluated(about, lock_of(weights))


def _largest(compared: Sequence[ComparedStructure]) -> dict[Term, Tolerated]:
    """Return the largest difference of all structures, by term and kind."""
    return {
        term: {key: max(row.differences[term][key] for row in compared) for key in COMPARED}
        for term in compared[0].differences
    }


def require_agreement(record: BackendRecord) -> None:
    """Raise EquivalenceError with the worst difference of a record that does not agree."""
    found = excesses(record.largest, record.allowed)
    if not found:
        return
    _, term, key = found[0]
    name, unit = COMPARED[key]
    by_structure = {row.differences[term][key]: row.structure for row in record.compared}
    difference, settings = record.largest[term][key], record.calculator
    raise EquivalenceError(
        f"The configured calculator (family {settings['family']}, {settings['dtype']} on "
        f"{settings['device']}) does not agree with the plain one ({record.plain.dtype} on "
        f"cpu): {name} of the {term} differ by {difference:.3g} {unit} on "
        f"{by_structure.get(difference, 'every stack')}, {record.allowed[term][key]:g} allowed "
        "(the log has all numbers): set another precision, device or dispersion.library, or raise "
        "the tolerance under equivalence if such a difference does no harm."
    )


def plain_terms(
    weights: Path, structures: Sequence[Atoms], calculator: Mapping[str, Any]
) -> list[dict[Term, Evaluation]]:
    """Return what the plain calculator gives of each structure: eV, (N, 3) eV/Å, (6,) eV/Å³.

    calculator: the settings of `load_calculator`. Terms: model, and with D3 dispersion and total.
    """
    models = evaluate_model(weights, structures, calculator)
    terms: list[dict[Term, Evaluation]] = [{"model": model} for model in models]
    if calculator["dispersion"] is not None:
        corrections = evaluate_dispersion(structures, calculator["dispersion"])
        for found, correction in zip(terms, corrections, strict=True):
            found |= {"dispersion": correction, "total": found["model"] + correction}
    return terms


def _compare(
    calculator: Calculator, name: str, atoms: Atoms, expected: Mapping[Term, Evaluation], calls: int
) -> ComparedStructure:
    found = _configured_terms(calculator, atoms, calls)
    differences = {term: _differences(found[term], expected[term]) for term in expected}
    return ComparedStructure(structure=name, atoms=len(atoms), differences=differences)


def _configured_terms(calculator: Calculator, atoms: Atoms, calls: int) -> dict[Term, Evaluation]:
    """Return what the last of so many calls gives: a CUDA graph is made in one of the first."""
    for call in range(calls):
        probe = atoms.copy()
        probe.positions[0, 2] += (calls - 1 - call) * WARM_UP_DISPLACEMENT
        probe.calc = calculator
        probe.get_stress()
    total = _evaluation(calculator)
    if not isinstance(calculator, DispersionCorrected):
        return {"model": total}
    model, dispersion = _evaluation(calculator.model), _evaluation(calculator.dispersion)
    return {"model": model, "dispersion": dispersion, "total": total}


def _timings(calculator: Calculator, stack: Atoms, calls: int) -> dict[str, Any]:
    """Time calls on a stack, whose calls were made before, and on its top layer after as many."""
    whole = SecondsPerCall(**seconds_per_call(calculator, stack))
    sheet = stack[roles.top(stack)]
    _configured_terms(calculator, sheet, calls)
    by_atoms = {len(sheet): seconds_per_call(calculator, sheet)["total"]}
    return {"seconds_per_call": whole, "seconds_by_atoms": by_atoms}


def _evaluation(calculator: Calculator) -> Evaluation:
    found = calculator.results
    return Evaluation(float(found["energy"]), found["forces"], found["stress"])


def _differences(found: Evaluation, plain: Evaluation) -> dict[str, float]:
    """Return the differences by the names of their tolerances, and of forces the rms.

    Energy in meV per atom, the largest force on an atom in eV/Å, the largest stress component in
    eV/Å³; a difference that is no number counts as infinite.
    """
    forces = np.linalg.norm(found.forces - plain.forces, axis=1)
    values = {
        "energy_meV": 1000 * abs(found.energy - plain.energy) / len(forces),
        "force": float(forces.max()),
        "stress": float(np.abs(found.stress - plain.stress).max()),
        "force_rms": float(np.sqrt((forces**2).mean())),
    }
    return {key: value if math.isfinite(value) else math.inf for key, value in values.items()}
