"""The band of a peer between two given ends; run by the peers' Python, from path_peers.py.

Both are given the same: model and D3 as janus-core builds them, in float64, the ends with the
constraint of our stage, springs and tangents, and the images that ASE's IDPP makes.
"""

import json
import sys
import time
from pathlib import Path

import torch
from ase.io import read, write
from ase.mep import NEB

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from anodeflow.stages.barriers.held_centres import held

SPRINGS = {"k": 0.1, "method": "improvedtangent"}
IDPP = {"method": "idpp", "mic": True}


def counting_calculator(model: str):
    """Return MACE with D3 as janus-core builds it, and the list that each of its calls adds to."""
    from janus_core.helpers.mlip_calculators import choose_calculator

    calculator = choose_calculator(arch="mace_mp", model=model, dispersion=True)
    part, calls = calculator.mixer.calcs[0], []
    calculate = part.calculate

    def counted(*given, **named):
        calls.append(1)
        return calculate(*given, **named)

    part.calculate = counted
    return calculator, calls


def by_janus(ends, calculator, order):
    """Relax a band by janus-core's NEB, without and then with climbing.

    By Python, since its command line can neither hold anything nor begin to climb on the way.
    """
    import janus_core.calculations.neb as janus

    ends[0].calc = calculator
    options = {"neb_kwargs": SPRINGS, "interpolator_kwargs": IDPP, "n_images": order["images"]}
    options |= {"optimizer": order["optimiser"], "optimizer_kwargs": {"logfile": None}}
    options |= {"steps": order["steps"], "write_results": False, "attach_logger": False}
    path = janus.NEB(*ends, **options)
    path.run(fmax=order["fmax"])
    path.neb.climb = True
    path.run(fmax=order["saddle_fmax"])
    return path.images


def by_matcalc(ends, calculator, order):
    """Relax the same by matcalc's NEBCalc, which climbs from the start."""
    from matcalc import NEBCalc

    images = [ends[0].copy() for _ in range(order["images"] + 1)] + [ends[1]]
    NEB(images).interpolate(**IDPP)
    options = {"optimizer": order["optimiser"], "max_steps": order["steps"], "k": SPRINGS["k"]}
    own = NEBCalc(calculator, fmax=order["saddle_fmax"], **options)
    own.calc({f"image{number:02d}": image for number, image in enumerate(images)})
    return own.neb.images


def main():
    """Answer the order on standard input; the band goes to a file."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    order = json.load(sys.stdin)
    ends = [held(read(path)) for path in order["ends"]]
    calculator, calls = counting_calculator(order["model"])
    warm = ends[0].copy()
    warm.calc = calculator
    warm.get_forces()
    calls.clear()
    start = time.process_time()
    relax = {"janus-core": by_janus, "matcalc": by_matcalc}[order["peer"]]
    images = relax(ends, calculator, order)
    seconds = time.process_time() - start
    for image in images:
        image.set_constraint()
        image.calc = None
    write(order["band"], images)
    print(json.dumps({"seconds": seconds, "calls": len(calls)}))


if __name__ == "__main__":
    main()
