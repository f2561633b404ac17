"""One force call: how a model is opened, evaluated, and corrected for dispersion."""
