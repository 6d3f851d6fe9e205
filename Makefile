# Serverless Insights. `make run` serves it here, `make test` checks everything; both install what they need first.

VENV := .venv
BIN := $(VENV)/bin
SAM := .sam/bin/sam
INSTALLED := $(VENV)/.installed
SAM_INSTALLED := .sam/.installed

# The functions are built for this machine, so that the tests can run them.
ARCHITECTURE := $(shell uname -m | sed 's/aarch64/arm64/')
# sam looks for python3.13 on PATH; it needs no account for what is done here.
SAM_ENV := PATH="$(CURDIR)/$(BIN):$$PATH" SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 NO_COLOR=1
# What `make deploy` deploys: an environment of samconfig.toml.
ENV := dev
UV_VERSION := 0.13.8
# Steps beside each other say what they say when they are done, where make can keep it until then.
BESIDE := -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) --no-print-directory
# pip's bars and lines show that something happens; a log needs none of them.
PIP := $(if $(CI),--quiet)
# The tests start many processes of ours, which are to find their bytecode.
unexport PYTHONDONTWRITEBYTECODE
CONFORMANCE := ../shared/conformance
CASES := trend lifecycle stickiness retention path timing funnel

# What was moved since, or has lost its Python, is installed again.
$(shell tools/environment check $(VENV) .sam .lock)

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: help install run sam-local test lint types imports template build deploy pytest thorough clients test-clients conformance bench load fuzz docs golden lock lock-clients clean

help:  ## Say what can be made (this list)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## Make .venv with everything of requirements.lock

run: $(INSTALLED)  ## Serve on http://127.0.0.1:8000, with demo data on the first start (ARGS="--port 9000")
	@$(BIN)/insights serve $(ARGS)

sam-local: build  ## The built functions in Docker, on http://127.0.0.1:3000 (ARGS="--port 3001"); needs no account
	@$(BIN)/python -m insights_local.sam_local $(ARGS)

deploy: $(INSTALLED) $(SAM_INSTALLED)  ## Build and deploy to AWS; asks for the parameters the first time (ENV=prod; else dev)
	$(BIN)/python tools/deploy.py $(ENV)

# The tests need the build, and have as many processes of their own as this machine can use.
test: $(INSTALLED)  ## Everything below, the short ones two at a time; what CI runs
	@$(MAKE) $(BESIDE) lint types imports template build conformance
	@$(MAKE) --no-print-directory pytest

lint: $(INSTALLED)  ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED)  ## mypy, strict
	$(BIN)/mypy

imports: $(INSTALLED)  ## Which part may import which
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/lint-imports

template: $(SAM_INSTALLED)  ## template.yaml: sam validate --lint
	$(SAM_ENV) $(SAM) validate --lint

build: $(INSTALLED) $(SAM_INSTALLED)  ## sam build for this machine, with the bytecode that Lambda cannot write
	$(SAM_ENV) $(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)
	$(BIN)/python -m compileall -q --invalidation-mode unchecked-hash .aws-sam/build

pytest: $(INSTALLED)  ## The tests, in parallel (ARGS="-k trend -n 0")
	tools/in-memory $(BIN)/pytest -n auto --dist worksteal $(ARGS)

thorough: $(INSTALLED)  ## The tests with many more random examples and kills; half an hour (ARGS="-k model")
	HYPOTHESIS_PROFILE=thorough tools/in-memory $(BIN)/pytest -n auto --dist worksteal $(ARGS)

clients: $(INSTALLED)  ## Install the other programs of docs/clients.md into .clients, 1.3 GB; 2 minutes, once
	$(BIN)/python tests/clients/programs.py

test-clients: clients  ## Run every program of docs/clients.md against the local server; 2 minutes (ARGS="-k airbyte")
	$(BIN)/pytest tests/clients $(ARGS)

# It writes no bytecode: the build that may run beside it copies the folders in which that would come and go.
conformance: $(INSTALLED)  ## The behaviour cases, where ../shared/conformance exists
	@if [ -f $(CONFORMANCE)/run.py ]; then \
	    PYTHONDONTWRITEBYTECODE=1 LOG_LEVEL=WARNING POWERTOOLS_METRICS_DISABLED=true $(BIN)/python $(CONFORMANCE)/run.py $(CASES:%=$(CONFORMANCE)/%.json) --known tests/known_failures.txt; \
	else echo "conformance: $(CONFORMANCE) is not here, so its cases are not run"; fi

bench: $(INSTALLED)  ## Insights over 10 million events against a bare read (ARGS="--events 1000000", BENCH=import, BENCH=cold)
	$(BIN)/python -m benchmarks $(or $(BENCH),queries) $(ARGS)

load: $(INSTALLED)  ## Requests a second of a server of its own, 1 to 32 clients, two minutes (ARGS="--only cached")
	$(BIN)/python -m benchmarks load $(ARGS)

fuzz: $(INSTALLED)  ## Mutated HogQL statements against two projects in one database (N=20000 SEED=1 ARGS="--compare")
	$(BIN)/python -m tests.api.fuzz --number $(or $(N),20000) --seed $(or $(SEED),1) $(ARGS)

docs: $(INSTALLED)  ## Write the pages of docs/ that are made from the code
	$(BIN)/python -m insights_local.reference docs
	$(BIN)/insights openapi --write

golden: docs  ## Write everything that is made from the code anew: docs, OpenAPI, generated SQL (then read the diff)
	$(BIN)/pytest -n auto --overwrite-golden $$(grep -rl golden tests --include='test_*.py')
	$(BIN)/insights openapi --write

lock: .lock/.installed  ## Take the newest versions that pyproject.toml allows into the lock files
	.lock/bin/uv pip compile pyproject.toml --extra report --extra local --extra dev --universal --python-version 3.13 \
	    --no-emit-index-url --custom-compile-command "make lock" --upgrade --quiet -o requirements.lock
	.lock/bin/uv pip compile requirements-sam.txt --universal --python-version 3.13 \
	    --no-emit-index-url --custom-compile-command "make lock" --upgrade --quiet -o requirements-sam.lock
	$(MAKE) install
	$(BIN)/python tools/layer_requirements.py --write

lock-clients: .lock/.installed  ## Take the newest of what the programs of docs/clients.md need into tests/clients/locks
	$(BIN)/python tests/clients/programs.py --lock

clean:  ## Remove what make made, but not .data (your events)
	rm -rf $(VENV) .sam .lock .clients .aws-sam .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@tools/environment install $(VENV) $(PIP) -r requirements.lock
	@tools/environment install $(VENV) $(PIP) --no-deps -e .
	@touch $@

# An environment of its own: sam pins older versions of what the functions use.
$(SAM_INSTALLED): requirements-sam.lock
	@tools/environment install .sam $(PIP) -r requirements-sam.lock
	@touch $@

.lock/.installed:
	@tools/environment install .lock $(PIP) uv==$(UV_VERSION)
	@touch $@
