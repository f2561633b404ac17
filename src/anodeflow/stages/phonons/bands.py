"""Frequencies on Γ–M–K–Γ and their density of states, in phonopy's own files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from anodeflow.errors import AnodeflowError, StructureError, known
from anodeflow.files.atomic import whole

if TYPE_CHECKING:
    from phonopy import Phonopy
    from phonopy.phonon.mesh import Mesh

PATH = (
    ("G", (0.0, 0.0, 0.0)),
    ("M", (1 / 2, 0.0, 0.0)),
    ("K", (1 / 3, 1 / 3, 0.0)),
    ("G", (0.0, 0.0, 0.0)),
)
"""Corners of the band path, in fractions of the reciprocal vectors of the 120 degree cell."""

GAMMA_LABEL = "$\\Gamma$"
"""phonopy's spelling of G in band.yaml, which its plot commands typeset."""


@dataclass(frozen=True)
class Bands:
    """Frequencies on the band path and on the mesh; imaginary ones are negative numbers.

    distance (Q,) along the path in 1/Å, without 2π as in phonopy; fraction (Q,) = distance / its
    last value; qpoints (Q, 3) fractional; frequencies_THz (Q, B), sorted at each q; labels of the
    corners as (fraction, "G" | "M" | "K"); dos_frequencies_THz (D,) and dos (D,) in states per THz
    and cell, ∫ dos = B; mesh_qpoints (I, 3) irreducible; mesh_frequencies_THz (I, B).
    """

    distance: np.ndarray
    fraction: np.ndarray
    qpoints: np.ndarray
    frequencies_THz: np.ndarray
    labels: list[tuple[float, str]]
    dos_frequencies_THz: np.ndarray
    dos: np.ndarray
    mesh_qpoints: np.ndarray
    mesh_frequencies_THz: np.ndarray


def run_bands_and_dos(
    phonon: "Phonopy", *, path_points: int, mesh: tuple[int, int, int], dos_width_THz: float
) -> Bands:
    """Frequencies on Γ–M–K–Γ and on a Γ-centred mesh, with the density of states of the mesh.

    g(ω) = Σ_q w_q Σ_b exp(−(ω − ω_qb)² / 2σ²) / (σ √(2π)), Σ_q w_q = 1.

    Args:
        phonon: phonopy.Phonopy with force constants; it keeps the results for `write_bands`.
        path_points: distinct q-points on the whole path, corners counted once.
        mesh: divisions along the three reciprocal vectors.
        dos_width_THz: σ, in THz.

    Raises:
        StructureError: the cell is not hexagonal with 120° between a and b.
    """
    segments = band_segments(phonon.primitive.cell, path_points=path_points)
    names = [GAMMA_LABEL if name == "G" else name for name, _ in PATH]
    phonon.run_band_structure(segments, labels=names)
    # An even Monkhorst-Pack mesh off Γ breaks the symmetry of a hexagonal cell.
    phonon.run_mesh(mesh, is_gamma_center=True)
    mesh_run = _mesh_of(phonon)
    low, high = mesh_run.frequencies.min(), mesh_run.frequencies.max()
    phonon.run_total_dos(
        sigma=dos_width_THz,
        freq_min=low - 5 * dos_width_THz,
        freq_max=high + 5 * dos_width_THz,
        freq_pitch=dos_width_THz / 10,
    )
    path, dos = known(phonon.band_structure), known(phonon.total_dos)
    return Bands(
        **_join_segments(path.distances, path.qpoints, path.frequencies),
        dos_frequencies_THz=dos.frequency_points,
        dos=known(dos.dos),
        mesh_qpoints=mesh_run.qpoints,
        mesh_frequencies_THz=mesh_run.frequencies,
    )


def write_bands(phonon: "Phonopy", band_path: Path, dos_path: Path, mesh_path: Path) -> None:
    """Write what `run_bands_and_dos` computed as phonopy's band.yaml, total_dos.dat, mesh.hdf5."""
    with whole(band_path) as part:
        phonon.write_yaml_band_structure(filename=part)
    with whole(dos_path) as part:
        phonon.write_total_dos(filename=part)
    with whole(mesh_path) as part:
        _mesh_of(phonon).write_hdf5(filename=part)


