"""Molecular dynamics of a stack: runs, checkpoints, the watch, trajectories."""
