"""anodeflow: interatomic foundation models put to work on layered battery anodes."""

__version__ = "0.1.0"
