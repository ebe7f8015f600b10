# Every target installs what it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
UV := .venv/bin/uv
NOX := .venv/bin/nox
export UV_NO_PROGRESS := 1
# Every command and test starts processes: modules that are compiled once make each start two to three times as fast.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

# Tools that check and build the dashboard's scripts.
FRONTEND := collector/frontend/node_modules/.installed
# The machine's npm, or the one that `.venv/.node` installs where there is none.
NPM = PATH="$$PATH:$(CURDIR)/.venv/bin" npm

# The first of these that exists creates the environment; the project needs Python 3.11 or newer.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3 || echo python3)
# An older Python is refused before it creates an environment that the next run would use.
VENV = test -x $(PY) || { $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' | grep -q True \
	|| { echo "$(PYTHON) is older than 3.11, or not there: make PYTHON=python3.11" >&2; exit 1; }; $(PYTHON) -m venv .venv; }

.PHONY: help setup lock demo test test-all check generate site bench bench-quick soak clean
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/.installed: requirements-uv.txt requirements.txt pyproject.toml client/pyproject.toml collector/pyproject.toml examples/toolkit/pyproject.toml
	@$(VENV)
	@test -x $(UV) || $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements.txt
	$(UV) pip install --quiet --python $(PY) --no-deps -e client -e collector -e examples/toolkit
	@$(PY) -m compileall -q client/src collector/src examples/toolkit/src
	@touch $@

setup: .venv/.installed ## the virtual environment in .venv

# Images install the same pinned versions as everything else.
IMAGE_PINS = $(UV) pip compile --quiet --constraint requirements.txt --generate-hashes --no-header --no-annotate --universal \
	--python-version 3.11 --no-emit-package footfall --no-emit-package footfall-collector

lock: ## resolve again and write the pins to requirements*.txt and deploy/images
	@$(VENV)
	@test -x $(UV) || $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	$(UV) lock --quiet --upgrade --python $(PY)
	$(UV) export --quiet --frozen --all-packages --group dev --no-emit-workspace --no-header -o requirements.txt >/dev/null
	$(UV) export --quiet --frozen --only-group engines --no-emit-workspace --no-header -o requirements-engines.txt >/dev/null
	$(UV) export --quiet --frozen --only-group node --no-emit-workspace --no-header -o requirements-node.txt >/dev/null
	$(UV) export --quiet --frozen --only-group traefik --no-emit-workspace --no-header -o requirements-traefik.txt >/dev/null
	@rm -f uv.lock
	$(IMAGE_PINS) deploy/images/build.in -o deploy/images/build.txt >/dev/null
	$(IMAGE_PINS) collector/pyproject.toml --all-extras -o deploy/images/collector.txt >/dev/null
	$(IMAGE_PINS) examples/toolkit/pyproject.toml -o deploy/images/toolkit.txt >/dev/null

# Stores to compare with, half a gigabyte: for the suites and measurements that name them.
engines: .venv/.engines
.venv/.engines: requirements-engines.txt .venv/.installed
	$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements-engines.txt
	@touch $@
.PHONY: engines

clean: ## remove what the other targets made
	rm -rf .venv .venvs .demo .artefacts node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

demo: setup ## real tool calls of a real MCP server in a dashboard, until Ctrl-C (DEMO_SECONDS, FOOTFALL_PORT, TOOLKIT_PORT)
	@$(PY) scripts/demo

test: setup $(FRONTEND) ## the quick suites, with all checks (under 10 minutes)
	@$(NOX)

test-all: setup engines browser strace node clickhouse kubernetes-assets ## every suite; what CI runs
	@$(NOX) -t all

check: setup $(FRONTEND) ## format, lint, types, import rules, generated files
	@$(NOX) -s check

generate: setup $(FRONTEND) ## refresh everything that derives from the catalogue and the settings, and the dashboard's scripts
	@$(PY) scripts/generate
	@$(NPM) --prefix collector/frontend run --silent build

site: setup ## the documentation as a site, in .site
	@.venv/bin/zensical build --clean --strict

bench: setup engines bench/client/node/node_modules/.installed ## every measurement, over an hour, with Go 1.26 and Cargo for two peers; writes bench/RESULTS.md (BENCH=client for some)
	@$(PY) bench/run.py --only "$(BENCH)"

bench-quick: setup ## ratios in three minutes, compared with the committed ones; tells what got worse
	@$(PY) bench/compare_ratios.py

soak: setup engines strace browser node clickhouse ## what is too long for every run: a hundred kills in a row, long outages, every guard of the privacy proof, a crowd for a minute, every state of the dashboard, replicas killed again and again, an hour of attacks
	SOAK=1 $(PY) -m pytest -n 2 client/tests/faults
	SOAK=1 $(PY) -m pytest -n 2 -rP collector/tests/durability
	SOAK=1 $(PY) -m pytest -rP collector/tests/defence/test_under_attack.py
	FOOTFALL_GUARDS=all FOOTFALL_PRIVACY_RUNS=20 $(PY) -m pytest -n 2 tests/privacy
	SOAK=1 FOOTFALL_SDKS=all $(PY) -m pytest client/tests/mcp/test_crowd.py
	SOAK=1 $(PY) -m pytest tests/dashboard
	SOAK=1 $(PY) -m pytest -rP -n 2 collector/tests/fuzz tests/protocol/test_openapi.py
	SOAK=1 $(PY) -m pytest deploy/tests/test_images.py deploy/tests/test_own_product.py
	SOAK=1 $(PY) -m pytest tests/clickhouse
	SOAK=1 $(PY) -m pytest -rP --timeout=5400 tests/attacks

# The dashboard's tests use Chromium: an existing one, or the one from Debian's packages.
browser: .venv/.installed
	@$(PY) scripts/setup/find_chromium.py

# A Kubernetes API server for the tests, built once from its Go modules: ten minutes.
kubernetes-assets: .venv/.installed ## kube-apiserver, etcd and kustomize for the tests, in KUBEBUILDER_ASSETS or .kubernetes-assets
	@$(PY) scripts/setup/kubernetes_assets.py

# strace shows the system calls of a server with telemetry off.
strace: .venv/.installed
	@$(PY) scripts/setup/find_program.py strace

# A real cluster of ClickHouse servers with ZooKeeper.
clickhouse: .venv/.installed
	@$(PY) scripts/setup/find_clickhouse.py

# Node programs that tests use: real MCP clients, axe. Pinned by their lock files.
NODE_LOCKS := $(wildcard tests/*/node/package-lock.json deploy/tests/node/package-lock.json client/tests/*/node/package-lock.json collector/frontend/package-lock.json)
node: $(NODE_LOCKS:package-lock.json=node_modules/.installed)
.venv/.node: requirements-node.txt .venv/.installed
	@{ command -v node && command -v npm; } >/dev/null || $(UV) pip install --quiet --python $(PY) --require-hashes -r requirements-node.txt
	@touch $@
%/node_modules/.installed: %/package-lock.json | .venv/.node
	cd $* && $(NPM) ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@
.PHONY: browser strace node clickhouse kubernetes-assets
