# Two commands do everything: `make run` and `make test`. `make` alone lists the rest.
# Kept to what GNU make 3.81 understands, which is what macOS has.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SHELL := /bin/sh

# Which benchmarks `make bench` runs: all of them, or those of one room (make bench ONLY=sts).
ONLY ?=

# Nothing of another environment leaks in.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONNOUSERSITE := 1

INSTALL := $(BIN)/python -m pip install -qq --no-deps
LOCK := $(BIN)/python -m uv --quiet pip compile pyproject.toml --universal --python-version=3.11 --fork-strategy=fewest \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: help run test check bench lock format clean
.DELETE_ON_ERROR:

help:
	@echo "make run      install what is needed into $(VENV), show a made-up town at work, stay up to be tried"
	@echo "make test     the whole suite, with the coverage every room must reach"
	@echo "make check    format, lint, types, import rules, documentation"
	@echo "make bench    one JSON object a line; ONLY=sts for one room"
	@echo "make format   put the code in shape"
	@echo "make lock     renew the locked dependencies"
	@echo "make clean    remove what the others made, $(VENV) included"

# Without SoftHSM the tests of keys in hardware are skipped, so their room can't be held to its coverage.
NO_SOFTHSM = $(if $(shell command -v softhsm2-util),,--omit='src/umbane/security/pkcs11/*')

# ---------------------------------------------------------------------------------------------------------- the work

run: $(VENV)/.run
	@mkdir -p out
	@$(BIN)/umbane demo --html out/report.html

test: $(VENV)/.dev
	@$(BIN)/python -m pytest --numprocesses=auto --cov --cov-report=
	@$(BIN)/python -m coverage report --include='src/umbane/sts/*' --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/pricing/*' --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/security/*' $(NO_SOFTHSM) --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/keycentre/*' --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/audit/*' --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/registry/*' --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/ledger/*' --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/fleet/*' --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/trade/*' --fail-under=100
	@$(BIN)/python -m coverage report --include='src/umbane/vending/*' --fail-under=97
	@$(BIN)/python -m coverage report --include='src/umbane/meter/*' --fail-under=95
	@$(BIN)/python -m coverage report --include='src/umbane/db/*' --fail-under=95

check: $(VENV)/.dev
	@$(BIN)/python -m ruff format --check --diff .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m sphinx -q -W --keep-going -n -b html docs docs/_build/html
	@$(BIN)/python -m sphinx -q -W --keep-going -n -b doctest docs docs/_build/doctest

bench: $(VENV)/.run
	@$(BIN)/python -m benchmarks $(ONLY)

format: $(VENV)/.dev
	@$(BIN)/python -m ruff check --fix-only .
	@$(BIN)/python -m ruff format .

lock: $(VENV)/.dev
	@$(LOCK) --upgrade --group=build --output-file=requirements/run.txt
	@$(LOCK) --upgrade --group=dev --constraint=requirements/run.txt --output-file=requirements/dev.txt

clean:
	@rm -rf $(VENV) out build dist docs/_build .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# ---------------------------------------------------------------------------------------------------- the environment
#
# Three stamps, each newer than what it was made from. The libraries are those of the lock files, by their hashes; a
# changed requirements/run.txt starts again from an empty environment, and so does one that was left half-made.

$(VENV)/.libraries: requirements/run.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Umbane needs Python 3.11 or newer; '$(PYTHON)' answers: `$(PYTHON) --version 2>&1`"; \
		echo "Install one and name it, for example: make run PYTHON=python3.13"; exit 1; } >&2
	@echo "Making $(VENV): this takes a minute, once." >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) --require-hashes --requirement requirements/run.txt
	@touch $@

$(VENV)/.run: $(VENV)/.libraries pyproject.toml
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "Installing the tools for tests and checks." >&2
	@$(INSTALL) --require-hashes --requirement requirements/dev.txt
	@touch $@

# A checkout that was moved, or a Python that was upgraded away, breaks an environment silently: then start again.
HEALTHY := import os, umbane.cli; assert os.path.samefile(umbane.__path__[0], 'src/umbane')
ifneq ($(wildcard $(VENV)/.libraries),)
$(shell $(BIN)/python -I -c "$(HEALTHY)" 2>/dev/null || rm -f $(VENV)/.libraries $(VENV)/.run $(VENV)/.dev)
endif
