"""The card of a model's weights: what the file beside it is."""

from anodeflow.files.result_file import ResultFile


class WeightsCard(ResultFile):
    """Where weights came from, and what they are: source is null for a model without a file.

    elements: symbols of those that the model is for, by atomic number; null where the file does not
    tell, and on cards of before.
    """

    source: str | None
    family: str
    sha256: str
    size_bytes: int
    elements: list[str] | None = None
