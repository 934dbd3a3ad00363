# Two commands do everything: `make demo` (install, close a month) and `make check` (install, lint, test).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo check fast lint lock docs clean

demo: .venv/run.stamp
	$(BIN)/tickmark demo

check: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

fast: .venv/dev.stamp
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

lint: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

.venv/uv.stamp: requirements-uv.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Tickmark needs Python 3.11: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-uv.txt
	touch $@

# The development lock contains the runtime lock: whichever was installed last, `demo` works.
.venv/run.stamp: .venv/uv.stamp requirements.txt pyproject.toml
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --only-binary :all: -r requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --only-binary :all: -r requirements-dev.txt
	touch $@

lock: .venv/uv.stamp
	$(BIN)/uv pip compile --quiet --no-header --python-version 3.11 --generate-hashes --upgrade pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --no-header --python-version 3.11 --generate-hashes --constraints requirements.txt --group dev pyproject.toml -o requirements-dev.txt

# The data dictionary comes from the comments of the DDL; a test fails where it is stale.
docs: .venv/run.stamp
	$(BIN)/python docs/tables.py
	$(BIN)/python docs/formats.py

clean:
	rm -rf .venv
