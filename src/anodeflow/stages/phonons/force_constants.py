"""Phonons of a hexagonal sheet by finite displacements, in phonopy's own objects and files."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.errors import AnodeflowError, StructureError, known
from anodeflow.evaluation.batches import evaluate_all
from anodeflow.files.atomic import whole
from anodeflow.stages.phonons.bands import first_line

if TYPE_CHECKING:
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms


def compute_force_constants(
    unit: Atoms,
    calc: Calculator,
    *,
    supercell: tuple[int, int, int],
    displacement: float,
    on_step: Callable[[int, int], None],
) -> "Phonopy":
    """Displace the symmetry-distinct atoms of a supercell one by one and return a phonopy.Phonopy.

    Φ_ij = −[F_j(u_i) − F_j(0)] / u_i, then projected onto the space group, index symmetry
    Φ_ij = Φ_jiᵀ and the acoustic sum rule Σ_j Φ_ij = 0 at once.

    Args:
        unit: relaxed unit cell, left as it is.
        calc: the model.
        supercell: repeats along a, b, c.
        displacement: |u| in Å.
        on_step: called after every force calculation with (done, total).

    Raises:
        StructureError: the calculator gave a force that is not a number.

    Source: K. Parlinski, Z. Q. Li, Y. Kawazoe, Phys. Rev. Lett. 78, 4063 (1997); symfc projector:
        A. Seko, A. Togo, Phys. Rev. B 110, 214302 (2024).
    """
    from phonopy import Phonopy

    phonon = Phonopy(_to_phonopy(unit), list(supercell), primitive_matrix="P")
    phonon.generate_displacements(distance=displacement)
    forces = _supercell_forces(phonon, calc, on_step)
    # ASSUME: what is left of the forces on the relaxed supercell does not depend on the
    # displacement, so subtracting it takes the first-order error out of the force constants.
    phonon.forces = forces[1:] - forces[0]
    phonon.produce_force_constants(calculate_full_force_constants=False)
    phonon.symmetrize_force_constants(use_symfc_projector=True)
    return phonon


def write_force_constants(phonon: "Phonopy", params_path: Path, force_constants_path: Path) -> None:
    """Write phonopy_params.yaml with its force sets and the compact force constants in HDF5."""
    from phonopy.file_IO import write_force_constants_to_hdf5

    with whole(params_path) as part:
        phonon.save(part)
    with whole(force_constants_path) as part:
        write_force_constants_to_hdf5(
            known(phonon.force_constants),
            filename=str(part),
            p2s_map=phonon.primitive.p2s_map,
            physical_unit="eV/angstrom^2",
        )


def load_phonon(params_path: Path, force_constants_path: Path) -> "Phonopy":
    """Read back what `write_force_constants` wrote, as a phonopy.Phonopy.

    Raises:
        AnodeflowError: a file is missing, damaged, or the two do not belong together.
    """
    import phonopy

    try:
        return phonopy.load(
            params_path,
            force_constants_filename=Path(force_constants_path),
            # A BORN file that happens to lie in the working directory must not be picked up.
            is_nac=False,
        )
    except Exception as error:
        raise AnodeflowError(
            f"{params_path} and {force_constants_path} cannot be read as phonopy files of one "
            f"calculation ({first_line(error)}); delete both and run the phonons again."
        ) from error


def _supercell_forces(
    phonon: "Phonopy", calc: Calculator, on_step: Callable[[int, int], None]
) -> np.ndarray:
    """Forces (1 + D, N, 3) on the perfect supercell and on each of D displaced ones."""
    cells = [phonon.supercell, *known(phonon.supercells_with_displacements)]
    found = evaluate_all(calc, [_to_ase(cell) for cell in cells], on_step=on_step)
    forces = np.array([results["forces"] for results in found])
    if not np.isfinite(forces).all():
        name = _to_ase(phonon.supercell).symbols
        raise StructureError(
            f"The model gives forces that are not numbers on the supercell {name} of the phonons; "
            "check the relaxed structure and the model."
        )
    return forces


def _to_phonopy(atoms: Atoms) -> "PhonopyAtoms":
    from phonopy.structure.atoms import PhonopyAtoms

    return PhonopyAtoms(
        symbols=atoms.get_chemical_symbols(),
        cell=atoms.cell.array,
        scaled_positions=atoms.get_scaled_positions(),
        # The masses of dynamics, which differ from phonopy's own table in the fourth digit.
        masses=atoms.get_masses(),
    )


def _to_ase(cell: "PhonopyAtoms") -> Atoms:
    return Atoms(cell.symbols, cell=cell.cell, positions=cell.positions, pbc=True)
