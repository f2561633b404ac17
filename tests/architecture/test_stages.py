"""The contract that every stage of the registry keeps."""

import re
from pathlib import Path

import pandas as pd
import pytest
from reruns import leaves, read_table
from stage_examples import example_rows, examples
from tabled import tabulated

from anodeflow.files.result_file import CsvFile
from anodeflow.study.config import Config
from anodeflow.study.gathered import Gathered
from anodeflow.study.loading import load_config
from anodeflow.study.paths import FILES
from anodeflow.study.plan import NEEDED, SUBJECTS, Plan
from anodeflow.study.stages import FIGURES, METHOD, STAGE_OF_TABLE, STAGES, TABLES
from anodeflow.tables.published import read_published

RESULTS = [(stage.name, file) for stage in STAGES.values() for file in stage.results]
BESIDE = {(t.name, beside.name) for t in TABLES.values() for c in t.columns for beside in c.beside}


@pytest.fixture(scope="module")
def gathered(root, _study_config) -> Gathered:
    """Return what the study gathers where it makes all that is declared."""
    more = {
        "dynamics": _study_config["dynamics"] | {"temperatures": [300.0, 400.0]},
        "barriers": _study_config["barriers"] | {"map_step": 0.6},
    }
    return Gathered(Plan(load_config(_study_config | more, root=root)))


def rules_of(root: Path) -> str:
    """Return the text of all rule files."""
    return "".join(path.read_text() for path in sorted((root / "workflow/rules").glob("*.smk")))


# Tables.


def numbers(table: str) -> set[str]:
    """Return the columns of a table in which its example has a number."""
    filled = tabulated(table, example_rows()[table])
    return {
        name
        for name in filled
        if any(isinstance(x, int | float) and not pd.isna(x) for x in filled[name].tolist())
    } - {name for name in filled if filled[name].map(lambda x: isinstance(x, bool)).any()}


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_header_and_a_number_s_column_an_uncertainty_or_a_reason(table):
    held, columns = numbers(table), TABLES[table].every_column
    assert len(held) >= 3
    for name, column in columns.items():
        assert column.header, name
        assert name == column.name
        if (table, name) in BESIDE:
            assert not column.uncertainty, f"{name} is an uncertainty itself"
        elif name in held:
            assert len(column.uncertainty) > 10, f"{name}: nothing says how well it is known"
        elif not column.uncertainty:
            assert not column.unit, f"{name} is a word and has a unit"
        assert bool(column.otherwise) <= bool(column.beside), name


@pytest.mark.parametrize("table", TABLES)
def test_every_number_with_a_dimension_has_its_unit(table):
    """Names say units that are not ASE's (`average_V`): these have to be those of the column.

    A rate may say its unit in words, in its own header or that of the column it stands beside.
    """
    units = {"V": "V", "THz": "THz", "ps": "ps", "eV_nm2": "eV/nm²", "J_m2": "J/m²"}
    units |= {"cm2_s": "cm²/s", "per_ps": "1/ps", "ion_ps": "ion ps", "K": "K"}
    owners = {beside.name: c for c in TABLES[table].columns for beside in c.beside}
    for name, column in TABLES[table].every_column.items():
        told = [unit for end, unit in units.items() if re.search(rf"(^|_){end}($|_)", name)]
        in_words = "per ion and ps" in owners.get(name, column).header
        assert not told or column.unit in told or in_words, f"{name} is in {column.unit or 'none'}"


@pytest.mark.parametrize("table", TABLES)
def test_headers_of_a_table_differ_from_each_other(table):
    own = [
        column for name, column in TABLES[table].every_column.items() if (table, name) not in BESIDE
    ]
    titles = [column.title for column in own]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_no_column_that_its_declaration_lacks(root, table):
    published = read_published(root / "resources/reference/published.csv")
    filled = tabulated(table, example_rows()[table], published)
    assert set(filled.columns) <= set(TABLES[table].every_column)
    name = TABLES[table].published or table
    quantities = set(published["quantity"][published["table"] == name])
    assert quantities <= set(TABLES[table].every_column)


def test_every_published_value_belongs_to_a_table_or_figure_of_a_stage(root):
    published = read_published(root / "resources/reference/published.csv")
    assert set(published["table"]) <= {*TABLES, *FIGURES}


# Result files.


def same(one: object, other: object) -> bool:
    """Tell whether a result came back as it was, its numbers to the last bit."""
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        return True
    return one == other and type(one) is type(other)


@pytest.mark.parametrize(("stage", "file"), RESULTS)
def test_every_result_file_comes_back_through_its_type_as_it_was_written(tmp_path, stage, file):
    kind, shown = STAGES[stage].results[file], examples(stage).RESULTS[file]
    path = tmp_path / Path(FILES[stage][file]).name
    assert shown
    for result in shown:
        if isinstance(kind, CsvFile):
            kind.write(result, path)
        else:
            result.write(path)
        assert same(result, kind.read(path))


@pytest.mark.parametrize(("stage", "file"), RESULTS)
def test_examples_hold_all_that_a_result_file_can_hold(stage, file):
    kind, shown = STAGES[stage].results[file], examples(stage).RESULTS[file]
    if isinstance(kind, CsvFile):
        named = {name for table in shown for name in table.columns}
        wanted = {*kind.columns, *(name for name in kind.optional if "*" not in name)}
    else:
        wanted = set(kind.model_fields)
        named = {key for one in shown for key in wanted if getattr(one, key) is not None}
    assert wanted <= named


@pytest.mark.parametrize(
    ("stage", "file"), [(stage.name, file) for stage in STAGES.values() for file in stage.files]
)
def test_what_is_json_or_csv_and_read_by_another_job_is_declared_as_a_type(root, stage, file):
    if Path(STAGES[stage].files[file]).suffix not in (".json", ".csv"):
        return
    if file in STAGES[stage].results:
        return
    assert not readers(root, stage, file), f"{stage}.{file} is read and has no type"


