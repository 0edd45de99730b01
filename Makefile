# Needs make and Python 3.11 or later, and writes only into this folder. `make PYTHON=python3.13` chooses.
PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
COMPILE := $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := install
.PHONY: install demo test check format lint types imports docs pictures bench lock clean

install: .venv/installed  ## what it takes to run Hamgam
	@echo "Installed. Try: make demo"

demo: .venv/installed
	$(BIN)/hamgam demo

test: .venv/installed-dev
	$(BIN)/pytest

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(MAKE) lint types imports test

lint: .venv/installed-dev
	$(BIN)/ruff check .

types: .venv/installed-dev
	$(BIN)/mypy

imports: .venv/installed-dev
	$(BIN)/lint-imports

format: .venv/installed-dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: .venv/installed-dev
	$(BIN)/python tools/generate_docs.py

pictures: .venv/installed-dev  ## of the README, from a `make demo` that has run for some minutes
	$(BIN)/python -m tools.take_pictures

bench: .venv/installed-dev
	$(BIN)/python -m benchmarks

lock:
	$(COMPILE) --group dev --output-file requirements-dev.lock
	$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements.lock

clean:
	rm -rf .venv dist build

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Hamgam needs Python 3.11 or later: make PYTHON=python3.13" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes --only-binary :all: -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(PIP) --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@
