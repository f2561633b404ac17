"""Draw the rate of hops against temperature, with the fit to all runs."""

from anodeflow.process.job import job


def main(activations, outputs, *, rows):
    from anodeflow.figures.style import save
    from anodeflow.stages.motion.activation_figure import plot_activation
    from anodeflow.stages.motion.activation_results import Activation

    entries = [
        {
            "stack": row["system"],
            "ions": row["ions"],
            "label": row["model"],
            "colour": row["colour"],
            "activation": Activation.read(path),
        }
        for row, path in zip(rows, activations, strict=True)
    ]
    save(*plot_activation(entries), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input.activations, snakemake.output, rows=snakemake.params.rows)
