"""Adhesion energy of two layers: layers apart, the scan, the curve and its peak."""
