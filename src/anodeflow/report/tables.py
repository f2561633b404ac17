"""Tables that tell how a study was computed: their columns, and what stands above these."""

from anodeflow.files.result_file import CsvFile

TABLES = {
    "models": CsvFile(
        (
            "model",
            "key",
            "functional",
            "labels_with_U",
            "training_data",
            "licence",
            "D3_added",
            "device",
            "static",
            "dynamics",
            "weights",
            "size_MB",
            "sha256",
        )
    ),
    "software": CsvFile(("environment", "software", "version", "used_for")),
    "run_times": CsvFile(
        ("rule", "model", "jobs", "tries", "not_finished", "wall_s", "cpu_s", "memory_MB")
    ),
}
"""By their names: results/report/{name}.csv."""

HEADERS = {
    "wall_s": "wall time (s)",
    "cpu_s": "CPU time (s)",
    "memory_MB": "largest memory (MB)",
    "size_MB": "size (MB)",
}
"""What stands above a column whose name does not say its unit."""
