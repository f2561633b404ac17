# On a fresh machine with Python 3.11: `make demo`, and `make test` with `make test-slow`.
PYTHON ?= python3
CORES ?= 2
# What `make report` reports on: the configuration of the study that was finished last.
CONFIG ?= results/report/configuration.yaml
# Where torch comes from, if not from pip's own index: one of builds for another CUDA, or for ROCm. Not
# remembered: give it with the first `make`, which installs (docs/cluster.md).
TORCH_INDEX ?=
TORCH_FROM = $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
VENV := .venv

# Snakemake starts a script by the path of its Python, here below this folder, and does not quote it.
ifneq ($(words $(CURDIR)),1)
$(error The path of this folder, $(CURDIR), has a blank, with which Snakemake starts no job: move the clone to a path without one)
endif

# Packages of other Pythons, with which not even Snakemake would start.
unexport PYTHONPATH

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Environments of models that cannot share the workflow's packages, each made from envs/NAME.txt; unless named, those
# that the tests need.
NAMES ?= sevennet
ENVS := $(NAMES:%=.envs/%/.installed)
TESTED_ENVS := .envs/sevennet/.installed
ENVS_THERE_ARE := $(filter-out requirements,$(patsubst envs/%.txt,%,$(wildcard envs/*.txt)))
ifneq ($(filter-out $(ENVS_THERE_ARE),$(NAMES)),)
$(error There is no environment $(filter-out $(ENVS_THERE_ARE),$(NAMES)); NAMES may be $(ENVS_THERE_ARE))
endif

.PHONY: envs demo report lock docs lint test test-slow coverage test-gpu test-install test-slurm test-report benchmark benchmark-slurm clean

$(INSTALLED): envs/requirements.txt envs/locks/requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "anodeflow needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@echo "installing anodeflow and what it needs into $(VENV): some minutes, torch is large"
	$(PYTHON) -m venv $(VENV)
	@# torch first and pinned: what the others would fetch for themselves is another, larger build
	$(BIN)/pip install --quiet $(TORCH_FROM) torch==$(shell sed -n 's/^torch==//p' envs/requirements.txt)
	$(BIN)/pip install --quiet --no-deps --require-hashes -r envs/locks/requirements.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

envs: $(ENVS)

# The Python that a line "# Python 3.11" of the file names, or that of the workflow.
python_of = $(or $(shell sed -n 's/^# Python \([0-9.]*\)$$/python\1/p' $(1)),$(PYTHON))

# What builds packages against the torch that is there, where the file names some to be built so.
define install
@echo "installing $< into $(@D)"
$(call python_of,$<) -m venv $(@D)
$(@D)/bin/pip install --quiet $(TORCH_FROM) torch==$$(sed -n 's/^torch==//p' $<) $$(sed -n 's/^# To build: //p' $<)
$(@D)/bin/pip install --quiet $$(sed -n 's/^# To build: .*/--no-build-isolation/p' $<) $(if $(wildcard envs/locks/$(<F)),--no-deps --require-hashes -r envs/locks/$(<F),-r $<)
touch $@
endef

.SECONDEXPANSION:
.envs/%/.installed: envs/%.txt $$(wildcard envs/locks/%.txt)
	$(install)

# What the benchmarks compare with: in no study's way, so not among the environments of `make envs`.
.envs/peers/.installed: benchmarks/peers.txt
	$(install)

demo: $(INSTALLED)
	@echo "demo: the whole chain with a small MACE (and relaxation and phonons with CHGNet), 10 to 15 minutes"
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) --configfile config/demo.yaml
	@echo
	@echo "done: figures in results/figures, tables in results/tables; start with"
	@ls -1 results/tables/relaxation.csv results/figures/*.png
	@echo "'make report' puts all of it into one page, results/report.html"

report: $(INSTALLED)
	@test -e $(CONFIG) || { echo "There is no $(CONFIG), so no study has been finished here: run one first, for instance by 'make demo'."; exit 1; }
	@said="$$(PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --dry-run --configfile $(CONFIG) 2>&1)" || { echo "$$said"; exit 1; }; \
	echo "$$said" | grep --quiet "Nothing to be done" || { echo "The study of $(CONFIG) is not finished: 'snakemake --dry-run --configfile $(CONFIG)' says what is left; run that, then report."; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --report results/report.html --report-stylesheet workflow/report/report.css --configfile $(CONFIG)
	@echo
	@echo "done: open results/report.html in a browser"

# Writes the locks anew from the pins: run it after changing one. Needs uv, which is not installed here.
lock:
	for name in requirements sevennet hienet diep; do \
	    uv pip compile envs/$$name.txt --no-deps --universal --python-version 3.11 --generate-hashes \
	        --no-emit-package torch --no-annotate --custom-compile-command "make lock" --output-file envs/locks/$$name.txt || exit 1; \
	done

# API pages out of the docstrings, into docs/api.
docs: $(INSTALLED)
	$(BIN)/pdoc --docformat google --output-directory docs/api anodeflow

lint: $(INSTALLED)
	$(BIN)/ruff check src workflow tests benchmarks
	$(BIN)/ruff format --check src workflow tests benchmarks
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python tests/helpers/check_docstrings.py src

# Two workers of one thread each. Tests of one file stay together, since they share what takes long to
# set up. tests/conftest.py puts the files that take longest first; xdist by itself would begin with
# those that have the most tests, and one worker would wait while the other kills a chain.
PYTEST = -m pytest -p no:cacheprovider --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder
ELSEWHERE = not slurm and not browser and not install
test: $(INSTALLED) $(TESTED_ENVS)
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) -m "$(ELSEWHERE) and not slow"

# What takes long: the whole chain, kills, recipes, every row of docs/reruns.
test-slow: $(INSTALLED) $(TESTED_ENVS)
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) -m "$(ELSEWHERE) and slow"

# Both, and which lines none of them runs; Pythons before 3.12 take half as long again for it.
coverage: $(INSTALLED) $(TESTED_ENVS)
	$(BIN)/coverage erase
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/coverage run $(PYTEST)
	$(BIN)/python tests/helpers/show_coverage.py

test-slurm: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" timeout 2400 $(BIN)/python -m pytest -m slurm tests/slurm

# A wheel into empty environments of the Pythons that are found; some minutes and up to 6 GB each, which go again.
test-install: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" timeout 2400 $(BIN)/python -m pytest -m install -o tmp_path_retention_policy=failed tests/install

test-report: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" timeout 1800 $(BIN)/python -m pytest -m browser tests/browser

# What a GPU gives a study, in at most five minutes, on the node that has it: MODEL names a MACE file, and
# GPU_PYTHON another Python than that of $(VENV), which needs torch, mace-torch, ase, h5py and matscipy only.
MODEL ?=
GPU_PYTHON ?= $(BIN)/python
test-gpu: $(if $(filter $(BIN)/python,$(GPU_PYTHON)),$(INSTALLED))
	PYTHONPATH=src $(GPU_PYTHON) -W ignore benchmarks/gpu_check.py $(if $(MODEL),--model "$(MODEL)")

benchmark: $(INSTALLED) .envs/peers/.installed
	$(BIN)/python benchmarks/run.py

benchmark-slurm: $(INSTALLED)
	PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=tests/helpers $(BIN)/python benchmarks/slurm_groups.py

clean:
	rm -rf results