def read_bands(band_path: Path, dos_path: Path, mesh_path: Path) -> Bands:
    """Read back what `write_bands` wrote.

    Raises:
        AnodeflowError: a file is missing, damaged, or not of the path Γ–M–K–Γ.
    """
    import h5py
    import yaml

    try:
        with open(band_path) as stream:
            band = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        points = band["phonon"]
        ends = np.cumsum(band["segment_nqpoint"])[:-1]
        columns = (
            [point["distance"] for point in points],
            [point["q-position"] for point in points],
            [[mode["frequency"] for mode in point["band"]] for point in points],
        )
        path = _join_segments(*(np.split(np.array(column), ends) for column in columns))
        dos = np.loadtxt(dos_path)
        with h5py.File(mesh_path) as file:
            mesh_qpoints, mesh_frequencies = file["qpoint"][:], file["frequency"][:]
        return Bands(
            **path,
            dos_frequencies_THz=dos[:, 0],
            dos=dos[:, 1],
            mesh_qpoints=mesh_qpoints,
            mesh_frequencies_THz=mesh_frequencies,
        )
    except Exception as error:
        raise AnodeflowError(
            f"{band_path}, {dos_path} and {mesh_path} cannot be read as phonopy's band.yaml, "
            f"total_dos.dat and mesh.hdf5 ({first_line(error)}); delete them and run the phonons "
            "again."
        ) from error


def band_segments(cell: np.ndarray, *, path_points: int) -> list[np.ndarray]:
    """q-points (n_i, 3) of Γ–M, M–K and K–Γ, as evenly spaced as whole numbers allow.

    Both ends belong to each segment, so that Σ n_i = path_points + 2.

    Args:
        cell: (3, 3), rows are the cell vectors in Å.
        path_points: distinct points on the whole path.

    Raises:
        StructureError: the cell is not hexagonal with 120° between a and b.
    """
    _check_hexagonal(cell)
    corners = np.array([point for _, point in PATH])
    lengths = np.linalg.norm(np.diff(corners, axis=0) @ np.linalg.inv(cell).T, axis=1)
    ends = np.concatenate([[0.0], np.cumsum(lengths) / lengths.sum()])
    steps = np.diff(np.rint(ends * (path_points - 1)).astype(int))
    return [
        np.linspace(start, stop, count + 1)
        for start, stop, count in zip(corners[:-1], corners[1:], steps, strict=True)
    ]


def _check_hexagonal(cell: np.ndarray) -> None:
    a, b, angle = Atoms(cell=cell).cell.cellpar()[[0, 1, 5]]
    if abs(a - b) > 1e-3:
        raise StructureError(
            f"The band path needs a hexagonal cell, but the vectors of the unit cell are {a:.4f} "
            f"and {b:.4f} Å long, not alike; give the unit cell of the sheet with a = b."
        )
    if abs(angle - 120) > 0.05:
        raise StructureError(
            f"The band path needs a hexagonal cell, but the vectors of the unit cell are "
            f"{angle:.2f}° apart; give the unit cell of the sheet with 120° between a and b."
        )


def _mesh_of(phonon: "Phonopy") -> "Mesh":
    """Return the mesh that was run last, which is no iterator."""
    from phonopy.phonon.mesh import Mesh

    assert isinstance(phonon.mesh, Mesh)
    return phonon.mesh


def _join_segments(
    distances: list[Any], qpoints: list[Any], frequencies: list[Any]
) -> dict[str, Any]:
    """Chain the segments of a path, each corner once, with the fractions of the corners."""
    first = [0] + [1] * (len(distances) - 1)
    distance, points, values = (
        np.concatenate([part[skip:] for part, skip in zip(parts, first, strict=True)])
        for parts in (distances, qpoints, frequencies)
    )
    corners = np.array([0.0, *(part[-1] for part in distances)]) / distance[-1]
    names = [name for name, _ in PATH]
    return {
        "distance": distance,
        "fraction": distance / distance[-1],
        "qpoints": points,
        "frequencies_THz": values,
        "labels": [(float(at), name) for at, name in zip(corners, names, strict=True)],
    }


def first_line(error: Exception) -> str:
    """Return what an error says first, or what it is called."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
