"""Voltage of a stack against its content of ions."""
