"""What tables, figures, scorecard and report gather: which results, in what order and names."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from string import Formatter
from typing import Any, cast

from anodeflow.files.shipped import locate
from anodeflow.stages.declaration import Figure, Scored
from anodeflow.study.paths import FILES, path
from anodeflow.study.plan import Plan
from anodeflow.study.settings import Wildcards
from anodeflow.study.stages import FIGURES, SCORED, STAGE_OF_FIGURE, STAGE_OF_TABLE, STAGES, TABLES
from anodeflow.study.studied import RUNS, defined_systems, studied

GROUPS = ("groups", "groups with ions", "groups of one ion")

SCORES = {
    "scorecard": ("scorecard_csv", "D. Scores by metric"),
    "claims": ("claims_md", "B. Claims"),
    "disagreement": ("disagreement_md", "C. Disagreement"),
}
RECORDS = {
    "configuration": "Configuration",
    "models": "Models, licences, hashes",
    "run_times": "Run times",
    "software": "Software",
}
SCORECARD, RECORD = "Scorecard", "How it was computed"


@dataclass(frozen=True)
class Page:
    """A page of the report: the file it shows, and where the report lists it."""

    source: str
    category: str
    title: str


@dataclass(frozen=True)
class Gathered:
    """All that a study puts together from the results of its stages."""

    plan: Plan

    def pairs(self, stage: str, of: str) -> list[tuple[str, str]]:
        """Return every (model, name) of what a stage's results are of."""
        models = self.plan.models(STAGES[stage].run_for)
        return [(model, name) for model in models for name in self.plan.subjects(of, model)]

    def files(self, stage: str, file: str, of: str) -> list[str]:
        """Return a file of a stage for each of `pairs`, in their order."""
        return [self._file(stage, file, of, *pair) for pair in self.pairs(stage, of)]

    def _file(self, stage: str, file: str, of: str, model: str, name: str) -> str:
        if of == "model":
            return path(stage, file, model=model, dtype=self.costly_dtype(model))
        named = {field for _, field, _, _ in Formatter().parse(FILES[stage][file]) if field}
        return path(stage, file, **(dict.fromkeys(named, name) | {"model": model}))

    def leaf(self, key: str) -> object:
        """Return what stands at a dotted key of the configuration."""
        return reduce(lambda section, part: section[part], key.split("."), self.config)

    @property
    def config(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return self.plan.plain

    # Rows: what a table, figure or scorecard says of each result.

    def rows(self, pairs: Iterable[tuple[str, str]], of: str) -> list[dict[str, Any]]:
        """Return what is said of each (model, name): model, colour, system, and of runs more."""
        about = self._about.get(of)
        models = self.config["models"]
        return [
            {"model": models[model]["label"], "colour": models[model]["colour"]}
            | {"system": self.plan.called(name)}
            | (about(model, name) if about else {})
            for model, name in pairs
        ]

    @cached_property
    def _about(self) -> dict[str, Callable[[str, str], dict[str, Any]]]:
        return {
            **dict.fromkeys(RUNS, self._about_runs),
            **dict.fromkeys(GROUPS, self._about_groups),
            "activations": self._about_activations,
        }

    def _about_runs(self, model: str, name: str) -> dict[str, Any]:
        run = self.plan.runs[name]
        own = {key: run[key] for key in ("ions", "temperature", "replica")}
        label = self.config["models"][model]["label"] + self.plan.among_groups(name)
        return own | {"system": run["stack"], "label": label}

    def _about_groups(self, model: str, name: str) -> dict[str, Any]:
        run = self.plan.runs[self.plan.groups[name][0]]
        return {"system": run["stack"], "ions": run["ions"], "temperature": run["temperature"]}

    def _about_activations(self, model: str, name: str) -> dict[str, Any]:
        run = self.plan.runs[self.plan.activations[name][0]]
        return {"system": run["stack"], "ions": run["ions"]}

    @cached_property
    def row_names(self) -> dict[str, str]:
        """Return names in Table 1, where a unit cell has the layer's name, as published values."""
        layers = self.plan.config.study.layers
        units = {f"{x}_unit": x for x in layers}
        return units | {x: f"{x} supercell" for x in layers}

    # Tables.

    def table_pairs(self, table: str) -> list[tuple[str, str]]:
        """Return the (model, name) of each row of a table."""
        return self.pairs(STAGE_OF_TABLE[table].name, TABLES[table].of)

    def table_files(self, table: str) -> list[str]:
        """Return the file with each row's numbers."""
        return self.files(STAGE_OF_TABLE[table].name, TABLES[table].file, TABLES[table].of)

    def table_rows(self, table: str) -> list[dict[str, Any]]:
        """Return what each row of a table is about, without what only figures show."""
        about = self.rows(self.table_pairs(table), TABLES[table].of)
        if TABLES[table].of == "minima":
            about = [x | {"system": self.row_names.get(x["system"], x["system"])} for x in about]
        return [{key: x[key] for key in x if key not in ("colour", "label")} for x in about]

    @cached_property
    def tables(self) -> list[str]:
        """Return the tables that have a row."""
        return [name for name in TABLES if self.table_pairs(name)]

    @cached_property
    def table_targets(self) -> list[str]:
        """Return the files of all tables."""
        return [path("tables", kind, table=name) for name in self.tables for kind in ("csv", "md")]

    @cached_property
    def convergences(self) -> list[str]:
        """Return the checks of every layer's phonons."""
        return self.files("phonons", "convergence", TABLES["phonons"].of)

    def files_beside(self, table: str) -> list[str]:
        """Return the second file of each row of a table, if it has one and the study makes it."""
        own = TABLES[table]
        if not own.beside or not self.leaf(own.beside_if):
            return []
        return self.files(STAGE_OF_TABLE[table].name, own.beside, own.of)

    # Figures.

    def figure_models(self, figure: Figure) -> list[str]:
        """Return the models of which a figure shows something."""
        pairs = self.pairs(STAGE_OF_FIGURE[figure.name].name, figure.of)
        return list(dict.fromkeys(model for model, _ in pairs))

    @cached_property
    def figure_targets(self) -> list[str]:
        """Return the files of all figures, the scorecard's included."""
        names = ["scorecard"]
        for figure in FIGURES.values():
            models = self.figure_models(figure)
            shown = [f"{figure.name}_{model}" for model in models]
            names += shown if figure.one_per_model else [figure.name][: len(models)]
        return [path("figures", kind, figure=name) for name in names for kind in FILES["figures"]]

    def figure_inputs(self, figure: Figure) -> dict[str, list[str]]:
        """Return the results that a figure shows; one for each model keeps its wildcard."""
        own, found = STAGE_OF_FIGURE[figure.name].name, {}
        for name, key in figure.inputs.items():
            stage, _, file = key.rpartition(".")
            found[name] = self._figure_files(figure, stage or own, file)
        for name, (key, of) in figure.also.items():
            stage, _, file = key.rpartition(".")
            found[name] = self.files(stage, file, of)
        return found

    def figure_references(self, figure: Figure) -> dict[str, list[str] | str]:
        """Return the files of the configuration that a figure shows beside results."""
        found: dict[str, list[str] | str] = {}
        for name, key in figure.references.items():
            given = self.leaf(key)
            if isinstance(given, dict):
                found[name] = [file for file in self._references(figure, given).values() if file]
            else:
                found[name] = self.file_of(key)
        return found

    def file_of(self, key: str) -> str | list[str]:
        """Return the file that a dotted key of the configuration names, if it names one."""
        given = self.leaf(key)
        return locate(given) if isinstance(given, str) else []

    def _figure_files(self, figure: Figure, stage: str, file: str) -> list[str]:
        if not figure.one_per_model:
            return self.files(stage, file, figure.of)
        models = self.figure_models(figure)[:1]
        names = [name for model in models for name in self.plan.subjects(figure.of, model)]
        return [self._file(stage, file, figure.of, "{model}", name) for name in names]

    def _references(self, figure: Figure, given: dict[str, Any]) -> dict[str, str | None]:
        """Return the references of what a figure shows, in its order, so that theirs is none."""
        models = self.plan.config.study.models[:1]
        shown = [name for model in models for name in self.plan.subjects(figure.of, model)]
        layer_of = self.plan.phonon_cells
        files = {self.plan.called(name): given.get(layer_of.get(name, name)) for name in shown}
        return {name: locate(file) if file else None for name, file in files.items()}

    def figure_parameters(self, figure: Figure) -> dict[str, object]:
        """Return what a figure's script is given beside its files."""
        found: dict[str, object] = {}
        if figure.one_per_model:
            models = self.figure_models(figure)[:1]
            names = [name for model in models for name in self.plan.subjects(figure.of, model)]
            runs = figure.of in RUNS
            found["titles"] = [self.plan.title(name) if runs else name for name in names]
        else:
            pairs = self.pairs(STAGE_OF_FIGURE[figure.name].name, figure.of)
            found["rows"] = self.rows(pairs, figure.of)
        for name, (key, of) in figure.also.items():
            found[f"rows_of_{name}"] = self.rows(self.pairs(key.partition(".")[0], of), of)
        for name, key in figure.references.items():
            given = self.leaf(key)
            if isinstance(given, dict):
                found[name] = self._references(figure, given)
        for name, keys in figure.settings.items():
            found[name] = self.leaf(keys) if isinstance(keys, str) else self._leaves(keys)
        return found

    def _leaves(self, keys: Iterable[str]) -> dict[str, object]:
        return {key.rpartition(".")[2]: self.leaf(key) for key in keys}

    # Scorecard.

    def costly_dtype(self, model: str) -> str:
        """Return the dtype whose force calls a model's cost is told by: of dynamics, if any."""
        given = self.plan.config.models[model].precision
        return given.dynamics if "dynamics" in self.plan.precisions(model) else given.static

    def _scored(self, key: str, scored: Scored) -> list[tuple[str, str]]:
        stage = key.partition(".")[0]
        if stage in STAGES:
            return self.pairs(stage, scored.of)
        return [(model, "") for model in self.plan.config.study.models]

    @cached_property
    def scored_files(self) -> list[str]:
        """Return the files that the scorecard reads."""
        found = []
        for key, scored in SCORED.items():
            stage, file = key.split(".")
            found += [
                self._file(stage, file, scored.of, model, name)
                for model, name in self._scored(key, scored)
            ]
        return found

    @cached_property
    def scored_rows(self) -> list[dict[str, Any]]:
        """Return what each of `scored_files` is about."""
        return [
            {"file": key, "source": self.config["models"][model]["label"]}
            | {"system": self.plan.called(name)}
            | self._leaves(scored.settings)
            | self._scored_beside(key, scored, model, name)
            | (about(model, name) if (about := self._scored_about.get(scored.of)) else {})
            for key, scored in SCORED.items()
            for model, name in self._scored(key, scored)
        ]

    def _scored_beside(self, key: str, scored: Scored, model: str, name: str) -> dict[str, Any]:
        if not scored.beside or not self.leaf(scored.beside_if):
            return {}
        stage = key.partition(".")[0]
        return {"beside": {scored.beside: self._file(stage, scored.beside, scored.of, model, name)}}

    @cached_property
    def scored_files_beside(self) -> list[str]:
        """Return the second files that the scorecard reads."""
        return [file for row in self.scored_rows for file in row.get("beside", {}).values()]

    @cached_property
    def _scored_about(self) -> dict[str, Callable[[str, str], dict[str, Any]]]:
        def unit_or_stack(model: str, name: str) -> dict[str, Any]:
            is_unit = name in self.plan.units
            return {"is_unit": is_unit, "system": self.row_names[name] if is_unit else name}

        def group(model: str, name: str) -> dict[str, Any]:
            run = self.plan.runs[self.plan.groups[name][0]]
            own = {"ions": run["ions"], "temperature_K": run["temperature"]}
            return own | {"production_ps": run["production_ps"], "system": run["stack"]}

        def cost(model: str, name: str) -> dict[str, Any]:
            return {"precision": self.costly_dtype(model)}

        return {
            "units and stacks": unit_or_stack,
            "groups": group,
            "groups of one ion": group,
            "activations": self._about_activations,
            "model": cost,
        }

    @cached_property
    def studied(self) -> dict[str, Any]:
        """Return what the study runs, as the scorecard asks it (`scorecard.quantities.Study`)."""
        return studied(self.plan)

    @property
    def defined_systems(self) -> list[str]:
        """Return all layers and stacks of the configuration, those that are not studied, too."""
        return defined_systems(self.plan)

    @property
    def score_headings(self) -> dict[str, str]:
        """Return what stands above the rows of each table in the scorecard's figure."""
        found = {t: name for scored in SCORED.values() for t, name in scored.headings.items()}
        return found | {"claims": "Claims of the study"}

    @cached_property
    def scorecard_targets(self) -> list[str]:
        """Return the files of the scorecard that the study asks for."""
        return [path("scorecard", file) for file in FILES["scorecard"] if file != "quantities"]

    # Report.

    @cached_property
    def categories(self) -> dict[str, str]:
        """Return the report's categories, which it sorts by name, by their titles."""
        titles = [SCORECARD, *(stage.title for stage in STAGES.values()), RECORD]
        return {title: f"{i}. {title}" for i, title in enumerate(dict.fromkeys(titles), start=1)}

    @property
    def scorecard_category(self) -> str:
        """Return the category of the scorecard."""
        return self.categories[SCORECARD]

    @property
    def structures_category(self) -> str:
        """Return the category of structures to turn."""
        return self.categories[STAGES["relaxation"].title]

    def labels(self, title: str) -> Callable[[Wildcards], dict[str, str]]:
        """Return a labels function: how the report's lists name a result, and whose it is."""

        def labels(wildcards: Wildcards) -> dict[str, str]:
            model = cast(Any, wildcards).get("model")
            whose = self.plan.config.models[model].label if model else "all"
            return {"result": title, "model": whose}

        return labels

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Return the report's pages by their names."""
        category = self.categories
        found = {
            name: Page(path("scorecard", file), category[SCORECARD], title)
            for name, (file, title) in SCORES.items()
        }
        for name in self.tables:
            where = category[STAGE_OF_TABLE[name].title]
            found[name] = Page(path("tables", "md", table=name), where, TABLES[name].title)
        for name, title in RECORDS.items():
            recorded = path("report", "record", record=name)
            source = path("report", "configuration") if name == "configuration" else recorded
            found[name] = Page(source, category[RECORD], title)
        return found

    @cached_property
    def viewed(self) -> dict[str, list[str]]:
        """Return the structures of each model that can be turned, stacks first."""
        alone = [*self.plan.layers, *self.plan.units, *self.plan.cells_without_stress]
        models = self.plan.models("relaxation")
        return {m: sorted(self.plan.relaxed_with(m), key=alone.__contains__) for m in models}

    def viewed_files(self, wildcards: Wildcards) -> list[str]:
        """Return the files of a model's structures that can be turned."""
        model = wildcards.model
        names = self.viewed[model]
        return [path("relaxation", "structure", model=model, structure=name) for name in names]

    @cached_property
    def views(self) -> list[str]:
        """Return the pages with structures to turn."""
        return [path("report", "view", model=model) for model in self.viewed]

    @cached_property
    def report_targets(self) -> list[str]:
        """Return the files of the report."""
        return self.views + [path("report", "page", page=name) for name in self.pages]

    @property
    def recorded_config(self) -> str:
        """Return the configuration as text, so that braces in a setting are no wildcards."""
        return json.dumps(self.config, sort_keys=True)
