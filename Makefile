# Everything a contributor does. `make` alone lists the targets.

PYTHON ?= python3
# How many test processes run at a time: a number, or `logical` for one for each processor. One
# more is the default, because many tests wait.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)' 2>/dev/null)
# More arguments for pytest: make quick ARGS="-k slug"
ARGS ?=
# make requirements UPGRADE=--upgrade takes the latest releases; without it, pins that fit stay.
UPGRADE ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check $(if $(HOME),,--no-cache-dir)
PYTEST := $(BIN)/python -m pytest
# One by one: what takes long comes first, and is not to fall to one process alone.
PARALLEL := -n $(WORKERS) --maxprocesses 8 --maxschedchunk 1
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
	--custom-compile-command "make requirements" $(if $(HOME),,--no-cache) $(UPGRADE)

# Of the caller's settings for pip, only those that say how to reach packages are kept; of those
# for Python, none that change what a program does.
REACH := PIP_CACHE_DIR PIP_CERT PIP_CLIENT_CERT PIP_CONFIG_FILE PIP_DEFAULT_TIMEOUT \
	PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_INDEX_URL PIP_KEYRING_PROVIDER PIP_NO_CACHE_DIR \
	PIP_NO_INDEX PIP_PROXY PIP_RETRIES PIP_TIMEOUT PIP_TRUSTED_HOST
unexport $(filter-out $(REACH),$(filter PIP_%,$(.VARIABLES)))
unexport PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONINSPECT PYTHONOPTIMIZE PYTHONPATH \
	PYTHONSAFEPATH PYTHONSTARTUP PYTHONWARNINGS

.DEFAULT_GOAL := help
.PHONY: help install demo test quick check bench bench-search test-exhaustive test-system examples openapi api-changes record-answers compare-answers requirements release clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

install: .venv/.installed ## make .venv with what Dateline runs on, pinned, and Dateline itself

demo: .venv/.installed ## serve sample stories on an embedded database (PORT=8123 chooses the port)
	@$(BIN)/dateline demo $(if $(PORT),--port $(PORT))

test: .venv/.installed-dev ## run the tests that need nothing but Python, for each change
	$(PYTEST) -m "not system and not exhaustive" $(PARALLEL) $(ARGS)

quick: .venv/.installed-dev ## run the fast tests, on SQLite
	$(PYTEST) -m "not slow and not system and not exhaustive and not postgresql" $(PARALLEL) $(ARGS)

check: .venv/.installed-dev ## lint, formatting, types, layers and public names; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.public_names

bench: .venv/.installed-dev ## measure, beside the floor and the idiomatic version
	$(BIN)/python -m bench $(ARGS)

bench-search: .venv/.installed-dev ## measure how well search ranks, on any collection of texts (ARGS=--help)
	$(BIN)/python -m bench.search $(ARGS)

test-exhaustive: .venv/.installed-dev ## run the tests that take long, before a release
	$(PYTEST) -m "exhaustive and not system" $(PARALLEL) $(ARGS)

test-system: .venv/.installed-dev ## run the tests that need programs of the system
	$(PYTEST) -m system $(ARGS)

examples: .venv/.installed-dev ## record the examples of the API reference anew
	$(BIN)/python -m tools.record_examples

openapi: .venv/.installed ## write docs/openapi.json
	@$(BIN)/dateline openapi >docs/openapi.json.part
	@$(BIN)/python -m json.tool --sort-keys --no-ensure-ascii docs/openapi.json.part docs/openapi.json
	@rm docs/openapi.json.part

api-changes: .venv/.installed-dev ## merge docs/api-changes/ into docs/api-changes.md
	$(BIN)/python -m tools.api_changes

record-answers: .venv/.installed-dev ## record what the server answers (ARGS="FOLDER NAME")
	$(BIN)/python -m tools.answers record $(ARGS)

compare-answers: .venv/.installed-dev ## compare two recordings (ARGS="BEFORE.jsonl AFTER.jsonl")
	$(BIN)/python -m tools.answers compare $(ARGS)

requirements: .venv/.installed-dev ## compile requirements/ from pyproject.toml (UPGRADE=--upgrade)
	$(COMPILE) pyproject.toml --extra dev --group build --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraints requirements/dev.txt \
		--output-file requirements/runtime.txt
	$(COMPILE) pyproject.toml --extra otel --constraints requirements/dev.txt \
		--output-file requirements/otel.txt
	$(COMPILE) --group build --constraints requirements/dev.txt \
		--output-file requirements/build.txt
	$(COMPILE) --group release --output-file requirements/release.txt

release: .venv/.installed .venv-release/.installed ## build the wheel and its SBOM (CycloneDX) in dist/
	@$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@.venv-release/bin/python -W ignore::UserWarning -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file dist/dateline.cdx.json requirements/runtime.txt
	@ls dist

clean: ## remove .venv, caches and build products
	rm -rf .venv .venv-release .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf build dist dateline.egg-info
	find app bench migrations tests tools -type d -name __pycache__ -prune -exec rm -rf {} +

.venv/.installed: requirements/runtime.txt requirements/build.txt pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "There is no $(PYTHON). Dateline needs Python 3.11 or newer." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Dateline needs Python 3.11 or newer, and this is $$("$(PYTHON)" --version 2>&1)." >&2; \
		echo "Name another one: make install PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing the pinned requirements into .venv"
	@"$(PYTHON)" -m venv .venv
	@$(PIP) install --quiet --require-hashes \
		--requirement requirements/runtime.txt --requirement requirements/build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv-release/.installed: requirements/release.txt
	@"$(PYTHON)" -m venv .venv-release
	@.venv-release/bin/python -m pip --disable-pip-version-check install --quiet \
		--require-hashes --requirement requirements/release.txt
	@touch $@

# What tests and checks need in addition.
.venv/.installed-dev: requirements/dev.txt .venv/.installed
	@echo "Installing the pinned tools of contributors into .venv"
	@$(PIP) install --quiet --require-hashes --requirement requirements/dev.txt
	@touch $@
