"""A path of an ion, relaxed by us, by janus-core and by matcalc, in one run.

All three have the demo model with D3 in float64, one thread, the same relaxed ends, five images by
IDPP, springs, improved tangents, held centres of both layers, and 0.02 eV/Å with the top image
climbing as their limit (`peer_paths.py`). The peers have torch-dftd's D3, which takes longer than
ours: calls compare the ways, CPU times all. What is left on a band is found by our calculator.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from figures import ROOT, WEIGHTS, Figure, mace_calculator
from paths import FMAX, IMAGES, SADDLE_FMAX, STEPS, ends_of, our_band, relaxed_host
from peers import ask

HOP = "over C to over Ti"
# Peers and their optimisers: the default of each, and one by which janus-core reaches the limit.
PEERS = {
    "janus-core": ("janus-core", "NEBOptimizer"),
    "janus-core, LBFGS": ("janus-core", "LBFGS"),
    "matcalc": ("matcalc", "BFGS"),
}


def peer_path(name: str, ends: list[Path], folder: Path) -> tuple[dict[str, float], list]:
    """Return a peer's seconds and force calls, and its band."""
    from ase.io import read

    peer, optimiser = PEERS[name]
    order = {"peer": peer, "optimiser": optimiser, "model": str(WEIGHTS)}
    order["ends"] = [str(end) for end in ends]
    order |= {"images": IMAGES, "fmax": FMAX, "saddle_fmax": SADDLE_FMAX, "steps": STEPS}
    order["band"] = str(folder / "band.extxyz")
    script = str(ROOT / "benchmarks/peer_paths.py")
    _, said = ask(["python", script], json.dumps(order), folder)
    return json.loads(said.splitlines()[-1]), read(order["band"], ":")


def judged(images, ends, calculator) -> tuple[float, float]:
    """Return the barrier (eV) of a band by our calculator, and the force left on it (eV/Å)."""
    from anodeflow.stages.barriers.band import Band

    band = Band(*ends, images=len(images) - 2)
    for own, image in zip(band.inner, images[1:-1], strict=True):
        own.set_positions(image.positions)
    band.evaluate(calculator)
    band.neb.climb = True
    left = np.linalg.norm(band.forces(), axis=-1).max()
    return max(band.energies) - band.energies[0], float(left)


def measure(peers=tuple(PEERS)) -> list[Figure]:
    """Relax the one path by us and by peers; compare calls, CPU times and what they end at."""
    from anodeflow.process.threads import set_threads

    set_threads(1)
    figures = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        calculator = mace_calculator(folder, dtype="float64")
        ends = ends_of(HOP, relaxed_host(calculator, folder), calculator, folder)
        files = [folder / f"end-{number}.extxyz" for number in (0, 1)]
        for end, file in zip(ends, files, strict=True):
            bare = end.copy()
            bare.set_constraint()
            bare.info = {}
            bare.write(file)
        start = time.process_time()
        band, calls = our_band(ends, calculator, folder, "ours")
        seconds, barrier = time.process_time() - start, max(band.energies) - band.energies[0]
        for peer in peers:
            found, images = peer_path(peer, files, folder)
            theirs, left = judged(images, ends, calculator)
            name = f"{peer}: path of m-g"
            figures += [
                Figure(f"ours / {name}, force calls", calls / found["calls"], "×", 1.0),
                Figure(f"{name}, force calls", found["calls"], "", None),
                Figure(f"ours / {name}, time", seconds / found["seconds"], "×", 1.0),
                Figure(f"{name}, time", found["seconds"], "s", None),
                Figure(f"{name}, force left", left, "eV/Å", None),
                Figure(f"ours / {name}, barriers", abs(barrier - theirs), "eV", 0.002),
            ]
    return figures


if __name__ == "__main__":
    for figure in measure(sys.argv[1:] or tuple(PEERS)):
        print(figure.name, f"{figure.value:.4g}", figure.unit, figure.within)
