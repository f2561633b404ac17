"""Follow the spacing in time, and average it and the temperature."""

from pathlib import Path

from anodeflow.process.job import job


def main(trajectory, series, summary):
    from anodeflow.files.atomic import write_json, write_table
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion import production, spacing_series, temperature

    run = read_trajectory(Path(trajectory))
    table = spacing_series.spacing_series(run)
    write_table(table, Path(series))
    note = production.stability_note(run)
    found = spacing_series.mean_spacing(table, discard_ps=run.production_start_ps, note=note)
    found |= {"stable": run.stable, "unstable_after_ps": run.unstable_after_ps}
    found["reason"] = run.reason
    found["temperature_K"] = temperature.run_temperature(run, table, note=note)
    write_json(summary, found)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            snakemake.output.series,
            snakemake.output.summary,
        )
