"""Draw the rate of hops against temperature, with the fit to all runs and the networks' rates."""

from anodeflow.process.job import job


def main(activations, predictions, outputs, *, rows, rows_of_predictions):
    from anodeflow.figures.style import save
    from anodeflow.stages.barriers.results import HopsInRuns
    from anodeflow.stages.motion.activation_figure import plot_activation
    from anodeflow.stages.motion.activation_results import Activation

    rates = {}
    for row, path in zip(rows_of_predictions, predictions, strict=True):
        own = rates.setdefault((row["model"], row["system"], row["ions"]), {})
        own[row["temperature"]] = HopsInRuns.read(path).predicted_rate_per_ps
    entries = [
        {
            "stack": row["system"],
            "ions": row["ions"],
            "label": row["model"],
            "colour": row["colour"],
            "activation": Activation.read(path),
            "predicted": rates.get((row["model"], row["system"], row["ions"]), {}),
        }
        for row, path in zip(rows, activations, strict=True)
    ]
    save(*plot_activation(entries), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.activations,
            snakemake.input.predictions,
            snakemake.output,
            rows=snakemake.params.rows,
            rows_of_predictions=snakemake.params.rows_of_predictions,
        )
