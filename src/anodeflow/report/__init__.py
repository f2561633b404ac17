"""What only the report shows: pages, structures to turn, provenance, run times."""
