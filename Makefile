# What to type. Everything runs in .venv, which is made from requirements.lock when it is missing or out of date.
SHELL := bash
# A command that fails on the left of a pipe fails the target.
.SHELLFLAGS := -o pipefail -c
PYTHON := $(shell command -v python3)
VENV := .venv
LOCK_INSTALLED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
DEV_INSTALLED := $(VENV)/.dev

# The stages call `python`: let it be the environment's.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

# The packages that this repository also contains.
PACKAGES := $(wildcard packages/*/pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help demo repro new results report scheduler workers test mutants lint format reference lock audit venv clean

help:
	@awk -F ':.*## ' '/^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nThe command `digits` does the rest: source $(VENV)/bin/activate && digits --help\n'

##@ Run the pipeline
# How many models run at a time: a number, or `auto`, which suits the cores and the memory.
JOBS := auto

DEMO := small-*
# The last lines of the demo.
NEXT := 'source $(VENV)/bin/activate' \
  '(edit params.yaml)                  change n_neighbors of the model small-even-knn' \
  'dvc repro evaluate@small-even-knn   run the stages that depend on it, and no others' \
  'dvc metrics diff                    see what has changed since the last commit' \
  'make repro                          train all models, also those of MNIST' \
  'digits predict packages/digits-handwriting/docs/sheet.jpg --show   read digits from a picture'
demo: $(INSTALLED) ## Train the models that need no download
	@digits repro --jobs $(JOBS) '$(DEMO)'
	@$(MAKE) --no-print-directory results PATTERN='$(DEMO)'
	@printf '\nNext:\n' && printf '  %s\n' $(NEXT)

repro: $(INSTALLED) ## Train all models
	@digits repro --jobs $(JOBS)
	@$(MAKE) --no-print-directory results

include bench/Makefile docs/site/Makefile

##@ Start a project of your own
# `copier update` in the project looks for newer versions at this address.
# Copier takes the plain path of a bare repository for a folder with a template.
SOURCE := $(patsubst /%.git,file:///%.git,$(shell git remote get-url origin 2> /dev/null || pwd))
DIR ?= ../$(error write where: make new DIR=../bottles)
new: $(LOCK_INSTALLED) ## Make a project with your own settings and images in DIR=../bottles
	@! [ -e "$(DIR)" ] || { echo "$(DIR) exists; choose another folder"; false; }
	@$(UV_SETTINGS) uvx --quiet --constraints requirements-dev.lock copier copy --quiet --defaults "$(SOURCE)" "$(DIR)"
	@$(MAKE) --no-print-directory -C "$(DIR)" .git || { rm -rf "$(DIR)"; false; }
	@echo "Next: cd $(DIR) && make venv"

##@ Look at the results
PATTERN ?= *
results: report
	@echo && digits leaderboard '$(PATTERN)'

report: $(INSTALLED) ## Write report.html, about all models that have been evaluated
	@digits report && echo "Open report.html in a browser."

##@ Use several machines
# The address at which the other machines of the cluster reach this one. Anyone who reaches it can run any code here.
HOST ?= 127.0.0.1
scheduler: $(INSTALLED) ## Start a Dask scheduler, on this machine or at HOST=ADDRESS
	dask scheduler --preload stages --preload digits.running.cluster --host $(HOST) --dashboard-address $(HOST):8787

# These settings let a worker keep the memory of a task for the next one, in pieces of up to so many bytes, because
# getting it from the operating system again takes long.
workers: export MALLOC_MMAP_THRESHOLD_ := 268435456
workers: export MALLOC_TRIM_THRESHOLD_ := 268435456
workers: $(INSTALLED) ## Start Dask workers for DASK_SCHEDULER_ADDRESS
	dask worker --preload stages --preload digits.running.cluster --host $(HOST) --dashboard-address $(HOST):0 --nworkers -1 --nthreads 1

##@ Work on the code
# The folders of the tests, such as `tests` or `packages/image-layouts`.
FOLDERS := tests
test: $(DEV_INSTALLED) ## Run the tests, without internet (what CI runs: TESTS='not slow' FOLDERS='tests packages')
	python -m pytest $(if $(TESTS),-m '$(TESTS)') $(FOLDERS)

# mutmut runs the tests in the folder mutants/. That must be a copy of this repository, with Git. The package
# dvc-parallel has its own settings of mutmut, and tests that need nothing of this repository.
MODULE := digits.learning.fitting
mutants: $(DEV_INSTALLED) ## Mutate MODULE=digits.learning.fitting, and list what no test notices
ifneq (,$(filter dvc_parallel.%,$(MODULE)))
	cd packages/dvc-parallel && mutmut run $(MODULE:%='%.*')
	@cd packages/dvc-parallel && mutmut results | sed '/: not checked$$/d'
else
	@git init --quiet mutants && printf '*.meta\n*.spans\n' > mutants/.git/info/exclude
	@rm -rf mutants/tests
	@git ls-files -z ':!digits/*.py' | git checkout-index -z --stdin --force --prefix=mutants/
	mutmut run $(MODULE:%='%.*')
	@mutmut results | sed '/: not checked$$/d'
endif

lint: $(DEV_INSTALLED) ## Check style, format and types
	ruff check . && ruff format --check . && mypy
	@said=$$(deptry --no-ansi digits stages 2>&1) || { echo "$$said"; false; }
	zizmor --offline --quiet .github

format: $(DEV_INSTALLED) ## Format the code
	ruff check --fix . ; ruff format .

reference: $(INSTALLED) ## Write the parts of the pages that are generated from the code
	python -m docs.tools.reference

# The packages that compute outputs. dvc.yaml says which of their versions a stage depends on.
PINNED := numpy|pandas|pillow|pyarrow|scikit-learn|scipy|skops
LOCK := uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header $(UPGRADE)
lock: $(INSTALLED) ## Rebuild the locks and stages/versions.yaml (newest versions: UPGRADE=--upgrade)
	$(LOCK) --group install --no-emit-package digits --no-emit-package image-layouts --output-file requirements.lock \
	  pyproject.toml $(PACKAGES)
	$(LOCK) --all-extras --group dev --no-emit-package digits --no-emit-package image-layouts --output-file requirements-dev.lock \
	  --constraint requirements.lock pyproject.toml $(PACKAGES)
	sed -nE 's/^($(PINNED))==([^ ]+).*/\1: "\2"/p' requirements.lock > stages/versions.yaml
	$(LOCK_SITE)
	$(LOCK_NOTEBOOKS)

audit: $(DEV_INSTALLED) ## Look for known vulnerabilities of the locked packages
	pip-audit --strict --require-hashes --disable-pip $(patsubst %,--requirement %,$(wildcard requirements*.lock docs/*/*.lock))

clean: ## Delete what can be made again, but for DVC's cache
	rm -rf data/raw data/split data/task data/crossval data/predictions models/*.skops
	rm -rf report.html dvc_plots build mutants *.egg-info $(VENV) .mypy_cache .pytest_cache .ruff_cache
	rm -rf $(addprefix packages/*/,build mutants *.egg-info .mypy_cache .pytest_cache)

# The optional dependencies to install, such as `s3`, or `cluster,ssh`. pyproject.toml lists them.
EXTRAS :=
venv: $(INSTALLED) ## Make the environment, .venv, from requirements.lock (make -B venv EXTRAS=s3 adds S3)

# An edit of EXTRAS adds packages, and leaves the others as they are.
$(INSTALLED): $(LOCK_INSTALLED) Makefile
	@$(if $(EXTRAS),$(UV_PIP) install --quiet --compile-bytecode --constraint requirements-dev.lock --no-build-isolation --editable '.[$(EXTRAS)]')
	@touch $@

# uv does not read pip's configuration.
UV_SETTINGS = UV_SYSTEM_CERTS=true \
  UV_DEFAULT_INDEX="$${PIP_INDEX_URL:-$$($(PYTHON) -m pip config get global.index-url 2> /dev/null)}"
UV_PIP = $(UV_SETTINGS) uv pip
$(LOCK_INSTALLED): requirements.lock pyproject.toml $(PACKAGES)
	@$(UV_SETTINGS) $(PYTHON) .ci/environment $(VENV) . $(PACKAGES:%/pyproject.toml=./%)

# What the tests, linters and notebooks need besides.
$(DEV_INSTALLED): $(INSTALLED) requirements-dev.lock
	@echo "Adding what the tests and linters need, from requirements-dev.lock"
	@$(UV_PIP) install --quiet --compile-bytecode --require-hashes --requirement requirements-dev.lock
	@touch $@
