"""Force calls and time of relaxations, scans and phonons, against a script that a user would write.

The calls of both are counted with our calculator; the script's time is that of its own.
"""

import io
import tempfile
import time
from pathlib import Path

import numpy as np
import plain_script
from figures import WEIGHTS, Figure, mace_calculator, study_stack, study_unit
from plain_script import FMAX, MAX_STEPS, SPACINGS, SUPERCELLS, PlainScript

OPTIMISER = "PreconBFGS"  # that of config.yaml
STACKS = ("m-g", "m-go", "m-goh")
TIMED_STACK = "m-g"


class Counted:
    """Counts the calls of the model in a sum with D3, and takes the time, until asked for both."""

    def __init__(self, calculator):
        """Put the count between the model and the sum, which asks for energy and forces apart."""
        self.calls = 0
        begin = calculator.model.begin

        def counted(structures):
            self.calls += len(structures)
            return begin(structures)

        calculator.model.begin = counted
        self.start = time.perf_counter()

    def taken(self) -> tuple[float, int]:
        """Return the seconds and calls since the last time."""
        now, calls = time.perf_counter(), self.calls
        seconds, self.start, self.calls = now - self.start, now, 0
        return seconds, calls


def relaxed_stack(name: str, calculator, optimiser: str):
    """Relax a stack as the study does before it scans, or with another optimiser."""
    from anodeflow.stages.relaxation.minimum import relax

    nowhere = {"fingerprint_extra": "", "checkpoint": None, "unfinished": None}
    limits = {"optimiser": optimiser, "fmax": 1e-3, "max_steps": MAX_STEPS, "cell": "fixed"}
    return relax(study_stack(name=name), calculator, **limits, **nowhere, log=io.StringIO())


def our_scan(
    stack, calculator, folder: Path, *, starts: str = "neighbour", spacings=SPACINGS, fmax=FMAX
) -> list[float]:
    """Scan a stack; return the energies (eV)."""
    from anodeflow.stages.adhesion.scan import scan_spacings
    from anodeflow.stages.relaxation.kept_minima import KeptMinima

    kept = KeptMinima(folder, OPTIMISER, fmax, MAX_STEPS, fingerprint_extra="", log=io.StringIO())
    found = scan_spacings(
        stack,
        calculator,
        spacings=spacings,
        starts=starts,
        hold="spacing",
        kept=kept,
        on_point=lambda point: None,
    )
    return [point.info["energy_model"] + point.info["energy_dispersion"] for point in found]


def our_phonons(layer: str, calculator) -> None:
    """Compute a layer's force constants."""
    from anodeflow.stages.phonons.force_constants import compute_force_constants

    compute_force_constants(
        study_unit(layer),
        calculator,
        supercell=SUPERCELLS[layer],
        displacement=0.01,
        on_step=lambda done, total: None,
    )


def count_relaxations(calculator) -> tuple[dict, list[int], list[int], list[float]]:
    """Relax every stack by our optimiser and by BFGS; return the stacks, calls and differences."""
    counted, stacks, ours, script, differences = Counted(calculator), {}, [], [], []
    for name in STACKS:
        counted.taken()
        stacks[name] = relaxed_stack(name, calculator, OPTIMISER)
        ours.append(counted.taken()[1])
        other = relaxed_stack(name, calculator, "BFGS")
        script.append(counted.taken()[1])
        differences.append(stacks[name].get_potential_energy() - other.get_potential_energy())
    return stacks, ours, script, differences


def count_scans(stacks: dict, calculator, folder: Path) -> tuple[list[int], list[int], list[float]]:
    """Scan every stack by our way and by the script's; return calls and differences (eV)."""
    counted, ours, script, differences = Counted(calculator), [], [], []
    for name, stack in stacks.items():
        counted.taken()
        energies = np.array(our_scan(stack, calculator, folder / name))
        ours.append(counted.taken()[1])
        differences += list(energies - plain_script.scan(stack, calculator))
        script.append(counted.taken()[1])
    return ours, script, differences


def count_batches(stacks: dict, calculator, folder: Path, *, starts: str) -> list[int]:
    """Scan every stack in batches; return their sizes."""
    sizes, evaluate = [], calculator.evaluate

    def counted(structures):
        sizes.append(len(structures))
        return evaluate(structures)

    calculator.batch_size, calculator.evaluate = 2 * len(SPACINGS), counted
    for name, stack in stacks.items():
        our_scan(stack, calculator, folder / starts / name, starts=starts)
    calculator.batch_size, calculator.evaluate = 1, evaluate
    return sizes


def time_static(stack, calculator, plain: PlainScript, folder: Path) -> tuple[float, float]:
    """Time the scan of a stack and the phonons of both layers, ours and the script's, in turn."""
    counted = Counted(calculator)
    our_scan(stack, calculator, folder / "timed")
    ours, script = counted.taken()[0], plain.scan(stack)
    for layer in SUPERCELLS:
        counted.taken()
        our_phonons(layer, calculator)
        ours += counted.taken()[0]
        script += plain.phonons(layer)
    return ours, script


def measure() -> list[Figure]:
    """Count the calls of all, and time the scan of one stack and the phonons, one thread."""
    from anodeflow.process.threads import set_threads

    set_threads(1)
    with tempfile.TemporaryDirectory() as place, PlainScript(WEIGHTS) as plain:
        folder = Path(place)
        calculator = mace_calculator(folder, dtype="float64")
        stacks, relaxing, relaxing_plain, lower = count_relaxations(calculator)
        scanning, scanning_plain, differences = count_scans(stacks, calculator, folder)
        following, at_once = (
            count_batches(stacks, calculator, folder, starts=starts)
            for starts in ("neighbour", "relaxed")
        )
        phonons = sum(plain_script.phonons(layer, calculator) for layer in SUPERCELLS)
        seconds, seconds_plain = time_static(stacks[TIMED_STACK], calculator, plain, folder)
    relaxed, scanned = sum(relaxing) / sum(relaxing_plain), sum(scanning) / sum(scanning_plain)
    static = (sum(scanning) + phonons) / (sum(scanning_plain) + phonons)
    time_ratio = seconds / seconds_plain
    return [
        Figure("three stacks relaxed / BFGS, force calls", relaxed, "×", 0.6),
        Figure("three stacks relaxed, BFGS, force calls", sum(relaxing_plain), "", None),
        Figure("three stacks relaxed / BFGS, highest energy difference", max(lower), "eV", 0.001),
        Figure("three stacks scanned / plain, force calls", scanned, "×", 0.6),
        Figure("three stacks scanned, plain, force calls", sum(scanning_plain), "", None),
        Figure("scans that follow, batches", len(following), "", None),
        Figure(
            "scans all at once / that follow, batches", len(at_once) / len(following), "×", None
        ),
        Figure("scans all at once / that follow, calls", sum(at_once) / sum(following), "×", None),
        Figure("three scans and both phonons / plain, force calls", static, "×", 0.6),
        Figure(f"scan of {TIMED_STACK}, both phonons / plain, time", time_ratio, "×", 0.5),
        Figure(f"scan of {TIMED_STACK}, both phonons, plain, time", seconds_plain, "s", None),
        Figure("scans / plain, highest energy difference", max(differences), "eV", 0.05),
        Figure("scans / plain, lowest energy difference", min(differences), "eV", None),
    ]
