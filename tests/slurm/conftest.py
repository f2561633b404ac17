"""A Slurm cluster of this machine alone, for the time of the tests."""

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("ANODEFLOW_SLURM", "/tmp/anodeflow-slurm"))


@pytest.fixture(scope="session", autouse=True)
def cluster():
    """Bring the cluster up, give its folder, and take it down at the end."""
    up = subprocess.run(
        [HERE / "cluster_up.sh"], stderr=subprocess.PIPE, text=True, timeout=300, check=False
    )
    if up.returncode:
        pytest.exit(up.stderr.strip(), returncode=1)
    yield FOLDER
    subprocess.run([HERE / "cluster_down.sh"], timeout=60, check=True)
