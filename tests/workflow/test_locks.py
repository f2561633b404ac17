"""What is installed is what is pinned, each file by its hash."""

import re

import pytest

PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", re.MULTILINE)


def _pins(text: str) -> dict[str, tuple[str, str]]:
    """Return versions and markers by the names of packages, as an index compares these."""
    return {
        re.sub(r"[-_.]+", "-", name).lower(): (version, marker.strip().replace("'", '"'))
        for name, version, marker in PIN.findall(text)
    }


@pytest.mark.parametrize("name", ["requirements", "sevennet"])
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
        name = re.sub(r"[-_.]+", "-", need.name).lower()
        if name != "anodeflow":
            version, _ = pins[name]
            assert need.specifier.contains(version), (need, version)


def test_packages_without_wheels_for_aarch64_are_left_out_there(root):
    pins = _pins((root / "envs/requirements.txt").read_text())
    for name in ("chgnet", "dftd3"):
        assert pins[name][1] == 'platform_machine != "aarch64"'
