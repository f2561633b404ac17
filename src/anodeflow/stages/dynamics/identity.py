"""Whether an atom of an imported run is the same atom from frame to frame."""

import numpy as np
from ase import Atoms, units
from ase.geometry import find_mic

from anodeflow.errors import TrajectoryError
from anodeflow.structures import roles
from anodeflow.structures.geometry import ANGSTROM2_TO_NM2, area_nm2

SIGMAS = 6.0
"""Thermal velocities that no atom of a run exceeds on the mean over an interval."""

AT_REST = 0.1
"""Å that are allowed at whatever temperature, for digits that are not written."""

STIRRED = 0.5
"""Å beyond its layer's own shift from which an atom may stand in another's place."""

NEAR_HALF = 0.8
"""Share of half a cell from which a shift may have gone the other way round."""


def require_no_exchange(atoms: Atoms, positions: np.ndarray) -> None:
    """Refuse a run in which atoms of an element take each other's places between two frames.

    Each atom that moved is given the place, as of the frame before, that it is nearest to. Where
    these close a ring, each within half the distance of like hollows, the list was renumbered: a
    hop of ions leads to an empty site, a vibration to the atom's own place.

    Args:
        atoms: with tags.
        positions: unwrapped (F, N, 3), Å.

    Raises:
        TrajectoryError: names the atom, how far it moved, and the frames.
    """
    steps = np.diff(positions, axis=0)
    in_layer = steps - _layer_shifts(atoms, steps)
    in_host = steps - _host_shift(atoms, steps)
    stirred = np.linalg.norm(in_layer, axis=2) > STIRRED
    for frame in np.flatnonzero(stirred.sum(axis=1) > 1).tolist():
        moved = np.flatnonzero(stirred[frame])
        # In its layer's own frame, too, since a sheet may slide; but an atom may change layers.
        for shifts in (in_host[frame], in_layer[frame]):
            _refuse_exchange(atoms, positions[frame], shifts, moved, frame)


def _refuse_exchange(
    atoms: Atoms, before: np.ndarray, shifts: np.ndarray, moved: np.ndarray, frame: int
) -> None:
    for atom, place in _exchanged(atoms, before, shifts, moved):
        raise TrajectoryError(
            f"Atom {atom} ({atoms.symbols[atom]}) moved by {np.linalg.norm(shifts[atom]):.2f} Å "
            f"between frames {frame} and {frame + 1}, to where atom {place} "
            f"({atoms.symbols[place]}) was, which went elsewhere: atoms are renumbered, or frames "
            "too far apart to follow them; give frames that list every atom at its own place, near "
            "enough to each other."
        )


def require_thermal_steps(
    atoms: Atoms, positions: np.ndarray, *, interval_fs: float, temperature: float
) -> None:
    """Refuse a run in which an atom moves farther between two frames than heat carries it.

    That is 6 √(k T / m) Δt, in the frame of the median of the layers' atoms.

    Args:
        atoms: with tags.
        positions: unwrapped (F, N, 3), Å.
        interval_fs: Δt, fs.
        temperature: T, the highest that the run may have had, K.

    Raises:
        TrajectoryError: names the atom, how far it moved, and the frames.
    """
    steps = np.diff(positions, axis=0)
    far = np.linalg.norm(steps - _host_shift(atoms, steps), axis=2)
    thermal = SIGMAS * np.sqrt(units.kB * temperature / atoms.get_masses()) * interval_fs * units.fs
    beyond = far > thermal + AT_REST
    if beyond.any():
        frame, atom = (int(k) for k in np.argwhere(beyond)[0])
        raise TrajectoryError(
            f"Atom {atom} ({atoms.symbols[atom]}) moved by {far[frame, atom]:.2f} Å between frames "
            f"{frame} and {frame + 1}, where 6 √(kT/m) Δt is {thermal[atom]:.2f} Å at "
            f"{temperature:.0f} K in {interval_fs:g} fs: the interval is longer, a frame is "
            "missing, or atoms are renumbered; correct --interval-fs or the file."
        )


def note_on_unwrapping(atoms: Atoms, positions: np.ndarray) -> str:
    """Say where an atom may have moved half a cell between two frames; empty where none did.

    Args:
        atoms: with the cell.
        positions: unwrapped (F, N, 3), Å.
    """
    far = np.linalg.norm(np.diff(positions, axis=0)[..., :2], axis=2)
    a, b = atoms.cell.array[:2, :2]
    half = min(float(np.linalg.norm(i * a + j * b)) for i, j in ((1, 0), (0, 1), (1, 1), (1, -1)))
    half /= 2
    if not len(far) or far.max() <= NEAR_HALF * half:
        return ""
    frame, atom = (int(k) for k in np.unravel_index(far.argmax(), far.shape))
    return (
        f"atom {atom} ({atoms.symbols[atom]}) moved by {far[frame, atom]:.2f} Å between frames "
        f"{frame} and {frame + 1}, near half the cell ({half:.2f} Å): which way round it went is "
        "not known, and its path may be a cell off"
    )


def _host_shift(atoms: Atoms, steps: np.ndarray) -> np.ndarray:
    host = roles.bottom(atoms) | roles.top(atoms)
    found: np.ndarray = np.median(steps[:, host], axis=1, keepdims=True)
    return found


def _layer_shifts(atoms: Atoms, steps: np.ndarray) -> np.ndarray:
    """Return by what each atom's layer moved as a whole, an ion's by the bottom layer (F, N, 3)."""
    shifts = np.repeat(_host_shift(atoms, steps), len(atoms), axis=1)
    for layer in (roles.bottom(atoms), roles.top(atoms)):
        shifts[:, layer] = np.median(steps[:, layer], axis=1, keepdims=True)
    return shifts


def _exchanged(
    atoms: Atoms, before: np.ndarray, shifts: np.ndarray, moved: np.ndarray
) -> list[tuple[int, int]]:
    """List the atoms, of those that moved, on closed rings; each with whose place it took.

    before (N, 3) places in the earlier frame, shifts (N, 3) to the later one, Å.
    """
    half_site = np.sqrt(2 / np.sqrt(3) * _area(atoms) / roles.facing(atoms).sum()) / 2
    nearest: dict[int, int] = {}
    for number in np.unique(atoms.numbers[moved]):
        like = moved[atoms.numbers[moved] == number]
        between = before[like][None] - (before[like] + shifts[like])[:, None]
        _, apart = find_mic(between.reshape(-1, 3), atoms.cell, atoms.pbc)
        apart = apart.reshape(len(like), len(like))
        places = apart.argmin(axis=1)
        near = apart[np.arange(len(like)), places] <= half_site
        nearest |= {int(like[i]): int(like[places[i]]) for i in np.flatnonzero(near)}
    return [(atom, place) for atom, place in nearest.items() if _on_ring(atom, nearest)]


def _on_ring(atom: int, nearest: dict[int, int]) -> bool:
    """Say whether the places that are taken lead from an atom through others back to it."""
    seen, place = {atom}, nearest[atom]
    while place in nearest and place not in seen:
        seen.add(place)
        place = nearest[place]
    return place == atom and len(seen) > 1


def _area(atoms: Atoms) -> float:
    return area_nm2(atoms) / ANGSTROM2_TO_NM2
