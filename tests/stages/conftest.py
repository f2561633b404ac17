"""What the tests of interrupted stages share."""

import pytest
from stages import STAGES

from anodeflow.stages.relaxation import minimum


@pytest.fixture
def a_checkpoint_at_every_step(monkeypatch):
    """Let relaxations write a checkpoint after every step, not every few seconds."""
    monkeypatch.setattr(minimum, "CHECKPOINT_INTERVAL_S", 0.0)


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory):
    """Return a function that gives the result of a stage that nothing disturbed."""
    folder = tmp_path_factory.mktemp("unbroken")

    def result(stage):
        path = folder / stage
        if not path.exists():
            STAGES[stage][0](path)
        return path

    return result
