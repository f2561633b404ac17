"""What surrounds a job: its log, signals, threads, memory, progress and cost."""
