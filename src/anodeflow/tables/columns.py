"""Columns of tables: header, unit, and what the uncertainty of their numbers is, or why none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `uncertainty` says what the columns `beside` hold, or, without these, why the numbers have no
    uncertainty; `otherwise` is the reason in a study that leaves the columns beside out. A column
    of words has none of these.
    """

    name: str
    header: str
    unit: str = ""
    uncertainty: str = ""
    beside: tuple["Column", ...] = ()
    otherwise: str = ""

    @property
    def title(self) -> str:
        """Return the header with its unit, as a reader sees it."""
        return f"{self.header} ({self.unit})" if self.unit else self.header


SYSTEM = Column("system", "system")
MODEL = Column("model", "model")
IONS = Column("ions", "ions", uncertainty="set in the configuration, not measured")
TEMPERATURE = Column("temperature", "T", "K", IONS.uncertainty)
REPLICA = Column("replica", "replica", uncertainty=IONS.uncertainty)
REPLICAS = Column("replicas", "replicas", uncertainty=IONS.uncertainty)
NOTE = Column("note", "note")
PUBLISHED_ERROR = Column("published_error", "published error")
SOURCE = Column("source", "source")
ABOUT = (SYSTEM, MODEL, PUBLISHED_ERROR, SOURCE)
"""Columns of every table."""

PUBLISHED = "published values: see the column published error"
COUNTED = "counted, exact"


def plus_minus(name: str, unit: str = "", *, of: str = "") -> Column:
    """Return a column that holds the uncertainty of the column it stands beside."""
    return Column(name, f"± {of}".rstrip(), unit)


def bounds(low: str, high: str, unit: str = "", *, of: str = "") -> tuple[Column, Column]:
    """Return the columns of the two ends of an interval; `of` names the quantity."""
    names = (f"{of} at least".strip(), f"{of} at most".strip())
    return Column(low, names[0], unit), Column(high, names[1], unit)
