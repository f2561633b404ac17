"""A project for each test that asks for one."""

import pytest
from project import Project, new_project


@pytest.fixture
def project(tmp_path, root) -> Project:
    """Return a fresh project."""
    return new_project(tmp_path, root)
