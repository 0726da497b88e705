# SPDX-License-Identifier: Apache-2.0
# Every target does its own set-up; `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help venv check quick lint test test-full bench demo golden clean

BIN := .venv/bin
FIRM ?= atelier
SITE ?=
BENCH ?=
# The lab makes network bridges and machines, so it is root's; the drivers in it run as the person who typed make.
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo DEMO_KEEP=$(DEMO_KEEP))
# Continuous integration wants to see what is going on, people want to read the end.
PYTEST := $(BIN)/python -m pytest -q

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

venv: ## make .venv with all that the other targets need (again when pyproject.toml changed)
	@.ci/setup

check: venv ## while you work, no lab: ruff, mypy --strict, yamllint and the quick tests
	@.ci/lint quick
	@$(MAKE) --no-print-directory quick

quick: venv
	@echo "== quick tests"
	@$(PYTEST) -m "not slow and not engine and not browser and not lab and not lab_full" -n auto

lint: venv ## ruff, mypy --strict, yamllint, ansible-lint (profile production)
	@.ci/lint

test: lint quick ## lint, the quick tests, whole runs with doubles, then on real machines (needs root and Linux)
	@echo "== whole runs with doubles, minutes"
	@$(PYTEST) -m "slow and not full and not engine and not lab and not lab_full" -n auto
	@echo "== the page of a run in a real browser"
	@$(PYTEST) -m browser tests/pages
	@echo "== tests on real machines"
	@$(PYTEST) -m "lab and not lab_full" --durations=10

test-full: test ## test, then the real Pulumi engine (built if missing), the long rehearsals and every Python that is here
	@echo "== the real Pulumi engine, on a double of AWS"
	@$(BIN)/python tools/pulumi/build.py >/dev/null
	@$(PYTEST) -m "engine and not lab and not lab_full" -n auto --dist loadfile
	@echo "== whole runs with doubles that take longest"
	@$(PYTEST) -m "full and not engine" -n auto
	@echo "== every Python"
	@.ci/pythons
	@echo "== long rehearsals"
	@$(PYTEST) -m lab_full --durations=10

bench: venv ## how fast it is, beside the targets (BENCH="names" for some, BENCH=--list says which; the lab's need root)
	@$(BIN)/python -m bench $(BENCH)

demo: ## a firm loses its site and works again, on this computer (FIRM=a folder in examples/, SITE=aws: a standby in a cloud)
	@.ci/setup $(if $(SITE),,run)
	@$(AS_ROOT) $(BIN)/python -m bascule_lab demo examples/$(FIRM)/policy$(if $(SITE),-$(SITE)).yml

golden: venv ## accept what the compiler gives now as what it should give
	@$(PYTEST) tests/golden --accept

clean: ## remove what the targets made
	rm -rf .venv .dev build dist .mypy_cache .ruff_cache .pytest_cache .ansible
