"""Tells in five minutes what a GPU gives a study: `make test-gpu`, on the node that has it.

Needs torch, mace-torch, ase, h5py and matscipy: what else the library imports has stand-ins
(`stand_ins`). Prints lines for the configuration and the profile; all numbers go to a JSON file.
"""

import argparse
import json
import platform
import resource
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import stand_ins

PACKAGES = ("torch", "mace-torch", "e3nn", "ase", "h5py", "matscipy", "numpy", "cuequivariance")
GRAPHS = {"cuda_graphs": True}
OPTIONS = {
    "as it is": {},
    "CUDA graphs": GRAPHS,
    "contraction by element": {"contraction_by_element": True},
    "contraction by element, CUDA graphs": GRAPHS | {"contraction_by_element": True},
    "cuEquivariance": {"cuequivariance": True},
    "cuEquivariance, CUDA graphs": GRAPHS | {"cuequivariance": True},
}
SPARE = 0.8
"""Share of the GPU's memory that a batch may take."""


def arguments(given: list[str] | None) -> argparse.Namespace:
    """Read the command line; the sizes are smaller in the tests."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, help="a MACE file; else the demo model")
    parser.add_argument("--like", default="128x0e + 128x1o", help="shape of a random model; or ''")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--output", type=Path, default=Path("gpu-check.json"))
    parser.add_argument("--members", type=int, nargs="+", default=[1, 2, 8, 27])
    parser.add_argument("--dtypes", nargs="+", default=["float64", "float32"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=6, help="steps; a graph is made in the 4th")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--points", type=int, default=5, help="spacings of the scan")
    parser.add_argument("--fmax", type=float, default=0.01, help="of the scan, eV/Å")
    parser.add_argument("--supercell", type=int, default=4)
    parser.add_argument("--limit", type=float, default=270.0, help="s, after which no part begins")
    return parser.parse_args(given)


class Check:
    """The parts of a check: each is timed, and none begins after the limit."""

    def __init__(self, limit: float):
        """Start the clock."""
        self.start, self.limit = time.perf_counter(), limit
        self.found: dict = {"seconds": {}, "left_out": [], "failed": {}}

    def part(self, name: str, measure) -> None:
        """Measure a part and keep what it found, or that it failed, or that time was over."""
        begun = time.perf_counter()
        if begun - self.start > self.limit:
            self.found["left_out"].append(name)
            return
        print(f"{name} …", flush=True)
        try:
            self.found[name] = measure()
        except Exception as error:  # a full memory, say: the other parts are still worth knowing
            self.found["failed"][name] = f"{type(error).__name__}: {error}"
        self.found["seconds"][name] = time.perf_counter() - begun


def about(device: str, stood_in: list[str]) -> dict:
    """Return what the numbers were found with."""
    import torch

    from anodeflow.equivalence.timing import device_name

    found = {"device": device_name(device), "python": platform.python_version()}
    if device == "cuda":
        free, total = torch.cuda.mem_get_info()
        found |= {"cuda": torch.version.cuda or torch.version.hip, "memory_MB": total / 2**20}
        found["free_memory_MB"] = free / 2**20
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    return found | {"packages": packages, "stand_ins": stood_in}


def graphs_work(check: Check, load) -> bool:
    """Return whether calls with CUDA graphs end well; where they do not, the rest goes without."""
    from gpu_parts import seconds_of_parts

    tried = "calls with CUDA graphs"
    check.part(tried, lambda: seconds_of_parts(load(**GRAPHS), 1))
    return tried in check.found


def run(chosen: argparse.Namespace, folder: Path, stood_in: list[str]) -> dict:
    """Measure all parts."""
    import clones
    import gpu_parts as parts
    from figures import WEIGHTS, mace_calculator, study_d3

    source, device = chosen.model or WEIGHTS, chosen.device
    plain = {"family": "mace", "device": device, "dispersion": study_d3()}
    steps = {"steps": chosen.steps, "warm_up": chosen.warm_up, "calls": chosen.calls}

    def load(*, of: Path = source, dtype: str = "float64", **options):
        made = mace_calculator(folder, dtype=dtype, source=of, device=device, **options)
        made.batch_size = max(chosen.members)
        return made

    check = Check(chosen.limit)
    best = GRAPHS if device == "cuda" and graphs_work(check, load) else {}
    calculators = {dtype: load(dtype=dtype, **best) for dtype in chosen.dtypes}
    still = calculators[chosen.dtypes[0]]
    check.found |= {"about": about(device, stood_in), "model": source.name}
    check.part("gate", lambda: parts.gate(folder, source, plain | best, chosen.dtypes))
    for dtype, calculator in calculators.items():
        named = f"dynamics in {dtype}"
        check.part(named, lambda c=calculator: parts.dynamics(c, chosen.members, device, **steps))
    check.part("scan", lambda: parts.scan(still, points=chosen.points, fmax=chosen.fmax))
    check.part("phonons", lambda: parts.phonons(still, supercell=chosen.supercell))
    options = OPTIONS if device == "cuda" else {"as it is": {}}
    ends = sorted({min(chosen.members), max(chosen.members)})
    check.part("calls", lambda: parts.calls_of_options(load, options, ends, calls=chosen.calls))
    both = {"counts": ends, "device": device, "calls": chosen.calls}
    check.part("D3 both ways", lambda: parts.d3_both_ways(still, **both))
    if chosen.like and not chosen.model:
        large = folder / "large.pt"
        clones.write_clone(large, chosen.like)
        name, most = f"dynamics of a random {chosen.like}", chosen.members[-1:]
        check.part(name, lambda: parts.dynamics(load(of=large, **best), most, device, **steps))
    check.found["host_memory_MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return check.found


def study_steps(config: dict) -> float:
    """Return the steps of all runs of a model in a configuration."""
    own, total = config["dynamics"], 0.0
    layers, stacks = config["structures"]["layers"], config["structures"]["stacks"]
    for kind in own["runs"]:
        length_fs = 1000 * (kind["equilibration_ps"] + kind["production_ps"])
        runs = kind["replicas"] * len(kind["temperatures"] or own["temperatures"])
        for stack in kind["stacks"]:
            groups = [layers[stacks[stack][end]].get("group") for end in ("bottom", "top")]
            with_hydrogen = "hydroxyl" in groups
            step_fs = own["timestep_with_hydrogen_fs" if with_hydrogen else "timestep_fs"]
            total += length_fs / step_fs * runs
    return total


def lines(found: dict, chosen: argparse.Namespace, config: dict) -> list[str]:
    """Return what to put into configuration and profile, and what it was found from."""
    said = [f"{found['about']['device']}, {found['model']}:"]
    for dtype in chosen.dtypes:
        agrees = found["gate"][dtype]["agrees"] if "gate" in found else "not checked"
        said.append(f"  gate in {dtype}: {'agrees' if agrees is True else agrees or 'DIFFERS'}")
    for name, rows in found.items():
        if not name.startswith("dynamics"):
            continue
        for row in rows:
            said.append(
                f"  {name}, {row['together']} together: {row['steps_per_second']:.3g} steps/s, "
                f"D3 {row['share_of_D3']:.0%}, host {row['share_of_host']:.0%}"
            )
        best = max(rows, key=lambda row: row["steps_per_second"])
        hours = study_steps(config) / best["steps_per_second"] / 3600
        said.append(f"    the study's dynamics, one model: {hours:.3g} h")
    return said + settings_for(found, chosen)


def settings_for(found: dict, chosen: argparse.Namespace) -> list[str]:
    """Return the lines to copy."""
    rows = found.get(f"dynamics in {chosen.dtypes[0]}")
    if rows is None:
        return ["no dynamics was measured", *map(str, found["failed"].items())]
    best = max(rows, key=lambda row: row["steps_per_second"])
    said = ["in a file for --configfile, NAME being your entry below `models`:"]
    said.append(f"  dynamics: {{together: {best['together']}}}")
    taken, total = rows[-1]["gpu_memory_MB"], found["about"].get("memory_MB")
    if taken and total:
        fit = int(SPARE * total / taken * rows[-1]["together"])
        said.append(f"  # its memory holds some {fit} of these structures in a batch")
    options = f"device: {chosen.device}, {options_for(found)}"
    said.append(f"  models: {{NAME: {{calculator: {{{options}}}}}}}")
    host = 1000 * (1 + int(found["host_memory_MB"] // 1000))
    said += [
        "in profiles/slurm/config.yaml, a row of `set-resources`:",
        f"  advance_dynamics: {{mem_mb: {host}}}",
    ]
    said += [f"failed: {name}: {error}" for name, error in found["failed"].items()]
    if found["left_out"]:
        said.append(f"left out, for want of time: {', '.join(found['left_out'])}")
    return said


def options_for(found: dict) -> str:
    """Return the fastest options of a call of the largest batch that was measured."""
    rows = [row for row in found.get("calls", []) if "model_ms" in row]
    if not rows:
        return "dispersion: true"
    most = max(row["together"] for row in rows)
    fastest = min((r for r in rows if r["together"] == most), key=lambda row: row["model_ms"])
    chosen = OPTIONS[fastest["option"]]
    return ", ".join(["dispersion: true", *(f"{name}: true" for name in chosen)])


def main(given: list[str] | None = None) -> None:
    """Measure, print and write."""
    chosen, stood_in = arguments(given), stand_ins.install()
    from figures import study_config

    from anodeflow.errors import AnodeflowError
    from anodeflow.process.threads import set_threads

    set_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = run(chosen, Path(folder), stood_in)
    except AnodeflowError as error:
        sys.exit(str(error))
    chosen.output.write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join([*lines(found, chosen, study_config()), f"all numbers: {chosen.output}"]))


if __name__ == "__main__":
    main()
