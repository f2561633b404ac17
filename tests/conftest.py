"""What all tests share: the checkout's paths, and the study's configuration as a plain dict."""

import copy
from pathlib import Path

import pytest
import yaml
from places import ROOT


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
