"""Phonons of the layers by finite displacements.

Needs: relaxed unit cells, weights. Makes: results/{model}/phonons/{cell}/ in phonopy's formats,
and phonons.json with the verdict and the comparison with the reference; on demand, convergence.json
and .csv there.
"""


rule run_phonons:
    """Compute force constants from finite displacements."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        structure=GIVEN.phonon_cell,
    output:
        params=path("phonons", "params"),
        force_constants=path("phonons", "force_constants"),
    log:
        "results/logs/run_phonons/{model}/{cell}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=4000,
        runtime=120,
    params:
        calculator=GIVEN.calculator("static"),
        settings=GIVEN.displacements,
        method=METHOD["phonons"],
    script:
        "../scripts/run_phonons.py"


rule analyse_phonons:
    """Compute bands and density of states, judge stability, compare with the reference."""
    input:
        params=path("phonons", "params"),
        force_constants=path("phonons", "force_constants"),
        structure=GIVEN.phonon_cell,
        reference=local(GIVEN.phonon_reference),
    output:
        bands=path("phonons", "bands"),
        dos=path("phonons", "dos"),
        mesh=path("phonons", "mesh"),
        verdict=path("phonons", "verdict"),
    log:
        "results/logs/analyse_phonons/{model}/{cell}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        layer=GIVEN.phonon_layer,
        mode=GIVEN.bands_and_dos,
        judge=GIVEN.section("phonons", "imaginary_THz", "gamma_radius"),
        method=METHOD["phonon_analysis"],
    script:
        "../scripts/analyse_phonons.py"


rule check_phonon_convergence:
    """See how far frequencies move with other displacements and a larger supercell."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        structure=GIVEN.phonon_cell,
        params=path("phonons", "params"),
        force_constants=path("phonons", "force_constants"),
        reference=local(GIVEN.phonon_reference),
    output:
        summary=path("phonons", "convergence"),
        table=path("phonons", "convergence_table"),
    log:
        "results/logs/check_phonon_convergence/{model}/{cell}.log",
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=8000,
        runtime=240,
    params:
        calculator=GIVEN.calculator("static"),
        layer=GIVEN.phonon_layer,
        mode=GIVEN.bands_and_dos,
        variants=GIVEN.phonon_variants,
        method=METHOD["phonon_convergence"],
    script:
        "../scripts/check_phonon_convergence.py"
