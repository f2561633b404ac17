"""What is measured on a GPU: steps of runs together, their parts, a scan, phonons, the gate."""

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from fewer_calls import our_scan
from figures import fetched_weights, median, study_config, study_stack, study_unit
from md_step import SETTINGS
from stand_ins import is_there

STACKS = ("m-g", "m-go", "m-goh")
IONS = (0, 1, 8)
# A model with random weights holds no bond: its runs would stop, and the time of a step seem short.
ENDLESS = {"max_spacing": 1e3, "max_bond_stretch": 1e3, "max_temperature_K": 1e6}
CALLS = 10
RATTLE = 0.005
"""Å, between calls: atoms move, and lists of pairs stay."""


def starts(count: int) -> dict:
    """Return so many of the study's runs: its stacks with 0, 1 and 8 sodium, again and again."""
    kinds = [(stack, ions) for ions in IONS for stack in STACKS]
    chosen = [kinds[number % len(kinds)] for number in range(count)]
    return {
        f"{stack}-{ions}-{number}": study_stack(ions=ions, name=stack)
        for number, (stack, ions) in enumerate(chosen)
    }


def advance(calculator, runs: dict, steps: int) -> None:
    """Advance runs by so many steps."""
    from anodeflow.stages.dynamics.run import advance_all

    with tempfile.TemporaryDirectory() as folder:
        advance_all(
            runs,
            calculator,
            {name: Path(folder) / f"{name}.h5" for name in runs},
            settings={
                name: SETTINGS | {"production_ps": steps / 1000, "seed": seed, "stability": ENDLESS}
                for seed, name in enumerate(runs)
            },
            at_once=len(runs),
            checkpoint_interval_ps=1.0,
            software={},
            fingerprint_extra="",
        )


def step(calculator, count: int, steps: int, *, warm_up: int) -> float:
    """Return the seconds of a step of so many runs together, for each run: all but first steps.

    From one force call to the next, so what a run records is counted, and what it ends with is not.
    """
    begun, begin = [], calculator.model.begin

    def noted(structures):
        begun.append((time.perf_counter(), len(structures)))
        return begin(structures)

    calculator.model.begin = noted
    try:
        advance(calculator, starts(count), warm_up + steps)
    finally:
        calculator.model.begin = begin
    end, structures = begun.pop()[0], 0
    while structures < steps * count:
        start, members = begun.pop()
        structures += members
    return (end - start) / structures


def seconds_of_parts(calculator, count: int, *, calls: int = CALLS) -> tuple[float, float]:
    """Return the seconds of a call of the model and of D3, for so many structures in a batch."""
    structures = list(starts(count).values())
    seconds = {"model": [], "dispersion": []}
    for call in range(calls):
        for atoms in structures:
            atoms.rattle(RATTLE, seed=call)
        for part, taken in seconds.items():
            start = time.perf_counter()
            getattr(calculator, part).evaluate(structures)  # ends with a copy from the GPU
            taken.append(time.perf_counter() - start)
    return median(seconds["model"]), median(seconds["dispersion"])


def gpu_memory_MB(device: str) -> float | None:
    """Return the most memory of the GPU that tensors took since the last time; None on a CPU."""
    if device != "cuda":
        return None
    import torch

    most = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return most


def dynamics(
    calculator, members: Iterable[int], device: str, *, steps: int, warm_up: int, calls: int
) -> list[dict]:
    """Measure dynamics of so many runs together: speed, shares of D3 and of the host, memory."""
    rows = []
    for count in members:
        gpu_memory_MB(device)
        seconds = step(calculator, count, steps, warm_up=warm_up)
        model, dispersion = seconds_of_parts(calculator, count, calls=calls)
        rows.append(
            {
                "together": count,
                "steps_per_second": 1 / seconds,
                "model_ms": 1000 * model,
                "D3_ms": 1000 * dispersion,
                "share_of_D3": dispersion / count / seconds,
                "share_of_host": 1 - (model + dispersion) / count / seconds,
                "gpu_memory_MB": gpu_memory_MB(device),
            }
        )
    return rows


def scan(calculator, *, points: int, fmax: float) -> dict:
    """Measure a scan of m-g, each point from its neighbour, and in batches from one start."""
    spacings, found = np.linspace(3.2, 4.4, points), {}
    for order in ("neighbour", "relaxed"):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            options = {"starts": order, "spacings": spacings, "fmax": fmax}
            energies = our_scan(study_stack(), calculator, Path(folder), **options)
            found[order] = {"seconds": time.perf_counter() - start, "lowest_eV": min(energies)}
    return {"points": points, "fmax": fmax, "starts": found}


