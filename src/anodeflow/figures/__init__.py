"""Machinery of figures: style, side views, top views."""
