# Every target does its own set-up: .venv (development) and .venv-stack (the local AWS, whose pins differ) are made
# from hashed locks and made again when a lock changes. Nothing is written outside this folder.

# The first of these that runs and is 3.11 to 3.13; `make PYTHON=/path/to/python` decides otherwise.
PYTHON ?= $(firstword $(foreach each,python3 python3.13 python3.12 python3.11,$(shell $(each) -c $(SUITABLE) 2>/dev/null)))
SUITABLE := 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) and print(sys.executable)'
RUN := .venv/bin/python
# The operator's folder, which `afterbill init` makes; without one, layers/config is taken.
CONFIG ?= $(AFTERBILL_CONFIG)
DEPLOYING = $(if $(CONFIG),--config "$(CONFIG)") $(if $(STACK),--environment "$(STACK)") $(if $(RUNTIME),--runtime "$(RUNTIME)")
COVERAGE := .venv/bin/coverage
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-annotate --no-emit-index-url --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
ENVIRONMENT := requirements/uv.txt afterbill_dev/setup/environment.py

# Bytecode lies beside its source: without it every process that is started here compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE
export SAM_CLI_TELEMETRY := 0
export __SAM_CLI_APP_DIR := $(CURDIR)/.local/sam
export PLAYWRIGHT_BROWSERS_PATH := $(CURDIR)/.local/browsers
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo build deploy up down test test-fast lint format bench corpus preview openapi lab simulate month load history lock clean chromium judges

help: ## Print these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## The whole loop on this machine, from invoices to a score (ONCE=1 ends after the scores)
	@$(RUN) -m afterbill_dev.demo

# Of three processes one mostly waits, for mails of the local stack.
test: setup lint ## Everything that must hold: lint, all tests, coverage floors
	@$(COVERAGE) erase
	$(COVERAGE) run -m pytest -n 3
	@$(COVERAGE) combine --quiet
	@$(COVERAGE) json --quiet -o .local/coverage.json
	@$(RUN) afterbill_dev/setup/coverage_floors.py .local/coverage.json

test-fast: .venv/.ready ## Unit tests only, under a minute
	@$(RUN) -m pytest -n 2 tests/unit

lint: .venv/.ready ## Style, types, import directions, template
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/cfn-lint --template infra/template.yaml --append-rules infra/lint

format: .venv/.ready ## Put the code into the one style
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

build: .venv/.ready .venv-stack/.ready ## Check a configuration and build it, without deploying (CONFIG=FOLDER RUNTIME=python3.12)
	@$(RUN) -m afterbill_dev.deploy build $(DEPLOYING)

deploy: .venv/.ready .venv-stack/.ready ## Check, build and deploy to AWS (CONFIG=FOLDER, STACK=NAME in its samconfig.toml)
	@$(RUN) -m afterbill_dev.deploy deploy $(DEPLOYING)

up: setup ## Start the local stack with a configuration (CONFIG=FOLDER, SURVEYS=FILE with more tables)
	@$(RUN) -m afterbill_dev.local up $(if $(CONFIG),--config "$(CONFIG)") $(if $(SURVEYS),--surveys "$(SURVEYS)")

down: .venv/.ready ## Stop the local stack
	@$(RUN) -m afterbill_dev.local down

bench: setup ## Measure the budgets
	@$(RUN) -m benchmarks

corpus: .venv/.ready ## What each sample webhook means (CORPUS=FOLDER of PROVIDER/FILE, JSON=1)
	@$(RUN) -m afterbill_dev.generate.corpus "$(or $(CORPUS),events/webhooks)" $(if $(JSON),--json)

preview: .venv/.ready chromium ## Every mail and page as a gallery, then its tests (CONFIG=FOLDER; PICTURES=1: for docs)
	@$(RUN) -m afterbill_dev.preview $(if $(CONFIG),--config "$(CONFIG)") $(if $(PICTURES),--pictures docs/images)
	@$(if $(CONFIG),,AFTERBILL_GALLERY=.local/preview $(RUN) -m pytest -n 2 tests/mail/test_gallery.py)

lab: .venv/.ready chromium ## Robots and people at the links of a mail: what is counted (SEED=n MAILS=n TRAFFIC=FILE)
	@$(RUN) -m afterbill_dev.lab --browser $(if $(SEED),--seed "$(SEED)") $(if $(MAILS),--mails "$(MAILS)") \
		$(if $(TRAFFIC),--traffic "$(TRAFFIC)")

simulate: .venv/.ready ## A year of 50,000 customers, judged by an oracle (SEED=n CUSTOMERS=n)
	AFTERBILL_SEED=$(SEED) AFTERBILL_CUSTOMERS=$(or $(CUSTOMERS),50000) $(RUN) -m pytest tests/simulation -s

month: .venv/.ready ## A month with four outages: what was lost, which alarm rang when (SEED=n SURVEYS=n)
	@PYTHONHASHSEED=0 $(RUN) -m afterbill_dev.load month $(or $(SURVEYS),5000) $(SEED)

load: .venv/.ready ## The first of a month: what breaks first, which parameter to raise (SEED=n WEBHOOKS=n an hour)
	@PYTHONHASHSEED=0 $(RUN) -m afterbill_dev.load first $(or $(WEBHOOKS),100000) $(SEED)

history: setup ## Two years of customers with planted effects in the local stack, for its reports (SEED=n CUSTOMERS=n)
	@$(RUN) -m afterbill_dev.history $(if $(SEED),--seed "$(SEED)") $(if $(CUSTOMERS),--customers "$(CUSTOMERS)")

setup: .venv/.ready .venv-stack/.ready chromium judges ## Only prepare: environments, a browser, judges of mails

openapi: .venv/.ready ## Write the answer API's document from its models
	@$(RUN) -m afterbill_dev.generate.openapi

lock: .venv/.ready ## Compile the locks from pyproject.toml (UPGRADE=1 takes newer releases)
	$(COMPILE) pyproject.toml -o layers/deps/requirements.txt
	$(COMPILE) --group reports -o layers/reports/requirements.txt
	$(COMPILE) pyproject.toml --extra cli --extra mcp --group dev -c layers/deps/requirements.txt -o requirements/dev.txt
	$(COMPILE) --group stack -o requirements/stack.txt
	$(COMPILE) --group installer -o requirements/uv.txt
	$(if $(shell command -v npm),npm $(if $(UPGRADE),update,install) --package-lock-only --omit-lockfile-registry-resolved \
		--no-audit --no-fund --loglevel=error --cache .local/cache/npm --prefix requirements/npm)

clean: ## Stop the local stack and remove everything these targets made
	@if [ -f .local/stack.json ]; then $(RUN) -m afterbill_dev.local down || true; fi
	rm -rf .venv .venv-stack .local .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache .aws-sam build dist *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.ready: requirements/dev.txt pyproject.toml $(ENVIRONMENT)
	@$(or $(PYTHON),$(error No Python 3.11, 3.12 or 3.13 on PATH; name one with make PYTHON=/path/to/python)) \
		afterbill_dev/setup/environment.py .venv requirements/dev.txt --project >&2

.venv-stack/.ready: requirements/stack.txt $(ENVIRONMENT)
	@$(or $(PYTHON),$(error No Python 3.11, 3.12 or 3.13 on PATH; name one with make PYTHON=/path/to/python)) \
		afterbill_dev/setup/environment.py .venv-stack requirements/stack.txt

chromium: .venv/.ready
	@$(RUN) afterbill_dev/setup/chromium.py .local/chromium

judges: .venv/.ready
	@$(RUN) afterbill_dev/setup/judges.py .local/judges
