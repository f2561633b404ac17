"""Elements of a study that a model is not for: refused before any job where they are known."""

import pytest

from anodeflow.errors import ConfigError
from anodeflow.models.weights.card import WeightsCard
from anodeflow.study.known_elements import check_elements
from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan

KNOWN = ["H", "C", "O", "Na", "Ti"]


@pytest.fixture
def check(study_config, root, tmp_path):
    """Return what checks the study of MACE-MP-0, whose weights were fetched, edited before."""
    study_config["study"]["models"] = ["mace-mp-0"]

    def checked(*, known=KNOWN, source="medium", root_of_weights=tmp_path, **ions) -> None:
        study_config["structures"]["ions"].update(ions)
        card = WeightsCard(
            source=source, family="mace", sha256="a" * 64, size_bytes=1, elements=known
        )
        (tmp_path / "resources/weights").mkdir(parents=True, exist_ok=True)
        card.write(tmp_path / "resources/weights/mace-mp-0.json")
        check_elements(Plan(load_config(study_config, root=root)), root_of_weights)

    return checked


def said(check, **edits) -> str:
    with pytest.raises(ConfigError) as caught:
        check(**edits)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    return str(caught.value)


def test_an_ion_that_the_card_does_not_name_is_refused_with_what_it_names(check):
    check()
    sentence = said(check, element="K")
    assert "mace-mp-0 knows H, C, O, Na, Ti, not K, which structures.ions.element" in sentence


@pytest.mark.parametrize("stage", ["dynamics", "barriers", "voltage"])
def test_an_ion_counts_for_the_stages_that_put_it_in_and_no_others(check, study_config, stage):
    model = study_config["models"]["mace-mp-0"]
    model["stages"] = ["relaxation", "phonons", "adhesion"]
    check(element="K")
    model["stages"] = ["relaxation", stage]
    assert "not K" in said(check)


def test_runs_without_ions_need_no_ion(check, study_config):
    study_config["models"]["mace-mp-0"]["stages"] = ["relaxation", "dynamics"]
    study_config["dynamics"]["runs"] = study_config["dynamics"]["runs"][:1]
    check(element="K")


@pytest.mark.parametrize(
    ("known", "missing", "layer"),
    [
        (["C", "O", "Na", "Ti"], "H", "graphene-oh"),
        (["H", "C", "Na", "Ti"], "O", "ti2co2"),
        (["H", "C", "O", "Na"], "Ti", "ti2co2"),
    ],
)
def test_elements_of_layers_and_of_their_groups_are_refused(check, known, missing, layer):
    sentence = said(check, known=known)
    assert f"not {missing}, which structures.layers.{layer} asks for" in sentence


def test_layers_that_the_study_has_not_do_not_count(check, study_config):
    hbn = study_config["structures"]["layers"]["graphene"] | {"elements": ["B", "N"]}
    study_config["structures"]["layers"]["hbn"] = hbn
    check()
    study_config["structures"]["stacks"]["m-g"]["top"] = "hbn"
    assert "not B, N, which structures.layers.hbn asks for" in said(check)


def test_an_old_card_and_one_of_other_weights_say_nothing(check):
    check(known=None, element="K")
    check(source="large", element="K")


def test_a_layer_from_a_file_says_nothing_before_it_is_read(check, study_config, tmp_path):
    (tmp_path / "sheet.xyz").write_text("")
    file = {"builder": "file", "path": str(tmp_path / "sheet.xyz"), "role": "top", "size": [5, 5]}
    study_config["structures"]["layers"]["sheet"] = file
    study_config["structures"]["stacks"]["m-g"]["top"] = "sheet"
    check()


def test_a_users_own_file_tells_before_it_is_fetched(study_config, root, tmp_path):
    study_config["study"]["models"] = ["mace-demo"]
    check_elements(Plan(load_config(study_config, root=root)), tmp_path)
    study_config["structures"]["ions"]["element"] = "K"
    with pytest.raises(ConfigError, match="mace-demo knows H, C, O, Na, Ti, not K"):
        check_elements(Plan(load_config(study_config, root=root)), tmp_path)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("phonons", {"m-g": 0, "m-go": 0, "m-goh": 0}),
        ("voltage", {"m-g": 0, "m-go": 1, "m-goh": 0}),
        ("barriers", {"m-g": 1, "m-go": 1, "m-goh": 1}),
        ("dynamics", {"m-g": 8, "m-go": 8, "m-goh": 8}),
    ],
)
def test_the_gate_tries_the_ion_wherever_a_stage_of_the_model_puts_it(
    study_config, root, stage, expected
):
    study_config["models"]["mace-mp-0"]["stages"] = ["relaxation", stage]
    assert Plan(load_config(study_config, root=root)).fullest("mace-mp-0") == expected
