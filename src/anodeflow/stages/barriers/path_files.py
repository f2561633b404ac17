"""Sites and paths as frames of extended XYZ, written by one job and read by others."""

from collections.abc import Sequence

from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.stages.barriers.host_symmetry import Edge
from anodeflow.stages.barriers.paths import FoundPath, Search

JOINED = ("start", "end", "shift_a", "shift_b")


def site_frames(search: Search) -> list[Atoms]:
    """Return the sites as frames, those that lay on paths among them, and then what is no site."""
    every = search.sites + search.changed
    return [_plain(site, {"site": number}) for number, site in enumerate(every)]


def path_frames(search: Search) -> list[Atoms]:
    """Return the images of all paths as frames; info tells the path, what it joins, the image."""
    frames = []
    for (start, end, shift), path in sorted(search.paths.items()):
        own = {"path": path.label, "start": start, "end": end}
        own |= {"shift_a": shift[0], "shift_b": shift[1]}
        own |= {"path_fmax": path.fmax, "converged": path.converged}
        own |= {"fault": path.fault} if path.fault else {}
        frames += [_plain(image, own | {"image": n}) for n, image in enumerate(path.images)]
    return frames


def read_paths(frames: Sequence[Atoms]) -> list[FoundPath]:
    """Return the paths that `path_frames` wrote.

    Raises:
        StructureError: a frame does not say which path it is of.
    """
    images: dict[Edge, list[Atoms]] = {}
    for frame in frames:
        try:
            start, end, a, b = (int(frame.info[key]) for key in JOINED)
        except KeyError as missing:
            raise StructureError(
                f"a frame of the paths lacks {missing}: delete the file and make it again."
            ) from None
        images.setdefault((start, end, (a, b)), []).append(frame)
    return [
        FoundPath(
            edge,
            own,
            float(own[0].info["path_fmax"]),
            bool(own[0].info["converged"]),
            str(own[0].info.get("fault", "")),
        )
        for edge, own in images.items()
    ]


def _plain(atoms: Atoms, info: dict[str, object]) -> Atoms:
    """Return a copy without constraints, which the format does not know."""
    frame: Atoms = atoms.copy()
    frame.set_constraint()
    frame.calc = atoms.calc
    kept = ("energy_model", "energy_dispersion", "fmax", "starts", "changed")
    frame.info = {key: atoms.info[key] for key in kept if key in atoms.info} | info
    return frame
