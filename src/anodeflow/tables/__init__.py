"""Machinery of tables: columns with units and uncertainties, assembling, published values."""
