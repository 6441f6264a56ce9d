# Everything a person does here. `make help` lists it.
SHELL := /bin/bash
PYTHON_BIN := .venv/bin/python
COHORTE := .venv/bin/cohorte
.DEFAULT_GOAL := help
# Common in containers; each of the many processes of a run, and of the tests, would compile anew what it imports.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup embeddings demo up down test test-all lint types bench new-source new-segment lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from requirements.lock (Python 3.11 or 3.12)
	@bin/setup

embeddings: setup ## add sentence embeddings: interests and values by meaning, not only by words (31 MB)
	@.venv/bin/uv pip install --quiet --python $(PYTHON_BIN) --no-build-isolation --constraint requirements.lock \
		--editable '.[embeddings]'

demo: setup ## run the whole platform once, for one business day
	@$(PYTHON_BIN) -m cohorte.orchestration.demo

up: setup ## start Airflow's UI and scheduler over var/, and the sandbox
	@$(PYTHON_BIN) -m cohorte.orchestration.stack up

down: setup ## stop everything `make up` started
	@$(PYTHON_BIN) -m cohorte.orchestration.stack down

test: setup ## run the tests; what is left to test-all is named at the end
	@.venv/bin/pytest -n 3 --dist worksteal -rs

test-all: setup ## run all tests, also those that take long: whole runs killed again and again
	@.venv/bin/pytest -n 3 --dist worksteal -rs --all

lint: setup ## ruff and mypy
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

bench: setup ## the benchmarks; they print ratios
	@for file in benchmarks/bench_*.py; do echo "== $$file"; $(PYTHON_BIN) $$file || exit 1; done

new-source: setup ## NAME=loyalty_app [KIND=api|rest|files|sql] [STREAM=member]: a source that works at once
	@$(COHORTE) new source $(NAME) --kind $(or $(KIND),api) --stream $(or $(STREAM),record)

new-segment: setup ## NAME=young_shoppers [KIND=rule|propensity]: a segment that is in the next run
	@$(COHORTE) new segment $(NAME) --kind $(or $(KIND),rule)

lock: ## resolve pyproject.toml into requirements.lock
	@.venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --quiet --extra sandbox --extra dev pyproject.toml -o requirements.lock

clean: down ## forget everything the platform wrote (var/)
	@rm -rf var
