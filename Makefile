# The one task list: people, hooks and CI call these targets and nothing else. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
TYPED := trimtab functions infra pipelines local
LOCKS := bootstrap lambda lambda-data lambda-runtime jobs mlflow sagemaker dev spark
AWS_CDK := aws-cdk@2.1148.1
# Where a machine forbids Python to keep bytecode, every start of a tool would compile all it imports again.
export PYTHONDONTWRITEBYTECODE :=
export UV_NO_PROGRESS := 1
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS ?= true

say = @if [ -t 1 ] && [ -z "$$NO_COLOR" ]; then printf '\033[1mtrimtab\033[0m %s\n' $(1); else printf 'trimtab %s\n' $(1); fi

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup:  ## make every environment this repository needs; does nothing again until a lock changes
	@python=$(BIN)/python; [ -x $$python ] || python=$(PYTHON); \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "trimtab needs Python 3.11 or newer; $$python is $$($$python --version 2>&1 || true). Give another: make PYTHON=python3.12" >&2; exit 1; }; \
	mkdir -p build; exec $$python -c "$$ONE_AT_A_TIME" build/setup.lock $(MAKE) environments

.PHONY: demo
demo: setup  ## run a model's whole life on real data, on this machine (KEEP=1 keeps the cloud up, MONTHS=3 is a minute of it)
	@$(BIN)/trimtab demo $(if $(KEEP),--keep) $(if $(MONTHS),--months $(MONTHS))

.PHONY: test
test: lint  ## run every check and every test
	@$(MAKE) -j 2 types clients spark  # mypy from nothing takes minutes on one core, the environments as long on the network
	$(BIN)/pytest -n 2 --dist loadscope --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered tests

.PHONY: check
check: lint types  ## run what needs seconds: lint, types, import rules, unit tests
	$(BIN)/pytest -q tests/unit

.PHONY: fuzz
fuzz: setup  ## throw requests made from the OpenAPI document at the handlers: make fuzz EXAMPLES=500 SEED=7
	FUZZ_EXAMPLES=$(or $(EXAMPLES),200) FUZZ_SEED=$(or $(SEED),1) $(BIN)/pytest -q --timeout 0 tests/functions/test_fuzz.py

.PHONY: fmt
fmt: setup  ## format the code and sort its imports
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

.PHONY: lint
lint: setup  ## check style, format and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.committed_files

.PHONY: types
types: setup  ## check types
	$(BIN)/mypy

.PHONY: synth
synth: setup  ## write the CDK assembly to cdk.out; needs no AWS and no network
	rm -rf cdk.out
	CDK_OUTDIR=cdk.out $(BIN)/python -m infra.app

.PHONY: docs
docs: clients  ## write the pages of docs/ that repeat what the code says
	@MLFLOW_DISABLE_TELEMETRY=true .venv-mlflow/bin/python docs/mlflow_endpoints.py > docs/mlflow-endpoints.txt 2> build/mlflow-endpoints.log
	$(BIN)/python docs/build.py

.PHONY: lock
lock: setup  ## resolve pyproject.toml's groups into requirements/, hashed; LOCK_ARGS=--upgrade takes newer versions
	@for group in $(LOCKS); do \
	  echo "requirements/$$group.txt"; \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url $(LOCK_ARGS) \
	    --custom-compile-command "make lock" --group $$group --output-file requirements/$$group.txt \
	    $$([ $$group != dev ] || echo pyproject.toml); \
	done

.PHONY: bench
bench: clients  ## run a benchmark: make bench NAME=registry ARGS=--quick
	@if [ ! -f "benchmarks/$(NAME).py" ] || [ -z "$(NAME)" ]; then \
	  echo "there is no benchmark '$(NAME)'; there are: $$(ls benchmarks/[a-z]*.py 2>/dev/null | xargs -rn1 basename -s .py | paste -sd' ')" >&2; exit 2; fi
	$(BIN)/python -m benchmarks.$(NAME) $(ARGS)

