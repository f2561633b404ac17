"""Metrics and claims as a page: `python -m anodeflow.definitions > docs/definitions.md`."""

from pathlib import Path

from anodeflow.scorecard.claims import read_claims
from anodeflow.scorecard.definitions import definitions_page
from anodeflow.scorecard.metrics import read_metrics

REFERENCE = Path("resources/reference")

if __name__ == "__main__":
    metrics = read_metrics(REFERENCE / "metrics.yaml")
    print(definitions_page(metrics, read_claims(REFERENCE / "claims.yaml")), end="")
