"""Follow the spacing in time, and average it and the temperature."""

from pathlib import Path

from anodeflow.job import job


def main(trajectory, series, summary):
    from anodeflow import spacing, thermostat
    from anodeflow.tables import write_table
    from anodeflow.trajectory import read_trajectory
    from anodeflow.whole_files import write_json

    run = read_trajectory(Path(trajectory))
    table = spacing.spacing_series(run)
    write_table(table, Path(series))
    note = spacing.stability_note(run)
    found = spacing.mean_spacing(table, discard_ps=run.production_start_ps, note=note)
    found |= {"stable": run.stable, "unstable_after_ps": run.unstable_after_ps}
    found["reason"] = run.reason
    found["temperature_K"] = thermostat.run_temperature(run, table, note=note)
    write_json(summary, found)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            snakemake.output.series,
            snakemake.output.summary,
        )
