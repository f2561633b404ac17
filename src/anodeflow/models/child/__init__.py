"""Programs that another Python runs as they are, with ASE and the model's package alone."""
