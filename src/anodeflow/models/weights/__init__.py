"""Weights as files: fetched once, checked, never opened unless their hash is known."""
