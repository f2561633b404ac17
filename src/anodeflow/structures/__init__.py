"""Structures: roles of atoms, geometry, sites, inspection, files, builders."""
