# Needs Python ≥ 3.11, make and a package index. Everything else comes into .tools/ and .venv/.
PYTHON ?= python3
UV := .tools/bin/uv
PAPERS := .venv/bin/papers
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-spark attack bench lint types format dictionary ui clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(READY) ## Install uv and the locked environment

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv

$(READY): $(UV) pyproject.toml uv.lock
	@# Compiled once here, as importing costs most of a short run and some systems keep no compiled files.
	@# The second attempt is for an index whose certificate is signed by an authority that only this system trusts.
	UV_PYTHON_DOWNLOADS=never $(UV) sync --quiet --locked --compile-bytecode --python .tools/bin/python \
		|| UV_PYTHON_DOWNLOADS=never $(UV) sync --quiet --locked --compile-bytecode --python .tools/bin/python --system-certs
	.venv/bin/python -m compileall -q -x warehouse/data orchestration sources warehouse
	.venv/bin/python -m orchestration.transform.manifest
	@touch $@

demo: $(READY) ## Replay a month of invented listings through the whole pipeline and show what rose most
	$(PAPERS) demo

test: $(READY) ## Run the fast tests on two cores (5 minutes)
	.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: $(READY) ## Run all tests but the attack and those on Spark: browser, UI, real listings and long sequences too (20 minutes)
	.venv/bin/pytest --ignore tests/slow/attack -n 2 --dist loadfile --no-loadscope-reorder

attack: $(READY) ## Kill, damage and deceive it, and print what held (15 minutes at most; ATTACK_SEED= tries others)
	.venv/bin/pytest -q tests/slow/attack

faults: $(READY) ## Put twelve faults into a copy, one at a time, and see whether the fast tests notice (10 minutes)
	.venv/bin/python -m tests.conventions.seeded_faults

bench: $(READY) ## Measure against what people would use instead (ONLY=load,day picks rows, SCALE_PAPERS= sets the size)
	.venv/bin/python -m tests.benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(SCALE_PAPERS),--scale-papers $(SCALE_PAPERS))

test-spark: $(READY) ## Build the models on Spark with Iceberg too and compare; installs what it needs (17 minutes)
	UV="$(UV)" PYTHON=.tools/bin/python tests/spark/run

lint: $(READY) ## Check style of Python and SQL, formatting and declared dependencies
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/sqlfluff lint --disable-progress-bar dbt_project/models orchestration/gates/sql/marts orchestration/gates/sql/published orchestration/gates/sql/raw warehouse/publication/queries
	.venv/bin/deptry .

types: $(READY) ## Check types
	.venv/bin/mypy

format: $(READY) ## Format the code
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

dictionary: $(READY) ## Write docs/data-dictionary.md and docs/llms.txt from the contracts of the marts, and the tables of settings
	.venv/bin/python -m orchestration.transform.dictionary
	.venv/bin/python -m warehouse.settings_table

ui: $(READY) ## Start Dagster on http://127.0.0.1:3000
	$(PAPERS) ui

clean: ## Remove the environment and caches (never the warehouse)
	rm -rf .venv .spark .tools .pytest_cache .mypy_cache .ruff_cache dbt_project/target
