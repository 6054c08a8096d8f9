# studio: everything a newcomer needs. `make help` lists it.

# The first Python on this machine that is new enough; `make PYTHON=/path/to/python3.12 test` chooses another.
PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(python))))
BIN := .venv/bin
STAMP := .venv/.installed
ISOLATED := tests/isolated

.PHONY: help demo test long check benchmarks system-demo system-test clean

help:
	@echo 'make demo        set up, then play the main job through: apply, measure, edit, drift, heal (under two minutes)'
	@echo 'make test        set up, then linters, types, import rules and every test, real audio included'
	@echo 'make long        the laws with 500 examples each, ten kills of an apply in each mode of Carla, attached Carlas'
	@echo 'make check       linters, types and import rules only'
	@echo 'make benchmarks  print the ratios of the README'
	@echo 'make clean       remove .venv and all caches'

demo: system-demo $(STAMP)
	@$(ISOLATED) $(BIN)/python -m reconciler.demo $(ARGS)

test: system-test check
	$(ISOLATED) $(BIN)/python -m pytest -m 'not benchmark and not long' $(ARGS)

long: system-test $(STAMP)
	HYPOTHESIS_PROFILE=long $(ISOLATED) $(BIN)/python -m pytest tests/laws tests/carla/test_everything.py $(ARGS)
	$(ISOLATED) $(BIN)/python -m pytest -m long $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

benchmarks: system-test $(STAMP)
	$(ISOLATED) $(BIN)/python -m pytest -m benchmark -s $(ARGS)

# Installs what is missing on Debian and Ubuntu; elsewhere says what to install, by that distribution's names.
system-demo system-test: system-%:
	@test -n '$(PYTHON)' || { echo 'studio needs Python 3.11 or newer, with venv' >&2; exit 1; }
	@$(PYTHON) -m reconciler.doctor.packages --for $*

# Made once; refreshed when the dependencies change. A venv whose Python has gone is made anew.
$(STAMP): pyproject.toml
	@test -n '$(PYTHON)' || { echo 'studio needs Python 3.11 or newer, with venv' >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find reconciler tests -name __pycache__ -type d -prune -exec rm -rf {} +
