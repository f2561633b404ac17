"""Networks of sites and hops on lattices, and the same network written down otherwise."""

from dataclasses import replace

import numpy as np

from anodeflow.stages.barriers.network import Hop, Network

HEXAGONAL = np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
PREFACTOR = 10.0
"""Vineyard's prefactor of every hop, 1/ps, where a test does not say another."""


def neighbours(cell, positions, reach):
    """Return (start, end, shift) of all pairs that are `reach` apart, each once."""
    found = []
    for i in range(len(positions)):
        for j in range(i, len(positions)):
            for shift in [(a, b) for a in range(-4, 5) for b in range(-4, 5)]:
                length = np.linalg.norm(positions[j] + np.array(shift) @ cell - positions[i])
                if (i != j or shift > (0, 0)) and abs(length - reach) < 1e-6:
                    found.append((i, j, shift))
    return found


def network(cell, positions, energies, hops, vibrations=None):
    """Return a network of hops (start, end, shift, saddle), all of one prefactor."""
    energies = np.array(energies, dtype=float)
    if vibrations is None:
        vibrations = np.full(len(energies), np.log(PREFACTOR))
    found = tuple(Hop(*hop, log_vibrations=0.0) for hop in hops)
    return Network(np.array(cell, float), np.array(positions, float), energies, found, vibrations)


def lattice(cell, positions, energies, *, reach, saddle=0.3):
    """Return a network of neighbours over saddles of one height."""
    pairs = neighbours(cell, np.array(positions, float), reach)
    return network(cell, positions, energies, [(*pair, saddle) for pair in pairs])


def triangular(a=3.0, **changes):
    return lattice(a * HEXAGONAL, [[0.0, 0.0]], [0.0], reach=a, **changes)


def honeycomb(a=3.0, *, second=0.0, cells=1, **changes):
    """Return a honeycomb of two kinds of sites, in a cell of `cells` × `cells` unit cells."""
    cell = a * HEXAGONAL
    corners = [(i, j) for i in range(cells) for j in range(cells)]
    kinds = [(0.0, 0.0), (1 / 3, 2 / 3)]
    positions = [np.add(corner, kind) @ cell for kind in kinds for corner in corners]
    energies = np.repeat([0.0, second], cells**2)
    return lattice(cells * cell, positions, energies, reach=a / np.sqrt(3), **changes)


def chain(saddles, *, along=(2.0, 0.0), across=(0.0, 5.0)):
    """Return a chain of equal sites in steps of `along`, over these saddles in turn."""
    count = len(saddles)
    hops = [(i, (i + 1) % count, (int(i == count - 1), 0), s) for i, s in enumerate(saddles)]
    steps = np.arange(count)[:, None] * np.array(along)
    return network([count * np.array(along), across], steps, [0.0] * count, hops)


def random_network(rng, sites=4, hops=7):
    """Return a network of random hops, energies and vibrations."""
    energies = rng.uniform(0, 0.1, sites)
    found = []
    while len(found) < hops:
        start, end = (int(site) for site in rng.integers(sites, size=2))
        shift = tuple(int(n) for n in rng.integers(-1, 2, size=2))
        if start != end or shift != (0, 0):
            saddle = max(energies[[start, end]]) + rng.uniform(0.02, 0.3)
            found.append(Hop(start, end, shift, float(saddle), float(rng.normal(0, 0.5))))
    cell = 4 * HEXAGONAL + rng.uniform(-0.5, 0.5, (2, 2))
    vibrations = rng.normal(1, 0.5, sites)
    return Network(cell, rng.uniform(0, 1, (sites, 2)) @ cell, energies, tuple(found), vibrations)


def supercell(one, along_a, along_b):
    """Return the same network in a larger cell."""
    cells = [(a, b) for a in range(along_a) for b in range(along_b)]
    count, hops = len(one.energies), []
    for at, (a, b) in enumerate(cells):
        for hop in one.hops:
            to_a, to_b = a + hop.shift[0], b + hop.shift[1]
            end = cells.index((to_a % along_a, to_b % along_b)) * count + hop.end
            shift = (to_a // along_a, to_b // along_b)
            hops.append(replace(hop, start=at * count + hop.start, end=end, shift=shift))
    return Network(
        one.cell * [[along_a], [along_b]],
        np.vstack([one.positions + np.array(cell) @ one.cell for cell in cells]),
        np.tile(one.energies, len(cells)),
        tuple(hops),
        np.tile(one.log_vibrations, len(cells)),
    )


def relabelled(one, order):
    """Return the network with its sites in another order."""
    place = {int(old): new for new, old in enumerate(order)}
    hops = [replace(hop, start=place[hop.start], end=place[hop.end]) for hop in one.hops]
    arrays = (one.positions[order], one.energies[order], tuple(hops), one.log_vibrations[order])
    return Network(one.cell, *arrays)


def turned_round(one):
    """Return the network with every hop written from its other end, the last first."""
    hops = [
        replace(hop, start=hop.end, end=hop.start, shift=(-hop.shift[0], -hop.shift[1]))
        for hop in one.hops
    ]
    return replace(one, hops=tuple(hops[::-1]))


def in_skew_cell(one, matrix):
    """Return the network in cell vectors `matrix` · cell; the matrix has determinant 1 or −1."""
    back = np.round(np.linalg.inv(matrix)).astype(int)
    hops = [replace(h, shift=tuple(int(n) for n in np.array(h.shift) @ back)) for h in one.hops]
    return replace(one, cell=np.array(matrix) @ one.cell, hops=tuple(hops))


def in_other_images(one, rng):
    """Return the network with each site in another cell."""
    moves = rng.integers(-2, 3, size=(len(one.energies), 2))
    hops = [
        replace(h, shift=tuple(int(n) for n in h.shift + moves[h.start] - moves[h.end]))
        for h in one.hops
    ]
    return replace(one, positions=one.positions + moves @ one.cell, hops=tuple(hops))


def side_by_side(one, other):
    """Return both networks in the cell of the first, not joined."""
    count = len(one.energies)
    hops = [replace(hop, start=hop.start + count, end=hop.end + count) for hop in other.hops]
    return Network(
        one.cell,
        np.vstack([one.positions, other.positions]),
        np.concatenate([one.energies, other.energies]),
        (*one.hops, *hops),
        np.concatenate([one.log_vibrations, other.log_vibrations]),
    )


def joined(one, *hops):
    """Return the network with more hops (start, end, shift, saddle)."""
    return replace(one, hops=(*one.hops, *(Hop(*hop, log_vibrations=0.0) for hop in hops)))


def written_otherwise(one, rng):
    """Return the same network in several other writings, with their names."""
    return {
        "relabelled": relabelled(one, rng.permutation(len(one.energies))),
        "turned round": turned_round(one),
        "skew cell": in_skew_cell(one, np.array([[1, 2], [0, 1]])),
        "left-handed cell": in_skew_cell(one, np.array([[0, 1], [1, 1]])),
        "other images": in_other_images(one, rng),
        "2 × 1 cells": supercell(one, 2, 1),
        "2 × 3 cells": supercell(one, 2, 3),
    }
