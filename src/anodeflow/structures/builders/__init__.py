"""Builders of layers, stacks, fillings and metals."""
