"""Times torch-sim on its own; run by the Python of .envs/peers, which has nothing of this project.

Standard input is JSON: {"model": path, "structures": {"md": path, "relaxation": path}, "steps": n,
"fmax": eV/Å}; the last line of standard output is JSON: seconds per MD step, seconds and force
calls of a relaxation.
"""

import json
import sys
import time

import torch
import torch_sim
from ase.io import read
from torch_sim.models.mace import MaceModel


class CountingModel(MaceModel):
    """A model that counts its force calls."""

    calls = 0

    def forward(self, *args, **kwargs):
        """Count and call the model."""
        self.calls += 1
        return super().forward(*args, **kwargs)


def run(atoms, model, steps):
    """Run dynamics of so many steps and return its seconds."""
    start = time.perf_counter()
    torch_sim.integrate(
        system=atoms,
        model=model,
        integrator=torch_sim.integrators.nvt_langevin,
        n_steps=steps,
        temperature=300.0,
        timestep=0.001,  # ps
    )
    return time.perf_counter() - start


def relax(atoms, model, fmax):
    """Relax by FIRE at fixed cell, with a test of convergence after every step."""
    start = time.perf_counter()
    torch_sim.optimize(
        system=atoms,
        model=model,
        optimizer=torch_sim.optimizers.fire,
        convergence_fn=torch_sim.generate_force_convergence_fn(fmax, include_cell_forces=False),
        steps_between_swaps=1,
    )
    return time.perf_counter() - start


def main():
    """Answer the order on standard input."""
    torch.set_num_threads(1)
    order = json.load(sys.stdin)
    settings = {"device": torch.device("cpu"), "dtype": torch.float64, "compute_stress": False}
    model = CountingModel(torch.load(order["model"], weights_only=False), **settings)
    moving, bent = (read(order["structures"][task]) for task in ("md", "relaxation"))
    run(moving, model, 3)
    start_up = run(moving, model, 1)
    step = (run(moving, model, 1 + order["steps"]) - start_up) / order["steps"]
    before = model.calls
    seconds = relax(bent, model, order["fmax"])
    print(json.dumps({"step": step, "relaxation": seconds, "calls": model.calls - before}))


if __name__ == "__main__":
    main()
