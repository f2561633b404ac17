"""Where things are in the checkout."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO_MODEL = ROOT / "resources/demo-model/mace-mxene-demo.model"
REFERENCE = ROOT / "resources/reference"
HELPERS = Path(__file__).parent
