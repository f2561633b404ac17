"""Frames of a stack whose atoms are harmonic oscillators at a temperature, exact at any time."""

import numpy as np
from ase import units
from springs import make_stack

from anodeflow.structures import roles

PERIODS_FS = {"C": 25.0, "O": 60.0, "Ti": 120.0, "Na": 400.0}
"""About those of a real stack: two carbons of a sheet, a layer's O and Ti, an ion in the gap."""


def vibrating(*, interval_fs, count, temperature=300.0, seed=3, stack=None):
    """x = A cos(ωt + φ) for every component, A drawn so that ⟨m ω² x²⟩ is kT; z as x and y."""
    stack = make_stack() if stack is None else stack
    rng, shape = np.random.default_rng(seed), (len(stack), 3)
    spread = rng.uniform(0.7, 1.4, shape)
    periods = np.array([PERIODS_FS[symbol] for symbol in stack.symbols])[:, None] * spread
    omega = 2 * np.pi / (periods * units.fs)
    thermal = np.sqrt(units.kB * temperature / stack.get_masses())[:, None]
    amplitude = thermal / omega * np.sqrt(2 * rng.exponential(size=shape))
    phase = rng.uniform(0, 2 * np.pi, shape)
    frames = []
    for k in range(count):
        angle = omega * k * interval_fs * units.fs + phase
        frame = stack.copy()
        frame.positions += amplitude * np.cos(angle)
        frame.set_velocities(-amplitude * omega * np.sin(angle))
        frames.append(frame)
    return frames


def without_momenta(frames):
    """Return copies of frames that hold no momenta."""
    bare = [frame.copy() for frame in frames]
    for frame in bare:
        del frame.arrays["momenta"]
    return bare


def hopping(*, interval_fs, count, hop_at, to, ion=0, crossing_fs=300.0, **options):
    """Frames of `vibrating` in which one ion goes by `to` (3,) Å, evenly over `crossing_fs`."""
    frames = vibrating(interval_fs=interval_fs, count=count, **options)
    atom = np.flatnonzero(roles.ions(frames[0]))[ion]
    for k, frame in enumerate(frames):
        share = np.clip((k - hop_at) * interval_fs / crossing_fs, 0.0, 1.0)
        frame.positions[atom] += share * np.asarray(to)
    return frames
