"""The section `voltage` of the configuration."""

from typing import Literal

from anodeflow.config.types import Count, Name, Section


class Voltage(Section):
    """Voltages against the number of ions."""

    stacks: list[Name]
    max_ions: Count
    host: Literal["relaxed", "frozen"]
