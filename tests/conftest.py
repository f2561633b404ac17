"""What all tests share: their order, the checkout's paths, the study's configuration as a dict."""

import copy
import gc
import os
from collections import Counter
from pathlib import Path

import pytest
import yaml
from forked import FORKED_BY, forked_python
from places import ROOT


def pytest_configure(config):
    """Start the server that forks processes once for all workers, before they start."""
    if getattr(config.option, "numprocesses", None):
        os.environ[FORKED_BY] = forked_python()


def pytest_collection_modifyitems(items):
    """Put the files with the most slow tests first, so that workers end at about the same time."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


def pytest_collection_finish():
    """Keep what all tests have imported out of the search for garbage."""
    gc.freeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def _study_config() -> dict:
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


@pytest.fixture
def study_config(_study_config) -> dict:
    """Return a copy of config/config.yaml that a test may change."""
    return copy.deepcopy(_study_config)
