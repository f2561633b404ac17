"""What is read from trajectories: spacing, temperature, the motion of the ions, replicas."""