def readers(root: Path, stage: str, file: str) -> list[str]:
    """Return who reads a file: rules, by their inputs, and what tables and figures declare."""
    text = rules_of(root)
    found = [
        block.split(":")[0]
        for block in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]
        for inputs in re.findall(r"^ +input:\n(.*?)^    \w+:", block, re.DOTALL | re.MULTILINE)
        if f'"{stage}", "{file}"' in inputs
    ]
    for one in STAGES.values():
        keys = [table.file for table in one.tables] + [scored.file for scored in one.scored]
        keys += [key for figure in one.figures for key in figure.inputs.values()]
        whole = [key if "." in key else f"{one.name}.{key}" for key in keys]
        found += [one.name for key in whole if key == f"{stage}.{file}"]
    return found


def test_a_file_that_is_read_without_a_type_would_be_noticed(root):
    assert readers(root, "voltage", "curve") == ["voltage", "voltage", "voltage"]
    assert readers(root, "motion", "ensemble") != []
    assert readers(root, "dynamics", "advanced") == []


# Figures and captions.


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_its_script_its_caption_and_its_csv_among_the_targets(
    root, gathered, name
):
    assert (root / f"workflow/scripts/plot_{name}.py").is_file()
    caption = (root / f"workflow/report/plot_{name}.rst").read_text()
    assert caption.startswith(("**", "{%"))
    targets = [path for path in gathered.figure_targets if re.search(rf"/{name}(_[\w-]+)?\.", path)]
    kinds = {Path(path).suffix for path in targets}
    assert kinds == {".pdf", ".png", ".csv"}
    assert FIGURES[name].of in SUBJECTS


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_shows_files_and_settings_that_there_are(gathered, name):
    figure = FIGURES[name]
    assert all(gathered.figure_inputs(figure)[key] for key in figure.inputs)
    gathered.figure_parameters(figure)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_its_caption_and_its_csv_among_the_targets(root, gathered, name):
    assert (root / f"workflow/report/{name}.rst").read_text().strip()
    assert f"results/tables/{name}.csv" in gathered.table_targets
    table = TABLES[name]
    assert table.of in SUBJECTS
    assert table.file in STAGE_OF_TABLE[name].results


def test_no_script_draws_a_figure_that_no_stage_declares(root):
    scripts = {path.stem for path in (root / "workflow/scripts").glob("plot_*.py")}
    assert scripts - {"plot_scorecard"} == {f"plot_{name}" for name in FIGURES}


# Settings, methods, rules.


@pytest.mark.parametrize("stage", STAGES)
def test_every_setting_of_a_stage_has_a_row_in_docs_reruns(stage):
    rows = [row.setting for row in read_table()]
    for key, section in STAGES[stage].sections.items():
        settings = leaves(section, key)
        assert settings
        assert [setting for setting in settings if rows.count(setting) != 1] == []
        assert Config.model_fields[key].annotation is section


def test_no_two_stages_share_a_section_a_table_a_figure_a_file_or_a_method():
    stages = STAGES.values()
    for names in (
        [key for stage in stages for key in stage.sections],
        [table.name for stage in stages for table in stage.tables],
        [figure.name for stage in stages for figure in stage.figures],
        [path for stage in stages for path in stage.files.values()],
        [method for stage in stages for method in stage.methods],
    ):
        assert len(names) == len(set(names))


@pytest.mark.parametrize("stage", STAGES)
def test_every_method_has_a_version_and_a_rule_that_carries_it(root, stage):
    for method, version in STAGES[stage].methods.items():
        assert type(version) is int and version >= 1
        assert METHOD[method] == version
        assert f'method=METHOD["{method}"]' in rules_of(root)


@pytest.mark.parametrize("stage", STAGES)
def test_every_file_of_a_stage_is_made_by_a_rule_of_its_rule_file(root, stage):
    text = (root / f"workflow/rules/{stage}.smk").read_text()
    for file in STAGES[stage].files:
        assert re.search(rf'\w+=path\("{stage}", "{file}"\),', text), f"no rule makes {file}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_folder_and_its_page_of_reruns_bears_its_name(root, stage):
    folder = root / "src/anodeflow/stages" / stage
    assert {"stage.py", "settings.py"} <= {path.name for path in folder.glob("*.py")}
    assert (root / f"docs/reruns/{stage}.md").is_file()
    assert STAGES[stage].run_for in STAGES


@pytest.mark.parametrize("kind", NEEDED)
def test_every_kind_of_minima_is_needed_by_a_stage_and_is_relaxed(gathered, kind):
    assert kind in [need for stage in STAGES.values() for need in stage.needs]
    assert set(NEEDED[kind](gathered.plan)) <= gathered.plan.minima.keys()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_needs_minima_of_kinds_that_there_are(stage):
    assert set(STAGES[stage].needs) <= NEEDED.keys()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_gives_the_force_calls_of_every_rule_that_evaluates_a_model(root, stage):
    """Runs that advance together are those of `run_dynamics`, which plans them."""
    text = (root / f"workflow/rules/{stage}.smk").read_text()
    rules = {part.partition(":")[0]: part for part in re.split(r"^rule ", text, flags=re.M)[1:]}
    evaluating = {name for name, part in rules.items() if "calculator=GIVEN." in part}
    assert set(STAGES[stage].force_calls) == evaluating - {"advance_dynamics"}


def test_every_folder_of_stages_is_in_the_registry(root):
    folders = {path.parent.name for path in (root / "src/anodeflow/stages").glob("*/__init__.py")}
    assert folders == set(STAGES)
