"""Is the sheet stable: a verdict that names the mode it rests on."""

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from anodeflow.stages.phonons.bands import PATH, Bands
from anodeflow.stages.phonons.compression import Compression, explain
from anodeflow.stages.phonons.results import Comparison, Kind, PhononVerdict

ACOUSTIC_BRANCHES = 3


@dataclass(frozen=True)
class Mode:
    """A mode: frequency, q-point (fractional), branch (from 1), distance from Γ (1/Å), where."""

    frequency_THz: float
    qpoint: tuple[float, float, float]
    branch: int
    gamma_distance: float
    where: Literal["path", "mesh"]


def verdict(
    bands: Bands,
    reciprocal_cell: np.ndarray,
    *,
    imaginary_THz: float,
    gamma_radius: float,
    compression: Compression | None = None,
    reference: Comparison | None = None,
) -> PhononVerdict:
    """Call a sheet stable, stable but for an acoustic residue near Γ, or unstable.

    A mode is imaginary below `imaginary_THz`, on path or mesh. The imaginary modes are a residue
    when every one belongs to the three lowest branches and lies within |q| ≤ gamma_radius of a
    Γ point, q = 2π (f − G) · reciprocal_cell; otherwise the sheet is unstable, and the mode named
    is the lowest one that is not such a residue.

    Args:
        bands: of the model.
        reciprocal_cell: (3, 3), rows b_i in 1/Å with a_i · b_j = δ_ij, as `Atoms.cell.reciprocal()`
            gives them.
        imaginary_THz: a negative number in THz.
        gamma_radius: in 1/Å, 2π included.
        compression: how the sheet is pressed in its plane, for the sentence on a residue.
        reference: how far the same frequencies are from reference ones, to stand beside.
    """
    modes = _mode_table(bands, np.asarray(reciprocal_cell))
    frequency = modes["frequency_THz"]
    # ASSUME: imaginary acoustic modes at long wavelength say nothing about the structure. They come
    # from truncated force constants, or from a lattice constant below the model's own
    # (`compression_needed`).
    near = (modes["branch"] <= ACOUSTIC_BRANCHES) & (modes["gamma_distance"] <= gamma_radius)
    imaginary = frequency < imaginary_THz
    kind, candidates = _classify(imaginary, near)
    mode = _lowest_mode(modes, candidates)
    bends = kind == "acoustic residue near Gamma" and mode.gamma_distance > 0
    why = explain(mode.frequency_THz, mode.gamma_distance, compression) if bends else ""
    reach = float(modes["gamma_distance"][imaginary].max(initial=0.0))
    return PhononVerdict(
        stable=kind != "unstable",
        kind=kind,
        minimum_THz=float(frequency.min()),
        minimum_path_THz=float(bands.frequencies_THz.min()),
        minimum_mesh_THz=float(bands.mesh_frequencies_THz.min()),
        **asdict(mode),
        imaginary_reach=reach,
        sentence=_sentence(kind, mode, reach, imaginary_THz, gamma_radius) + why,
        compression_N_m=None if compression is None else compression.N_m,
        highest_THz=float(bands.frequencies_THz.max()),
        reference=reference,
    )


def _classify(imaginary: np.ndarray, near: np.ndarray) -> tuple[Kind, np.ndarray]:
    """Kind of the verdict, and the mask of the modes of which the lowest decides it."""
    if (imaginary & ~near).any():
        return "unstable", imaginary & ~near
    if imaginary.any():
        return "acoustic residue near Gamma", imaginary
    return "stable", np.ones_like(imaginary)


def _lowest_mode(modes: dict[str, np.ndarray], candidates: np.ndarray) -> Mode:
    indices = np.flatnonzero(candidates)
    # Rounded, so that of equivalent q-points the first on the path is named, not one by chance.
    named = indices[np.argmin(np.round(modes["frequency_THz"][indices], 6))]
    return Mode(
        frequency_THz=float(modes["frequency_THz"][named]),
        qpoint=tuple(modes["qpoint"][named].tolist()),
        branch=int(modes["branch"][named]),
        gamma_distance=float(modes["gamma_distance"][named]),
        where="path" if modes["on_path"][named] else "mesh",
    )


def _mode_table(bands: Bands, reciprocal_cell: np.ndarray) -> dict[str, np.ndarray]:
    """Columns over all modes of path and mesh, path first."""
    qpoints = np.concatenate([bands.qpoints, bands.mesh_qpoints])
    frequencies = np.concatenate([bands.frequencies_THz, bands.mesh_frequencies_THz])
    branches = frequencies.shape[1]
    return {
        "frequency_THz": np.sort(frequencies, axis=1).ravel(),
        "branch": np.tile(np.arange(1, branches + 1), len(qpoints)),
        "qpoint": np.repeat(qpoints, branches, axis=0),
        "gamma_distance": np.repeat(_gamma_distance(qpoints, reciprocal_cell), branches),
        "on_path": np.repeat(np.arange(len(qpoints)) < len(bands.qpoints), branches),
    }


def _gamma_distance(qpoints: np.ndarray, reciprocal_cell: np.ndarray) -> np.ndarray:
    """Distance (Q,) in 1/Å, 2π included, of fractional q-points (Q, 3) to the nearest Γ point."""
    folded = qpoints - np.rint(qpoints)
    shifts = np.array([(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
    images = (folded[:, None, :] - shifts) @ (2 * np.pi * reciprocal_cell)
    found: np.ndarray = np.linalg.norm(images, axis=2).min(axis=1)
    return found


def _sentence(
    kind: Kind, mode: Mode, imaginary_reach: float, imaginary_THz: float, gamma_radius: float
) -> str:
    place = _place(mode)
    # Adding zero turns the -0.000 of acoustic modes at Gamma into 0.000.
    frequency = round(mode.frequency_THz, 3) + 0.0
    if kind == "unstable":
        return (
            f"Unstable: branch {mode.branch} reaches {frequency:.3f} THz at {place}, "
            f"{mode.gamma_distance:.3f} 1/Å from Gamma."
        )
    if kind == "stable":
        return (
            f"Stable: no frequency below {imaginary_THz:g} THz on path or mesh; the lowest is "
            f"{frequency:.3f} THz, branch {mode.branch} at {place}."
        )
    return (
        f"Stable but for an acoustic residue near Gamma: branch {mode.branch} reaches "
        f"{frequency:.3f} THz at {place}, {mode.gamma_distance:.3f} 1/Å from Gamma; modes "
        f"below {imaginary_THz:g} THz end at {imaginary_reach:.3f} 1/Å, within the limit "
        f"of {gamma_radius:g} 1/Å."
    )


def _place(mode: Mode) -> str:
    for name, corner in PATH:
        if np.allclose(mode.qpoint, corner, atol=1e-6):
            return f"{'Gamma' if name == 'G' else name} ({mode.where})"
    x, y, z = mode.qpoint
    return f"q = ({x:.3f}, {y:.3f}, {z:.3f}) on the {mode.where}"
