"""Verdicts on the project's claims, and made-up models to be judged."""

from scored import (
    MODEL,
    STACKS,
    adhesion,
    check,
    claims,
    comparison,
    convergence,
    dynamics,
    ensemble,
    hops_in_runs,
    network,
    read,
    study,
    verdict,
)

from anodeflow.scorecard.claims import check_claims
from anodeflow.scorecard.quantities import Quantities

DECLARED = claims()
WORSE = "a worse model"
"""A second model of the study, which has phonons only."""

LIMITS = {"sigma": 2.0, "confined_ps": 95.0, "imaginary_THz": -0.1}


def judge(rows, asked=None, source=MODEL, declared=DECLARED, **limits):
    """Return the verdict on every claim for one source."""
    found = rows if isinstance(rows, Quantities) else Quantities(rows)
    judged = check_claims(declared, found, asked or study(MODEL, WORSE), **LIMITS | limits)
    return {row.claim: row for row in judged if row.source == source}


def status(rows, claim, **more):
    return judge(rows, **more)[claim].status


def eight_ions(counts, watched_ps=95.0, one=(4.0, (0.2, 0.6, 0.06)), eight=(4.5, (0.1, 0.1, 0.01))):
    """Return hops with one and with eight ions, by stack; watched as long.

    one, eight: mean spacing and the map's numbers, as `scored.ensemble` takes them.
    """
    rows = []
    for stack, hops in zip(STACKS, counts, strict=True):
        for ions, count, (spacing, widths) in zip((1, 8), hops, (one, eight), strict=True):
            about = {"hops": count, "watched_ps": ions * watched_ps}
            rows += dynamics(stack, ions, ensemble(spacing=spacing, widths=widths, **about))
    return rows


def complete_model():
    """Return a model for which every claim holds."""
    rows = eight_ions(((0, 80), (40, 200), (0, 80)), 285.0)
    for stack, mean in zip(STACKS, (3.7, 3.8, 3.9), strict=True):
        rows += dynamics(stack, 0, ensemble(spacing=mean))
    for stack, height, place in zip(STACKS, (2.0, 1.8, 2.5), (3.5, 3.6, 3.4), strict=True):
        rows += read("adhesion", adhesion(height, place, dispersion=1.6), system=stack)
    for stack, barrier, hops in zip(STACKS, (0.24, 0.16, 0.20), (4, 40, 4), strict=True):
        rows += read("barriers", network(barrier), system=stack)
        one = hops_in_runs(hops, "agree", predicted=hops + 1.0, chance=0.7)
        rows += read("network hops", one, system=stack, ions=1, temperature_K=300.0)
    for layer in ("ti2co2", "graphene", "ti2co2, own lattice", "graphene, own lattice"):
        for source, off in ((MODEL, 0.4), (WORSE, 1.2)):
            said, checked = verdict(reference=comparison(off, 3 * off)), convergence(0.01)
            rows += read("phonons", said, system=layer, convergence=checked, source=source)
    return rows + read("relaxation", check(), system="ti2co2", is_unit=True)
