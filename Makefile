# The one task list: people, hooks and CI call these targets and nothing else. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
STAMPS := build/stamps
SET_UP := $(STAMPS)/ready
TYPED := trimtab functions infra pipelines local
LOCKS := bootstrap lambda lambda-data lambda-runtime jobs dev
AWS_CDK := aws-cdk@2.1148.1
# Where a machine forbids Python to keep bytecode, every start of a tool would compile all it imports again.
export PYTHONDONTWRITEBYTECODE :=
export UV_NO_PROGRESS := 1
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS ?= true

say = @printf '\033[1m%s\033[0m %s\n' 'trimtab' $(1)

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(SET_UP)  ## make every environment this repository needs; runs again only when a lock changes

.PHONY: demo
demo: $(SET_UP)  ## run a model's whole life on real data, on this machine (KEEP=1 keeps the cloud up)
	$(BIN)/trimtab demo $(if $(KEEP),--keep)

.PHONY: test
test: lint types  ## run every check and every test
	$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered tests

.PHONY: check
check: lint types  ## run what needs seconds: lint, types, import rules, unit tests
	$(BIN)/pytest -q tests/unit

.PHONY: fmt
fmt: $(SET_UP)  ## format the code and sort its imports
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

.PHONY: lint
lint: $(SET_UP)  ## check style, format and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.committed_files

.PHONY: types
types: $(SET_UP)  ## check types
	$(BIN)/mypy

.PHONY: synth
synth: $(SET_UP)  ## write the CDK assembly to cdk.out; needs no AWS and no network
	rm -rf cdk.out
	CDK_OUTDIR=cdk.out $(BIN)/python -m infra.app

.PHONY: lock
lock: $(SET_UP)  ## resolve pyproject.toml's groups into requirements/, hashed; LOCK_ARGS=--upgrade takes newer versions
	@for group in $(LOCKS); do \
	  echo "requirements/$$group.txt"; \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url $(LOCK_ARGS) \
	    --custom-compile-command "make lock" --group $$group --output-file requirements/$$group.txt \
	    $$([ $$group != dev ] || echo pyproject.toml); \
	done

.PHONY: bench
bench: $(SET_UP)  ## run a benchmark: make bench NAME=reading ARGS="--rows 1000000"
	@if [ ! -f "benchmarks/$(NAME).py" ] || [ -z "$(NAME)" ]; then \
	  echo "there is no benchmark '$(NAME)'; there are: $$(ls benchmarks/*.py 2>/dev/null | xargs -rn1 basename -s .py | paste -sd' ')" >&2; exit 2; fi
	$(BIN)/python -m benchmarks.$(NAME) $(ARGS)

.PHONY: deploy
deploy: $(SET_UP)  ## deploy to the AWS account you are signed in to: make deploy STAGE=dev (needs npx)
	npx --yes $(AWS_CDK) deploy --all --context stage=$(or $(STAGE),dev) $(ARGS)

.PHONY: clean
clean:  ## remove everything that can be made again
	rm -rf .venv .venv-jobs .trimtab build cdk.out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: one stamp per environment, remade when its lock or this file's recipe changes ---

$(SET_UP): $(STAMPS)/dev $(STAMPS)/jobs $(STAMPS)/lambda-runtime $(STAMPS)/bundles
	@touch $@

$(STAMPS)/uv: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "trimtab needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true). Give another: make PYTHON=python3.12" >&2; exit 1; }
	$(call say,'1/5 virtual environment and uv')
	@mkdir -p $(STAMPS)
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(STAMPS)/dev: requirements/dev.txt pyproject.toml $(STAMPS)/uv
	$(call say,'2/5 development environment')
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

$(STAMPS)/jobs: requirements/jobs.txt $(STAMPS)/dev
	$(call say,'3/5 environment of training jobs and endpoints')
	@[ -x .venv-jobs/bin/python ] || $(UV) venv --quiet --seed --python $(BIN)/python .venv-jobs
	@$(UV) pip sync --quiet --require-hashes --python .venv-jobs/bin/python requirements/jobs.txt
	@touch $@

$(STAMPS)/lambda-runtime: requirements/lambda-runtime.txt $(STAMPS)/dev
	$(call say,'4/5 what the Lambda runtime offers')
	@rm -rf build/lambda-runtime
	@$(UV) pip install --quiet --require-hashes --python $(BIN)/python --compile-bytecode --target build/lambda-runtime --requirement $<
	@touch $@

$(STAMPS)/bundles: requirements/lambda.txt requirements/lambda-data.txt $(wildcard infra/bundling/*.py) $(STAMPS)/dev
	$(call say,'5/5 third-party code of the functions for AWS and for this machine')
	@$(BIN)/python -m infra.bundling
	@touch $@
