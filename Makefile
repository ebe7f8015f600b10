# Every target installs what it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
UV := .venv/bin/uv
UV_VERSION := 0.13.9
export UV_NO_PROGRESS := 1
export PYTHONDONTWRITEBYTECODE := 1

# The first of these that exists makes the environment; the project needs Python 3.11 or newer.
PYTHON ?= $(shell command -v python3.11 || command -v python3)

.PHONY: help setup lock demo test test-all check generate bench soak clean
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/.installed: requirements.txt pyproject.toml client/pyproject.toml collector/pyproject.toml examples/toolkit/pyproject.toml
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@test -x $(UV) || $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements.txt
	$(UV) pip install --quiet --python $(PY) --no-deps -e client -e collector -e examples/toolkit
	@touch $@

setup: .venv/.installed ## the virtual environment in .venv

lock: ## resolve again and write the pins to requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@test -x $(UV) || $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) lock --quiet --upgrade --python $(PY)
	$(UV) export --quiet --frozen --all-packages --group dev --no-emit-workspace --no-header -o requirements.txt >/dev/null
	@rm -f uv.lock

clean: ## remove what the other targets made
	rm -rf .venv .venvs .demo .artefacts node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
