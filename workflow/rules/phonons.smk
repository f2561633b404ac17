"""Phonons of the layers by finite displacements.

Needs: relaxed unit cells, weights. Makes: results/{model}/phonons/{layer}/ in phonopy's formats,
and phonons.json with the verdict and the comparison with the reference; on demand, convergence.json
and .csv there.
"""


rule run_phonons:
    """Compute force constants from finite displacements."""
    input:
        **WEIGHTS,
        backend=backend("static"),
        structure="results/{model}/relaxed/{layer}_unit.extxyz",
    output:
        params="results/{model}/phonons/{layer}/phonopy_params.yaml",
        force_constants="results/{model}/phonons/{layer}/force_constants.hdf5",
    log:
        "results/logs/run_phonons/{model}/{layer}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        gpu=gpus,
        mem_mb=4000,
        runtime=120,
    params:
        calculator=calculator("static"),
        settings=displacements,
        method=METHOD["phonons"],
    script:
        "../scripts/run_phonons.py"


localrules:
    analyse_phonons,


rule analyse_phonons:
    """Compute bands and density of states, judge stability, compare with the reference."""
    input:
        params="results/{model}/phonons/{layer}/phonopy_params.yaml",
        force_constants="results/{model}/phonons/{layer}/force_constants.hdf5",
        reference=phonon_reference,
    output:
        bands="results/{model}/phonons/{layer}/band.yaml",
        dos="results/{model}/phonons/{layer}/total_dos.dat",
        mesh="results/{model}/phonons/{layer}/mesh.hdf5",
        verdict="results/{model}/phonons/{layer}/phonons.json",
    log:
        "results/logs/analyse_phonons/{model}/{layer}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        mode=bands_and_dos,
        judge=section("phonons", "imaginary_THz", "gamma_radius"),
        method=METHOD["phonon_analysis"],
    script:
        "../scripts/analyse_phonons.py"


rule check_phonon_convergence:
    """See how far frequencies move with other displacements and a larger supercell."""
    input:
        **WEIGHTS,
        backend=backend("static"),
        structure="results/{model}/relaxed/{layer}_unit.extxyz",
        params="results/{model}/phonons/{layer}/phonopy_params.yaml",
        force_constants="results/{model}/phonons/{layer}/force_constants.hdf5",
        reference=phonon_reference,
    output:
        summary="results/{model}/phonons/{layer}/convergence.json",
        table="results/{model}/phonons/{layer}/convergence.csv",
    log:
        "results/logs/check_phonon_convergence/{model}/{layer}.log",
    conda:
        "../../envs/mace.yaml"
    resources:
        gpu=gpus,
        mem_mb=8000,
        runtime=240,
    params:
        calculator=calculator("static"),
        mode=bands_and_dos,
        variants=phonon_variants,
        method=METHOD["phonon_convergence"],
    script:
        "../scripts/check_phonon_convergence.py"
