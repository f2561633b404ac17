"""Modules are looked for in the library's folder first, and in no folder of PYTHONPATH."""

import os
import site
import sys

import pytest

from anodeflow.errors import ConfigError
from anodeflow.process.search_path import keep_to, refuse_blanks


def test_folders_of_pythonpath_go_but_those_of_this_python_and_the_library_stay(monkeypatch):
    packages, foreign = site.getsitepackages()[0], os.path.abspath("foreign")
    monkeypatch.setattr(sys, "path", ["/started", foreign, "/library", "/standard", packages])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["foreign", "/library", packages, ""]))
    keep_to("/library")
    assert sys.path == ["/library", "/started", "/standard", packages]
    assert os.environ["PYTHONPATH"] == "/library"


def test_without_a_pythonpath_the_library_comes_first(monkeypatch):
    monkeypatch.setattr(sys, "path", ["/standard"])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    keep_to("/library")
    assert sys.path == ["/library", "/standard"]


def test_a_python_below_a_blank_is_refused_in_a_sentence():
    refuse_blanks("/opt/python")
    with pytest.raises(ConfigError, match=r"snakemake, /my files/python, has a blank, .*: use a"):
        refuse_blanks("/my files/python")
