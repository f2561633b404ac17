"""Captions are templates: each has to render with every configuration that comes along."""

import sys
from types import SimpleNamespace

import jinja2
import pytest
import yaml
from docutils.core import publish_parts
from places import ROOT
from snakemake.utils import update_config

from anodeflow.study.loading import load_config

CAPTIONS = ROOT / "workflow/report"
NAMES = sorted(path.stem for path in CAPTIONS.glob("*.rst"))
# As Snakemake makes it, but that a name which is not there is an error and no gap.
TEMPLATES = jinja2.Environment(
    trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
)


@pytest.fixture(params=[None, "demo", "published", "packaged"])
def config(request, study_config, root) -> dict:
    """Return the study's configuration, or that with an overlay, normalised."""
    if request.param:
        overlay = yaml.safe_load((root / f"config/{request.param}.yaml").read_text())
        update_config(study_config, overlay)
    study_config["environments"]["sevennet"] = sys.executable
    return load_config(study_config, root=root).model_dump(mode="json")


@pytest.mark.parametrize("name", NAMES)
def test_a_caption_renders_with_every_configuration_that_comes_along(name, config):
    model = SimpleNamespace(model=config["study"]["models"][0])
    template = TEMPLATES.from_string((CAPTIONS / f"{name}.rst").read_text())
    text = template.render(snakemake=SimpleNamespace(config=config, wildcards=model))
    strict = {"halt_level": 2, "report_level": 2}
    html = publish_parts(text, writer="html", settings_overrides=strict)["body"]
    assert "<strong>" in html
    assert "None" not in html
