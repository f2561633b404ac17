"""What Snakemake's copies of scripts ran is counted for the scripts."""

import inspect
from unittest.mock import MagicMock

import snakemake.script
from show_coverage import PREAMBLE, at_home


def test_lines_of_a_copy_are_those_of_the_script_below_what_snakemake_writes_before_it(root):
    copy = "/somewhere/.snakemake/scripts/tmpa1_b2c3.relax.py"
    lines = {
        copy: [2, 4, 5],
        "/copy/src/anodeflow/errors.py": [1],
        "/copy/src/anodeflow/no.py": [1],
    }
    assert at_home(lines, root) == {
        str(root / "workflow/scripts/relax.py"): {1, 2},
        str(root / "src/anodeflow/errors.py"): {1},
    }


def test_snakemake_still_writes_as_many_lines(monkeypatch):
    monkeypatch.setattr(snakemake.script, "Snakemake", lambda *given: None)
    write = snakemake.script.PythonScript.generate_preamble
    given = dict.fromkeys(inspect.signature(write).parameters)
    before = write(**given | {"resources": {}, "path": MagicMock(), "preamble_addendum": ""})
    assert before.count("\n") == PREAMBLE