def phonons(calculator, *, supercell: int) -> dict:
    """Measure the calls of a layer's phonons, every atom of a cell moved both ways along each axis.

    In batches and one by one; phonopy, which needs fewer, is not asked.
    """
    from anodeflow.evaluation.batches import evaluate_all

    unit = study_unit("ti2co2")
    cell = unit.repeat((supercell, supercell, 1))
    moved = []
    for atom in range(len(unit)):
        for move in 0.01 * np.concatenate((np.eye(3), -np.eye(3))):
            moved.append(cell.copy())
            moved[-1].positions[atom] += move
    largest, found = calculator.batch_size, {"supercells": len(moved), "atoms": len(cell)}
    forces = {}
    for name, size in (("one_by_one", 1), ("in_batches", largest)):
        calculator.batch_size = size
        evaluate_all(calculator, moved[:size])  # what comes first is slow
        start = time.perf_counter()
        forces[name] = [results["forces"] for results in evaluate_all(calculator, moved)]
        found[f"{name}_s"] = time.perf_counter() - start
    calculator.batch_size = largest
    apart = np.abs(np.array(forces["one_by_one"]) - np.array(forces["in_batches"])).max()
    return found | {"batch": min(largest, len(moved)), "largest_force_difference": float(apart)}


def gate(folder: Path, source: Path, settings: dict, dtypes: Iterable[str]) -> dict:
    """Hold the calculator of some settings to the plain one, in each precision."""
    from anodeflow.equivalence.check import check_backend
    from anodeflow.equivalence.trial_stacks import trial_cells

    weights, card = fetched_weights(folder, source)
    config, stacks = study_config()["equivalence"], {"m-g with 1 Na": study_stack(ions=1)}
    cells = trial_cells(study_config()["structures"], {"m-g": 1}, rattle=config["rattle"])
    for atoms in stacks.values():
        atoms.rattle(config["rattle"], seed=1)
    plain, held_to = plain_numbers(weights, list(stacks.values()), settings)
    records = {}
    for dtype in dtypes:
        own = settings | {"dtype": dtype}
        shared = {"calculator": own, "equivalence": config, "threads": 1, "plain": plain}
        record = check_backend(weights, card, stacks, cells=cells, **shared)
        kept = ("agrees", "largest", "allowed", "seconds_per_call")
        records[dtype] = {key: value for key, value in record.model_dump().items() if key in kept}
    return {"D3_held_to": held_to} | records


def plain_numbers(weights: Path, structures: list, settings: dict) -> tuple[list, str]:
    """Return the terms of the plain calculator, and what D3 is held to.

    Without torch-dftd on this machine that is this project's own on the CPU, which tests hold to
    torch-dftd.
    """
    from anodeflow.equivalence.check import plain_terms
    from anodeflow.equivalence.reference_evaluation import Evaluation
    from anodeflow.models.dispersion import load_dispersion

    if is_there("torch_dftd"):
        return plain_terms(weights, structures, settings), "torch-dftd on the CPU"
    terms = plain_terms(weights, structures, settings | {"dispersion": None})
    corrections = load_dispersion(settings["dispersion"], device="cpu").evaluate(structures)
    for found, correction in zip(terms, corrections, strict=True):
        own = Evaluation(*(correction[name] for name in ("energy", "forces", "stress")))
        found |= {"dispersion": own, "total": found["model"] + own}
    return terms, "anodeflow's own on the CPU: torch-dftd is not here"


def calls_of_options(load, options: dict, counts: Iterable[int], *, calls: int) -> list[dict]:
    """Measure force calls with options of `load_calculator`, or why one cannot be had."""
    from anodeflow.errors import AnodeflowError

    rows = []
    for name, chosen in options.items():
        try:
            calculator = load(**chosen)
        except AnodeflowError as error:
            rows.append({"option": name, "not_measured": str(error)})
            continue
        for count in counts:
            try:
                model, dispersion = seconds_of_parts(calculator, count, calls=calls)
            except AnodeflowError as error:
                rows.append({"option": name, "together": count, "not_measured": str(error)})
                continue
            milliseconds = {"model_ms": 1000 * model, "D3_ms": 1000 * dispersion}
            rows.append({"option": name, "together": count} | milliseconds)
    return rows


def d3_both_ways(calculator, counts: Iterable[int], device: str, *, calls: int) -> list[dict]:
    """Measure D3 with and without atomic operations, and by how much calls of one structure differ.

    Beside it by how much those of the model do, whose sums are by atomic operations on a GPU.
    """
    from anodeflow.models import d3

    rows, chosen = [], d3.ATOMIC[device]
    for count in counts:
        structures = list(starts(count).values())
        for atomic in (True, False):
            d3.ATOMIC[device] = atomic
            calculator.dispersion.evaluate([study_stack(name="m-goh")])  # lists are made anew
            found = repeated(calculator.dispersion, structures, calls)
            rows.append({"part": "D3", "atomic_operations": atomic, "together": count} | found)
        found = repeated(calculator.model, structures, calls)
        rows.append({"part": "model", "atomic_operations": True, "together": count} | found)
    d3.ATOMIC[device] = chosen
    return rows


def repeated(part, structures: list, calls: int) -> dict:
    """Return the median time of calls for the same structures, and by how much forces differ."""
    part.evaluate(structures)
    forces, seconds = [], []
    for _ in range(max(2, calls)):
        start = time.perf_counter()
        found = part.evaluate(structures)
        seconds.append(time.perf_counter() - start)
        forces.append(np.concatenate([results["forces"] for results in found]))
    return {"ms": 1000 * median(seconds), "forces_differ": float(np.ptp(forces, axis=0).max())}
