"""The gate: a model's configured calculator held against a plain one."""
