# Everything from a fresh clone: `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
READY_DEV = $(VENV)/.ready-dev
READY_DOCS = $(VENV)/.ready-docs



.PHONY: demo test lint docs bench clean

demo: $(READY)
	$(BIN)/python -m kerata demo

test: $(READY_DEV)
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(READY_DEV)
	$(BIN)/ruff check src tests examples benchmarks docs
	$(BIN)/ruff format --check src tests examples benchmarks docs
	$(BIN)/mypy
	$(BIN)/python tests/typing/check.py
	$(BIN)/python tests/size.py

# The site, with the API reference, in site/. The NumPy engine suffices: no page needs another.
docs: $(READY_DOCS)
	KERATA_BACKEND=numpy NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(READY_DEV)
	$(BIN)/python benchmarks/run.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(READY): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e ".[jax]"
	touch $@

$(READY_DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q -e ".[dev]"
	touch $@

$(READY_DOCS): $(READY_DEV)
	$(BIN)/python -m pip install -q -e ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) site .pytest_cache .ruff_cache .hypothesis
