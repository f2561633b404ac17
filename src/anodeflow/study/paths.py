"""Where every result stands: patterns of the stages, and of what belongs to none."""

from typing import Any

from anodeflow.study.stages import STAGES

FILES: dict[str, dict[str, str]] = {
    "structures": {"structure": "results/structures/{structure}.extxyz"},
    "models": {
        "weights": "resources/weights/{model}.model",
        "card": "resources/weights/{model}.json",
        "backend": "results/{model}/backend_{dtype}.json",
    },
    **{name: dict(stage.files) for name, stage in STAGES.items()},
    "tables": {
        "csv": "results/tables/{table}.csv",
        "md": "results/tables/{table}.md",
        "uncertainty": "results/tables/uncertainty/{table}.csv",
    },
    "figures": {kind: f"results/figures/{{figure}}.{kind}" for kind in ("pdf", "png", "csv")},
    "scorecard": {
        "quantities": "results/scorecard/quantities.csv",
        **{
            f"{name}_{kind}": f"results/scorecard/{name}.{kind}"
            for name, kinds in {
                "scorecard": ("csv", "json"),
                "claims": ("csv", "json", "md"),
                "disagreement": ("csv", "json", "md"),
            }.items()
            for kind in kinds
        },
    },
    "comparison": {
        "csv": "results/scorecard/comparison_with_study.csv",
        "md": "results/scorecard/comparison_with_study.md",
    },
    "report": {
        "configuration": "results/report/configuration.yaml",
        "record": "results/report/{record}.csv",
        "page": "results/report/{page}.html",
        "view": "results/report/structures_{model}.html",
    },
}
"""By stage, or by what else makes it, and by file: the pattern of its path."""


class _Kept(dict[str, Any]):
    """Names of a pattern, of which those that are missing stay wildcards."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def path(stage: str, file: str, **names: str) -> str:
    """Return the path of a result; names that are not given stay as they are, in braces."""
    return FILES[stage][file].format_map(_Kept(names))
