"""Version of each stage's method: bump it when a change of code changes the stage's numbers.

Snakemake sees a changed script or parameter but no changed library module, so every rule carries
its stage's integer as a parameter and reruns when it is bumped.
"""

METHOD = {
    "structures": 1,
    "weights": 1,
    "relaxation": 2,
    "structure_check": 1,
    "phonons": 1,
    "phonon_analysis": 1,
    "phonon_convergence": 1,
    "adhesion": 3,
    "adhesion_fit": 2,
    "dynamics": 1,
    "spacing": 3,
    "diffusion": 3,
    "ensembles": 1,
    "frozen_host": 1,
    "voltage": 1,
    "figures": 1,
    "quantities": 1,
    "metrics": 1,
    "claims": 1,
    "disagreement": 1,
}
