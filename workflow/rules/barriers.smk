"""Sites of one ion, the paths between them, and the network that they are.

Needs: relaxed stacks, weights. Makes, in results/{model}/barriers/{stack}: sites.extxyz, paths.extxyz
(all images), network_sites.extxyz, vibrations.json and network.json; of a model that takes another
one's walk no sites.extxyz and vibrations.json; where `barriers.map_step` asks for a map,
map_points.extxyz and energy_map.json. Beside the runs with one ion: results/{model}/barriers/hops/{group}.json.
"""


rule find_sites:
    """Relax one ion from every hollow and top of a stack's gap."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        host=path("relaxation", "structure", structure="{stack}"),
    output:
        sites=path("barriers", "sites"),
    log:
        "results/logs/find_sites/{model}/{stack}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=4000,
        runtime=360,
        max_steps=config["barriers"]["max_steps"],
    params:
        calculator=GIVEN.calculator("static"),
        ion=GIVEN.ion,
        search=GIVEN.section("barriers", "start_shift", "seed", "symmetry_tolerance"),
        merge=GIVEN.merge,
        settings=GIVEN.minimiser(config["barriers"]["site_fmax"]),
        method=METHOD["sites"],
    script:
        "../scripts/find_sites.py"


rule find_paths:
    """Relax the paths between neighbouring sites to their saddles."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        host=path("relaxation", "structure", structure="{stack}"),
        sites=path("barriers", "sites"),
    output:
        paths=path("barriers", "paths"),
        sites=path("barriers", "network_sites"),
    log:
        "results/logs/find_paths/{model}/{stack}.log",
    wildcard_constraints:
        model=one_of(PLAN.own_networks),
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=8000,
        runtime=720,
        max_steps=config["barriers"]["max_steps"],
    params:
        calculator=GIVEN.calculator("static"),
        search=GIVEN.section("barriers", "longest_hop", "symmetry_tolerance"),
        merge=GIVEN.merge,
        band=GIVEN.section("barriers", "images", "path_fmax", "saddle_fmax"),
        settings=GIVEN.minimiser(config["barriers"]["site_fmax"]),
        method=METHOD["paths"],
    script:
        "../scripts/find_paths.py"


rule relax_walk:
    """Relax the hops of another model's lowest walk to their saddles."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        host=path("relaxation", "structure", structure="{stack}"),
        network=GIVEN.other_walk("network"),
        sites=GIVEN.other_walk("network_sites"),
    output:
        paths=path("barriers", "paths"),
        sites=path("barriers", "network_sites"),
    log:
        "results/logs/relax_walk/{model}/{stack}.log",
    wildcard_constraints:
        model=one_of(PLAN.walk_takers),
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=8000,
        runtime=720,
        max_steps=config["barriers"]["max_steps"],
    params:
        calculator=GIVEN.calculator("static"),
        walk_of=GIVEN.walk_of,
        search=GIVEN.section("barriers", "start_shift", "seed", "symmetry_tolerance"),
        merge=GIVEN.merge,
        band=GIVEN.section("barriers", "images", "path_fmax", "saddle_fmax"),
        settings=GIVEN.minimiser(config["barriers"]["site_fmax"]),
        method=METHOD["walk"],
    script:
        "../scripts/relax_walk.py"


rule compute_vibrations:
    """Compute the vibrations at the distinct sites and at the saddles."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        host=path("relaxation", "structure", structure="{stack}"),
        paths=path("barriers", "paths"),
        sites=path("barriers", "network_sites"),
    output:
        vibrations=path("barriers", "vibrations"),
    log:
        "results/logs/compute_vibrations/{model}/{stack}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=4000,
        runtime=720,
    params:
        calculator=GIVEN.calculator("static"),
        merge=GIVEN.merge,
        settings=GIVEN.section(
            "barriers", "symmetry_tolerance", "hessian_radius", "hessian_displacement"
        ),
        method=METHOD["vibrations"],
    script:
        "../scripts/compute_vibrations.py"


rule analyse_network:
    """Join sites and saddles to a network: its barriers, rates and diffusion."""
    input:
        host=path("relaxation", "structure", structure="{stack}"),
        paths=path("barriers", "paths"),
        sites=path("barriers", "network_sites"),
        vibrations=GIVEN.vibrations,
    output:
        network=path("barriers", "network"),
    log:
        "results/logs/analyse_network/{model}/{stack}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        merge=GIVEN.merge,
        symmetry_tolerance=config["barriers"]["symmetry_tolerance"],
        temperatures=PLAN.temperatures,
        walk_of=GIVEN.walk_of,
        method=METHOD["network"],
    script:
        "../scripts/analyse_network.py"


rule map_energy:
    """Relax a stack with its ion held at each place of a grid."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        host=path("relaxation", "structure", structure="{stack}"),
        sites=path("barriers", "sites"),
    output:
        points=path("barriers", "map_points"),
    log:
        "results/logs/map_energy/{model}/{stack}.log",
    wildcard_constraints:
        model=one_of(PLAN.own_networks),
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=8000,
        runtime=720,
        max_steps=config["barriers"]["max_steps"],
    params:
        calculator=GIVEN.calculator("static"),
        step=config["barriers"]["map_step"],
        settings=GIVEN.minimiser(config["barriers"]["saddle_fmax"]),
        method=METHOD["map_points"],
    script:
        "../scripts/map_energy.py"


rule analyse_energy_map:
    """Find the lowest ways over a map, and hold them to the network."""
    input:
        host=path("relaxation", "structure", structure="{stack}"),
        points=path("barriers", "map_points"),
        sites=path("barriers", "network_sites"),
        network=path("barriers", "network"),
    output:
        energy_map=path("barriers", "energy_map"),
    log:
        "results/logs/analyse_energy_map/{model}/{stack}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        step=config["barriers"]["map_step"],
        method=METHOD["energy_map"],
    script:
        "../scripts/analyse_energy_map.py"


rule predict_hops:
    """Hold the hops that runs with one ion counted against those that the network predicts."""
    input:
        host=GIVEN.host_of_group,
        network=GIVEN.network_of_group,
        mobilities=GIVEN.of_replicas("motion", "diffusion"),
        paths=GIVEN.of_replicas("motion", "paths"),
    output:
        hops=path("barriers", "hops"),
    log:
        "results/logs/predict_hops/{model}/{group}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        temperature=GIVEN.temperature_of_group,
        residence_ps=config["diffusion"]["residence_ps"],
        method=METHOD["hops_of_network"],
    script:
        "../scripts/predict_hops.py"
