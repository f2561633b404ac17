"""Force calls of paths of one ion, against a script that a user would write: ASE's NEB and FIRE.

The script takes the same ends, spreads five images by IDPP, relaxes the band by FIRE to 0.05 eV/Å,
then lets it climb to 0.02 eV/Å, with the same springs and constraints. Calls of both are counted
with our calculator, on two hops of m-g between neighbouring hollows.
"""

import io
import tempfile
import time
from pathlib import Path

import numpy as np
from figures import Figure, mace_calculator, study_stack

IMAGES, FMAX, SADDLE_FMAX, SPACING = 5, 0.05, 0.02, 4.3
STEPS = 400
# Hollows of m-g by their places along the cell's vectors, and so the hop.
HOPS = {
    "over C to over Ti": ((0.0, 0.0), (1 / 6, 1 / 12)),
    "over Ti to the next over C": ((1 / 6, 1 / 12), (0.25, 0.0)),
}


def relaxed(atoms, calculator, folder: Path, name: str):
    """Relax a stack with its ion as the study does."""
    from anodeflow.stages.relaxation.minimum import relax

    limits = {"optimiser": "PreconBFGS", "fmax": 0.01, "max_steps": 500, "cell": "fixed"}
    kept = {"fingerprint_extra": name, "checkpoint": folder / f"{name}.npz", "unfinished": None}
    return relax(atoms, calculator, **limits, **kept, log=io.StringIO())


def relaxed_host(calculator, folder: Path):
    """Return m-g, relaxed without ions."""
    return relaxed(study_stack(), calculator, folder, "host")


def ends_of(hop: str, host, calculator, folder: Path) -> list:
    """Return the relaxed ends of a hop, the centres of their layers held."""
    from anodeflow.stages.barriers.held_centres import held
    from anodeflow.stages.barriers.sites import with_ion

    lateral = [np.array(place) @ host.cell.array[:2, :2] for place in HOPS[hop]]
    return [
        held(relaxed(with_ion(host, "Na", xy, SPACING), calculator, folder, f"{hop}{n}"))
        for n, xy in enumerate(lateral)
    ]


def our_band(ends, calculator, folder: Path, name: str, images: int = IMAGES):
    """Return a relaxed band and all its force calls, those of its Hessian too."""
    from anodeflow.evaluation.kept_states import KeptStates
    from anodeflow.stages.barriers.band import BandSettings, relax_band

    counted = count_calls(calculator)
    band, reached = relax_band(
        *ends,
        calculator,
        label=name,
        settings=BandSettings(images, FMAX, SADDLE_FMAX, STEPS),
        dip=0.1,
        kept=KeptStates(folder, name, io.StringIO()),
    )
    assert reached <= SADDLE_FMAX
    return band, counted()


def our_path(ends, calculator, folder: Path, name: str) -> tuple[float, int]:
    """Return the barrier (eV) and the force calls of our band."""
    band, calls = our_band(ends, calculator, folder, name)
    return max(band.energies) - band.energies[0], calls


def plain_path(ends, calculator) -> tuple[float, int]:
    """Do the same by ASE's NEB and FIRE, every image with the one calculator."""
    from ase.mep import NEB
    from ase.optimize import FIRE

    counted = count_calls(calculator)
    images = [ends[0].copy() for _ in range(IMAGES + 1)] + [ends[1].copy()]
    for image in images:
        image.calc = image_calculator(calculator)
    band = NEB(images, k=0.1, method="improvedtangent")
    band.interpolate(mic=False, apply_constraint=False)
    band.interpolate("idpp", mic=True)
    FIRE(band, logfile=None).run(fmax=FMAX, steps=STEPS)
    band.climb = True
    assert FIRE(band, logfile=None).run(fmax=SADDLE_FMAX, steps=STEPS)
    energies = [image.get_potential_energy() for image in images]
    return max(energies) - energies[0], counted() - 2  # the ends were known


def measure() -> list[Figure]:
    """Count the calls of both on every hop, and take the times."""
    from anodeflow.process.threads import set_threads

    set_threads(1)
    rows, seconds = [], np.zeros(2)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        calculator = mace_calculator(folder, dtype="float64")
        host = relaxed_host(calculator, folder)
        for name in HOPS:
            ends = ends_of(name, host, calculator, folder)
            start = time.perf_counter()
            ours = our_path(ends, calculator, folder, name.replace(" ", "-"))
            middle = time.perf_counter()
            script = plain_path(ends, calculator)
            seconds += middle - start, time.perf_counter() - middle
            rows.append((*ours, *script))
    barrier, calls, barrier_plain, calls_plain = np.array(rows).T
    return [
        Figure("paths of m-g / plain, force calls", calls.sum() / calls_plain.sum(), "×", 0.5),
        Figure("paths of m-g, plain, force calls", calls_plain.sum(), "", None),
        Figure("paths of m-g / plain, time", seconds[0] / seconds[1], "×", 0.5),
        Figure("paths of m-g / plain, barriers", abs(barrier - barrier_plain).max(), "eV", 0.002),
    ]


def image_calculator(calculator):
    """Return a calculator for one image, which keeps its results while the others are asked."""
    from ase.calculators.calculator import Calculator, all_changes

    class Image(Calculator):
        implemented_properties = ("energy", "forces")

        def calculate(self, atoms=None, properties=("energy",), changes=all_changes):
            super().calculate(atoms, properties, changes)
            calculator.calculate(atoms, ["energy", "forces"], all_changes)
            self.results = {key: calculator.results[key] for key in ("energy", "forces")}

    return Image()


def count_calls(calculator):
    """Return a function that gives the calls since now, of a sum of model and D3."""
    model, calls = calculator.model, [0]
    begin = model.begin

    def counted(structures):
        calls[0] += len(structures)
        return begin(structures)

    def taken() -> int:
        model.begin = begin
        return calls[0]

    model.begin = counted
    return taken


if __name__ == "__main__":
    for figure in measure():
        print(figure.name, f"{figure.value:.4g}", figure.unit, figure.within)
