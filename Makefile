# Every task is one word and bootstraps what it needs. The lines after ## are what `make` prints.
.DEFAULT_GOAL := help
.PHONY: help setup setup-demo setup-client setup-cli demo test check deep templates coverage bench lock clean

SHELL := bash
PYTHON := .venv/bin/python
CODE := src tests bench
T ?= tests
DEEP_MINUTES ?= 60

help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r task text; do printf '  make %-13s %s\n' "$$task" "$$text"; done

setup: ## install what is missing: system packages (as root), .venv with locked dependencies, the cloister command
	@tools/setup system product

setup-demo: ## setup, and .venv-client with Microsoft's azureml-core, for the demo
	@tools/setup system product client

setup-client: ## setup-demo, and .venv-azure with azure-ai-ml and azure-mgmt-*, for the tests
	@tools/setup system product client azure

setup-cli: ## setup, and .venv-cli with Microsoft's az (700 MB), for the long client tests
	@tools/setup system product client azure cli

demo: setup-demo ## start a cloud, run the article's scripts in it, try the workspace after each step and show the table
	@.venv/bin/cloister up --detach
	@.venv/bin/cloister demo

test: setup-client check ## all tests but the long ones; T=tests/dns for one room
	@$(PYTHON) -m pytest $(T)

check: setup ## style, types, the stairs of imports, the house rules
	@.venv/bin/ruff check $(CODE)
	@.venv/bin/ruff format --check --quiet $(CODE)
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports --no-logo >.import_linter.txt 2>&1 || { cat .import_linter.txt; exit 1; }
	@$(PYTHON) -m pytest -q tests/house

deep: setup-cli ## the long tests, each in its box of DEEP_MINUTES (60); a table of the counts they reached
	@DEEP_MINUTES=$(DEEP_MINUTES) $(PYTHON) -m pytest -m "deep or hypothesis" --hypothesis-profile=deep --timeout=1800 $(T)

templates: setup ## deploy every published template in ../shared/templates on a cloud of its own; a table of what became of each
	@$(PYTHON) -m tests.templates.run

bench: setup ## measure on this machine: a table, and bench/latest.json
	@$(PYTHON) -m bench.run

coverage: setup ## make docs/coverage.md anew from the resource types
	@$(PYTHON) tools/coverage

lock: ## make the lock files anew: the product's from pyproject.toml, the clients' from tools/lock (public index only)
	@tools/lock product azure cli

clean: ## remove what the tasks above made in this folder; CLOISTER_HOME stays
	@rm -rf .venv .venv-client .venv-azure .venv-cli .venv-lock .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache .import_linter.txt
	@find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
