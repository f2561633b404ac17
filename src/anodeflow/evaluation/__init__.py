"""Many force calls: in batches, in lockstep, and what decides their numbers."""
