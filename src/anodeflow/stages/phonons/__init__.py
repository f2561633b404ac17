"""Phonons of a layer's unit cell: force constants, bands, verdict, convergence."""