.PHONY: bootstrap
bootstrap: setup  ## prepare the AWS account and region you are signed in to for CDK; once is enough
	$(BIN)/python -m infra.node $(AWS_CDK) bootstrap $(ARGS)

.PHONY: deploy
deploy: setup  ## deploy to the AWS account and region you are signed in to: make deploy STAGE=dev
	$(BIN)/python -m infra.node $(AWS_CDK) deploy --all --context stage=$(or $(STAGE),dev) $(ARGS)

.PHONY: clean
clean:  ## remove everything that can be made again
	rm -rf .venv .venv-jobs .venv-mlflow .venv-sagemaker .venv-spark .trimtab build cdk.out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: each environment holds a file that is newer than its lock once it is whole; one make at a time ---

DEV := .venv/.ready
JOBS := .venv-jobs/.ready
MLFLOW := .venv-mlflow/.ready
SDK := .venv-sagemaker/.ready
RUNTIME := build/lambda-runtime/.ready
BUNDLES := build/bundles/.ready
SPARK := .venv-spark/.ready

# Take the lock, then become the command; the lock goes with the process, however it ends.
define ONE_AT_A_TIME
import fcntl, os, sys
lock = open(sys.argv[1], "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("trimtab waits for a set-up that is under way", flush=True)
    fcntl.flock(lock, fcntl.LOCK_EX)
os.set_inheritable(lock.fileno(), True)
os.execvp(sys.argv[2], sys.argv[2:])
endef
export ONE_AT_A_TIME

.PHONY: environments
environments: $(DEV) $(JOBS) $(RUNTIME) $(BUNDLES)
	@:

# Other people's programs, which tests and benchmarks drive as they are published; the demo needs none of them.
.PHONY: clients
clients: setup
	@exec $(BIN)/python -c "$$ONE_AT_A_TIME" build/setup.lock $(MAKE) $(MLFLOW) $(SDK)

.PHONY: spark
spark: setup  ## make the environment of Spark jobs, with a Java of its own: only files over the size of a function need it
	@exec $(BIN)/python -c "$$ONE_AT_A_TIME" build/setup.lock $(MAKE) $(SPARK)

.venv/.uv: requirements/bootstrap.txt
	$(call say,'1/5 virtual environment and uv')
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml .venv/.uv
	$(call say,'2/5 development environment')
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

$(JOBS): requirements/jobs.txt | $(DEV)
	$(call say,'3/5 environment of training jobs and endpoints')
	@$(UV) venv --quiet --clear --seed --python $(BIN)/python .venv-jobs
	@$(UV) pip sync --quiet --require-hashes --python .venv-jobs/bin/python requirements/jobs.txt
	@touch $@

$(RUNTIME): requirements/lambda-runtime.txt | $(DEV)
	$(call say,'4/5 what the Lambda runtime offers')
	@rm -rf $(@D)
	@$(UV) pip install --quiet --require-hashes --python $(BIN)/python --compile-bytecode --target $(@D) --requirement $<
	@touch $@

$(BUNDLES): requirements/lambda.txt requirements/lambda-data.txt $(wildcard infra/bundling/*.py) | $(DEV)
	$(call say,'5/5 third-party code of the functions for AWS and for this machine')
	@$(BIN)/python -m infra.bundling
	@touch $@

$(MLFLOW): requirements/mlflow.txt | $(DEV)
	$(call say,'environment of the MLflow client')
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-mlflow
	@$(UV) pip sync --quiet --require-hashes --python .venv-mlflow/bin/python requirements/mlflow.txt
	@touch $@

$(SDK): requirements/sagemaker.txt | $(DEV)
	$(call say,'environment of the SageMaker SDK')
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-sagemaker
	@$(UV) pip sync --quiet --require-hashes --python .venv-sagemaker/bin/python requirements/sagemaker.txt
	@touch $@

$(SPARK): requirements/spark.txt | $(DEV)
	$(call say,'environment of Spark jobs')
	@$(UV) venv --quiet --clear --python $(BIN)/python .venv-spark
	@$(UV) pip sync --quiet --require-hashes --python .venv-spark/bin/python requirements/spark.txt
	@touch $@
