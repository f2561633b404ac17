"""What barriers leave behind: their files as types, and the rows and quantities made of them."""

from anodeflow.files.result_file import ResultFile, ResultPart


class Frequencies(ResultPart):
    """Vibrations at a site or a saddle; those of imaginary modes are negative."""

    frequencies_THz: list[float]


class Vibrations(ResultFile):
    """Vibrations at the distinct sites, by their numbers, and at the saddles, by their paths."""

    atoms: list[int]
    sites: dict[str, Frequencies]
    saddles: dict[str, Frequencies]


class Site(ResultPart):
    """Where the ion rests; energies from the lowest site."""

    energy_eV: float
    position: tuple[float, float, float]
    starts: str
    like: int
    """The first of the sites that are equivalent to it."""
    log_vibrations: float | None
    """Σ ln(ν/THz); null where no vibrations were computed, or one is imaginary."""
    imaginary: int | None


class HopRow(ResultPart):
    """A hop from one site to another, and back."""

    path: str
    """The path, or the one that is equivalent to it, in paths.extxyz."""
    start: int
    end: int
    shift: tuple[int, int]
    """Cells from the cell of the start to that of the end."""
    vector: tuple[float, float]
    """Å."""
    saddle_eV: float
    barrier_eV: float
    barrier_back_eV: float
    prefactor_per_ps: float | None
    prefactor_back_per_ps: float | None


class PercolationBarrier(ResultPart):
    """The lowest barrier of motion without end; null where the network has none."""

    one_direction: float | None
    both_directions: float | None


class Step(ResultPart):
    """A hop of a walk, and whether it is made from its end to its start."""

    hop: int
    backward: bool


class MotionAt(ResultPart):
    """What the network makes of the ion's motion at a temperature."""

    temperature_K: float
    D_cm2_s: float
    D_tensor_cm2_s: tuple[tuple[float, float], tuple[float, float]]
    anisotropy: float | None
    """Of the tensor's eigenvalues, the larger to the smaller."""
    limiting_path: str
    limiting_share: float
    """∂ ln D / ∂ ln Γ of the hops along it."""


class NetworkResult(ResultFile):
    """The network of an ion's sites and hops, and its long-range motion."""

    ion: str
    sites: list[Site]
    hops: list[HopRow]
    percolation_barrier: PercolationBarrier
    walk: list[Step]
    """The lowest walk that winds round the cell."""
    motion: list[MotionAt]
    """By temperature; empty without vibrations."""
    error_eV: float | None
    """Of the walk's barrier: what images and forces leave open."""
    left_out: list[str]
    """Paths that did not converge, or whose vibrations are not those of a saddle."""
    operations: int
    """Of the host's symmetry that the network has."""
    note: str
