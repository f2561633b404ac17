"""The columns of the five tables of what is read from trajectories."""

from anodeflow.tables.columns import (
    COUNTED,
    IONS,
    NOTE,
    REPLICA,
    REPLICAS,
    TEMPERATURE,
    Column,
    bounds,
    plus_minus,
)

BY_RUN = "larger of the errors from correlation time and from blocks; none where the note says why"
MEAN_INTERVAL = (plus_minus("standard_error", "Å"), *bounds("low", "high", "Å"))
MAP_ERROR = (
    "standard error, the larger of that within and that between replicas; that of a run is from "
    "ten parts of it, none where they are correlated"
)
MAP_COLUMNS = (
    Column(
        "map_lowest",
        "lowest place of the map",
        "Å",
        MAP_ERROR,
        (plus_minus("map_lowest_error", "Å"),),
    ),
    Column(
        "map_highest",
        "highest place of the map",
        "Å",
        MAP_ERROR,
        (plus_minus("map_highest_error", "Å"),),
    ),
    Column(
        "map_variance",
        "variance of the map",
        "Å²",
        MAP_ERROR,
        (plus_minus("map_variance_error", "Å²"),),
    ),
)
SPACING_COLUMNS = (
    IONS,
    TEMPERATURE,
    REPLICA,
    Column("mean", "mean spacing", "Å", f"standard error, {BY_RUN}; 95 % interval", MEAN_INTERVAL),
    Column(
        "correlation_time_ps",
        "correlation time",
        "ps",
        "standard error",
        (plus_minus("correlation_time_error_ps", "ps"),),
    ),
    Column(
        "independent_frames",
        "independent frames",
        "",
        "as well known as the correlation time it comes from",
    ),
    Column("frames", "frames", "", COUNTED),
    Column(
        "temperature_mean_K",
        "mean T",
        "K",
        f"standard error, {BY_RUN}",
        (plus_minus("temperature_error_K", "K"),),
    ),
    Column(
        "temperature_std_K",
        "fluctuation of T",
        "K",
        "standard error",
        (plus_minus("temperature_std_error_K", "K"),),
    ),
    Column(
        "canonical_std_K",
        "canonical fluctuation",
        "K",
        "exact: T √(2/N_f) of the degrees of freedom",
    ),
    Column("thermostat", "thermostat"),
    Column(
        "drift_meV_atom_10ps",
        "drift of the conserved energy",
        "meV/atom in 10 ps",
        "standard error of the slope; none where the note says why",
        (plus_minus("drift_error_meV_atom_10ps", "meV/atom in 10 ps"),),
    ),
    Column("timestep_fs", "time step", "fs", "exact: set in the configuration"),
    *MAP_COLUMNS,  # of published maps; those of runs are in the table of replicas
    NOTE,
)
SPACING_ENSEMBLE_COLUMNS = (
    IONS,
    TEMPERATURE,
    REPLICAS,
    Column(
        "mean",
        "mean spacing",
        "Å",
        "standard error, the larger of that within and that between replicas; 95 % interval with "
        "Student's t; replica_std is the spread, none for one replica",
        (*MEAN_INTERVAL, Column("replica_std", "spread of replicas", "Å")),
    ),
    Column(
        "temperature_mean_K",
        "mean T",
        "K",
        "standard error, likewise",
        (plus_minus("temperature_error_K", "K"),),
    ),
    *MAP_COLUMNS,
    Column("unstable", "unstable"),
    NOTE,
)
MOBILITY_COLUMNS = (
    IONS,
    TEMPERATURE,
    Column("verdict", "verdict"),
    Column("hops", "hops", "", "counted; what it says of the rate is in the interval of the rate"),
    Column(
        "watched_ion_ps", "watched", "ion ps", "exact: time in which a hop could begin and be seen"
    ),
    Column(
        "rate_per_ps",
        "hops per ion and ps",
        "",
        "95 % Poisson interval",
        bounds("rate_low_per_ps", "rate_high_per_ps"),
    ),
    Column(
        "rate_upper_bound_per_ps",
        "upper bound of hops per ion and ps",
        "",
        "an upper bound: no hop was seen, 97.5 % Poisson limit",
    ),
    Column(
        "slope",
        "log-log slope of the MSD",
        "",
        "standard error for Gaussian displacements",
        (plus_minus("slope_error"),),
    ),
    Column(
        "D_cm2_s",
        "D",
        "cm²/s",
        "95 % interval, calibrated on random walks; the one to cite; none where the MSD takes a "
        "choice of origins or ions, or all three dimensions",
        bounds("D_low_cm2_s", "D_high_cm2_s", "cm²/s", of="D"),
    ),
    Column(
        "D_kinisi_cm2_s",
        "D by kinisi",
        "cm²/s",
        "95 % interval of kinisi's posterior; it holds the truth less often, docs/uncertainty.md",
        bounds("D_kinisi_low_cm2_s", "D_kinisi_high_cm2_s", "cm²/s"),
    ),
    Column(
        "D_upper_bound_cm2_s",
        "upper bound of D",
        "cm²/s",
        "an upper bound: the ions were not seen to diffuse",
    ),
    Column("criterion", "criterion"),
    # Published: whether eight ions move more than one.
    Column("mobility_change", "change of mobility"),
    NOTE,
)
DIFFUSION_COLUMNS = (
    *MOBILITY_COLUMNS,
    REPLICA,
    Column("analysed_ps", "analysed", "ps", COUNTED),
    Column("forward", "forward", "", COUNTED),
    Column("backward", "backward", "", COUNTED),
    Column(
        "jump_length",
        "jump",
        "Å",
        "standard deviation over the hops; none below two",
        (plus_minus("jump_length_spread", "Å", of="spread"),),
    ),
    Column(
        "msd_at_window_end",
        "MSD at the window's end",
        "Å²",
        "standard error for Gaussian displacements",
        (plus_minus("msd_at_window_end_error", "Å²"),),
    ),
    Column("interval_note", "interval note"),
    Column(
        "concerted_pairs",
        "pairs of hops together",
        "",
        "counted; expected are those of ions that hop without regard to each other",
        (Column("concerted_expected", "expected pairs"),),
    ),
    Column(
        "concerted_ratio",
        "hops together over expected",
        "",
        "95 % Poisson interval; its p stands beside it, expected is 1",
        (
            *bounds("concerted_ratio_low", "concerted_ratio_high"),
            Column("concerted_p", "p of so many together"),
        ),
    ),
    Column(
        "collective_ratio",
        "collective D over D",
        "",
        "95 % interval; the inverse of the Haven ratio, 1 for independent ions",
        bounds("collective_ratio_low", "collective_ratio_high"),
    ),
    Column("concerted_note", "note on concerted motion"),
    Column(
        "correlation_factor",
        "correlation factor of hops",
        "",
        "95 % interval, from the angles between successive hops; none below ten pairs",
        bounds("correlation_factor_low", "correlation_factor_high"),
    ),
    Column(
        "D_hop_cm2_s",
        "D from hops",
        "cm²/s",
        "95 % interval, of the number of hops and of their correlation; none below ten pairs of "
        "successive hops",
        bounds("D_hop_low_cm2_s", "D_hop_high_cm2_s", "cm²/s"),
    ),
)
DIFFUSION_ENSEMBLE_COLUMNS = (
    *MOBILITY_COLUMNS,
    REPLICAS,
    Column("verdicts", "verdicts"),
    Column("successive_hops", "hops after a hop", "", COUNTED),
    Column(
        "backward_share",
        "share of these that go back",
        "",
        "95 % binomial interval; 1/3 for an ion without memory on both kinds of hollows",
        bounds("backward_share_low", "backward_share_high"),
    ),
    Column(
        "hop_scatter",
        "scatter of hops over Poisson's",
        "",
        "its p stands beside it; expected is 1",
        (Column("hop_scatter_p", "p of that scatter"),),
    ),
    Column("pooled_verdict", "verdict of all ions together"),
    Column(
        "msd_at_window_end",
        "MSD at the window's end",
        "Å²",
        "standard deviation over the replicas; none for one",
        (plus_minus("msd_at_window_end_spread", "Å²", of="spread"),),
    ),
)
ACTIVATION_COLUMNS = (
    IONS,
    Column("temperatures", "temperatures in K"),
    Column("hops_at_each", "hops at each"),
    Column("hops", "hops", "", COUNTED),
    Column(
        "watched_ion_ps", "watched", "ion ps", "exact: time in which a hop could begin and be seen"
    ),
    Column(
        "energy",
        "activation energy",
        "eV",
        "95 % interval of the profile likelihood of all runs",
        bounds("energy_low", "energy_high", "eV"),
    ),
    Column(
        "prefactor_per_ps",
        "prefactor",
        "1/ps",
        "95 % interval, likewise",
        bounds("prefactor_low_per_ps", "prefactor_high_per_ps", "1/ps"),
    ),
    Column("rate_temperature", "rate at", "K", IONS.uncertainty),
    Column(
        "rate_per_ps",
        "hops per ion and ps by the fit",
        "",
        "95 % interval, likewise",
        bounds("rate_low_per_ps", "rate_high_per_ps"),
    ),
    Column(
        "deviance",
        "deviance of the runs",
        "",
        "its p stands beside it; expected is about their number less two",
        (Column("degrees_of_freedom", "runs less two"), Column("deviance_p", "p of that deviance")),
    ),
    Column(
        "hop_scatter", "scatter of hops over Poisson's", "", "expected is 1; see p of the deviance"
    ),
    NOTE,
)
