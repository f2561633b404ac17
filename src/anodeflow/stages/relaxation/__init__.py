"""Relaxation of every structure, and whether it kept what it was."""
