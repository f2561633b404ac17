"""Versions of packages: of this Python, of a model's own, and what is said where there are none."""

import importlib.metadata
import platform
import sys

import pytest

from anodeflow import __version__
from anodeflow.models.versions import joined, software_of

D3 = {"functional": "pbe", "library": "anodeflow"}


@pytest.fixture
def environment(tmp_path):
    """Return a Python that has one package more than this one."""
    return fake_python(tmp_path, {"sevenn": "0.99.0"})


def fake_python(folder, packages):
    """Write a Python in which these packages are installed, too."""
    for name, version in packages.items():
        about = folder / "site" / f"{name}-{version}.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        (about / "top_level.txt").write_text(f"{name}_module\n")
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/site" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(python)


def software(family, *, dispersion=D3, **more):
    return software_of({"family": family, "dispersion": dispersion} | more)


@pytest.mark.parametrize(
    ("family", "dispersion", "named", "unnamed"),
    [
        ("mace", D3, {"mace-torch", "e3nn", "torch-dftd"}, {"chgnet", "sevenn"}),
        ("chgnet", None, {"chgnet", "torch"}, {"mace-torch", "sevenn", "torch-dftd"}),
    ],
)
def test_a_model_of_this_python_names_its_own_packages_and_no_other_family_s(
    family, dispersion, named, unnamed
):
    (found,) = software(family, dispersion=dispersion).values()
    assert found["anodeflow"] == __version__
    assert named <= found.keys()
    assert not unnamed & found.keys()
    for name in named:
        assert found[name] == importlib.metadata.version(name)


def test_a_model_of_another_python_names_that_one_s_packages_and_d3_of_this_one(environment):
    found = software("sevennet", python=environment)
    assert found["environment_software"]["sevenn"] == "0.99.0"
    assert found["environment_software"]["Python"] == platform.python_version()
    assert "sevenn" not in found["software"]
    assert found["software"]["torch-dftd"] == importlib.metadata.version("torch-dftd")
    assert "torch-dftd" not in found["environment_software"]


def test_a_custom_calculator_names_the_package_that_its_module_comes_with(environment):
    found = software("custom", entry="sevenn_module.inner:Calculator", python=environment)
    assert found["environment_software"]["sevenn"] == "0.99.0"
    here = software("custom", entry="mine:Mine")["software"]
    assert here["mine"] == "not installed"


def test_a_family_s_package_that_is_not_there_is_said_not_to_be(tmp_path):
    found = software("sevennet", python=fake_python(tmp_path, {}))
    assert found["environment_software"]["sevenn"] == "not installed"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "cannot be started, No such file or directory"),
        ("#!/bin/sh\necho 'no module json' >&2\nexit 1\n", "no module json"),
        ("#!/bin/sh\necho hello\n", "its answer is no JSON"),
    ],
)
def test_a_python_that_cannot_be_asked_is_named_with_the_reason(tmp_path, script, said):
    python = tmp_path / "python"
    if script:
        python.write_text(script)
        python.chmod(0o755)
    found = software("sevennet", python=str(python))
    expected = f"unknown: {python} could not be asked ({said})"
    assert found["environment_software"] == {"Python": expected}
    assert "ase" in found["software"]


def test_a_package_that_was_changed_in_between_has_both_versions_in_their_order():
    first, second = ({"software": {"ase": "3.25", "torch": x}} for x in ("2.5", "2.6"))
    once = joined({}, first)
    assert once == first
    assert joined(once, first) == first
    assert joined(joined(once, second), second)["software"] == {
        "ase": "3.25",
        "torch": "2.5, then 2.6",
    }
    assert joined(joined(once, second), first)["software"]["torch"] == "2.5, then 2.6, then 2.5"
