"""Where results stand: every pattern is one place, and names fill it in."""

import re

import pytest

from anodeflow.study.paths import FILES, path

PATTERNS = [(stage, file) for stage, files in FILES.items() for file in files]


def test_names_fill_a_pattern_and_those_not_given_stay():
    assert path("voltage", "curve", model="a", stack="b") == "results/a/voltage/b.csv"
    assert path("voltage", "curve", model="a") == "results/a/voltage/{stack}.csv"
    assert path("voltage", "curve") == FILES["voltage"]["curve"]


@pytest.mark.parametrize(("stage", "file"), PATTERNS)
def test_a_path_that_is_filled_in_is_read_back_by_its_own_pattern(stage, file):
    pattern = FILES[stage][file]
    names = {name: f"x{i}" for i, name in enumerate(re.findall(r"\{(\w+)\}", pattern))}
    filled = path(stage, file, **names)
    assert "{" not in filled
    as_regex = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern))
    assert re.fullmatch(as_regex, filled).groupdict() == names


def test_no_pattern_stands_for_two_files():
    patterns = [FILES[stage][file] for stage, file in PATTERNS]
    assert len(patterns) == len(set(patterns))


def test_results_of_a_model_stand_below_its_name_and_all_else_below_none():
    for stage, file in PATTERNS:
        folder = FILES[stage][file].split("/")[1]
        named = "{model}" in FILES[stage][file]
        shared = folder in ("weights", "report")
        assert (folder == "{model}") == (named and not shared), (stage, file)


def test_only_weights_stand_outside_results():
    outside = {stage for stage, file in PATTERNS if not FILES[stage][file].startswith("results/")}
    assert outside == {"models"}
    weights = {key for key, value in FILES["models"].items() if value.startswith("resources/")}
    assert weights == {"weights", "card"}


def test_paths_are_of_lower_case_and_hold_no_setting():
    for stage, file in PATTERNS:
        literal = re.sub(r"\{\w+\}", "", FILES[stage][file])
        assert re.fullmatch(r"[a-z0-9_./]+", literal), literal


@pytest.mark.parametrize("names", [("nothing", "curve"), ("voltage", "nothing")])
def test_a_file_that_nobody_makes_has_no_path(names):
    with pytest.raises(KeyError):
        path(*names)
