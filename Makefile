# What to type. Everything runs in .venv, which is made from requirements.lock when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed

# The stages call `python`: let it be the environment's.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(INSTALLED) ## Run every digits-… experiment, offline, in under a minute
	@python -m tools.check
	dvc repro --glob 'evaluate@digits-*'
	@python -m tools.report
	@echo && python -m tools.leaderboard 'digits-*'
	@echo && echo "Open report.html in a browser to see all of it."

.PHONY: repro
repro: $(INSTALLED) ## Run the whole pipeline, MNIST included (DATA_MIRROR=PLACE where the internet is not reachable)
	@python -m tools.check
	@python -m tools.prune
	dvc repro
	@python -m tools.report
	@echo && python -m tools.leaderboard
	@echo && echo "Open report.html in a browser to see all of it."

ROWS ?= 700000
# In large/ a relative DATA_MIRROR would be another folder, so it is made absolute first.
.PHONY: large
large: $(INSTALLED) ## Run it on ROWS=700000 digits, MNIST's and deformed copies (docs/large.md)
	@python -m tools.large $(ROWS)
	@cd large && python -m tools.check
	if [ -d "$$DATA_MIRROR" ]; then DATA_MIRROR=$$(cd "$$DATA_MIRROR" && pwd); fi && \
	  cd large && dvc repro --glob 'evaluate@*'
	@echo && cd large && python -m tools.leaderboard

# This machine's address, at which the others of the cluster reach it; whoever reaches it can run any code here.
HOST ?= 127.0.0.1
.PHONY: scheduler
scheduler: $(INSTALLED) ## Start a Dask scheduler, for this machine alone or at HOST=address (docs/cluster.md)
	PYTHONPATH=. dask scheduler --preload digits.common.cluster --host $(HOST) --dashboard-address $(HOST):8787

# A worker keeps the memory of a task for the next one, pieces of up to so many bytes: to get it anew takes long.
workers: export MALLOC_MMAP_THRESHOLD_ := 268435456
workers: export MALLOC_TRIM_THRESHOLD_ := 268435456
.PHONY: workers
workers: $(INSTALLED) ## Start a Dask worker for each core, for the scheduler at DASK_SCHEDULER_ADDRESS
	PYTHONPATH=. dask worker --preload digits.common.cluster --host $(HOST) --dashboard-address $(HOST):0 --nworkers -1 --nthreads 1

.PHONY: report
report: $(INSTALLED) ## Draw report.html from whatever has been evaluated
	@python -m tools.report
	@echo "Open report.html in a browser."

.PHONY: draw
draw: $(INSTALLED) ## Serve a page to draw digits on, to this machine alone; KEEP=data/own keeps the drawings (Ctrl-C ends it)
	@python -m tools.draw $(if $(KEEP),--keep '$(KEEP)')

.PHONY: notebook
notebook: $(INSTALLED) ## Execute notebooks/explore.ipynb and write it back with its outputs
	@python -m tools.notebook

.PHONY: leaderboard
leaderboard: $(INSTALLED) ## Print the experiments and their metrics
	@python -m tools.leaderboard

REV ?= HEAD
.PHONY: compare
compare: $(INSTALLED) ## Compare the predictions with those of REV=main: what changed, and is it more than chance?
	@python -m tools.compare $(REV)

.PHONY: check
check: $(INSTALLED) ## Check params.yaml, without running anything
	@python -m tools.check && echo "params.yaml is valid"

.PHONY: verify
verify: $(INSTALLED) ## Read every output and the whole cache, and name what is broken and how to restore it
	@python -m tools.verify

.PHONY: pushed
pushed: $(INSTALLED) ## Check that a clone of this commit can pull everything and has nothing to run
	@python -m tools.pushed

.PHONY: prune
prune: $(INSTALLED) ## Delete the outputs of blocks that params.yaml no longer names
	@python -m tools.check
	@python -m tools.prune --delete

.PHONY: test
test: $(INSTALLED) ## Run the tests (about four minutes, no network)
	python -m pytest

.PHONY: faults
faults: $(INSTALLED) ## Try every fault of docs/reliability.md, the slow ones too
	python -m pytest -m fault

.PHONY: bench
bench: $(INSTALLED) ## Run all benchmarks and write docs/benchmarks.md (two hours; keep the machine quiet)
	python -m bench.benchmarks

.PHONY: audit
audit: $(INSTALLED) ## Check the locked packages for known vulnerabilities (needs the internet)
	pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

.PHONY: lint
lint: $(INSTALLED) ## Check style, format and types
	ruff check .
	ruff format --check .
	mypy

.PHONY: format
format: $(INSTALLED) ## Format the code
	ruff check --fix .
	ruff format .

.PHONY: lock
lock: $(INSTALLED) ## Rebuild requirements.lock with the newest versions
	uv pip compile --quiet --universal --upgrade --fork-strategy fewest --python-version 3.11 --all-extras \
	  --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock pyproject.toml

.PHONY: venv
venv: $(INSTALLED) ## Make the environment; then: source .venv/bin/activate

.PHONY: clean
clean: ## Delete what can be made again: outputs, environment, tool caches (DVC's cache stays)
	rm -rf data/raw data/split data/labels data/crossval data/predictions models/*.joblib
	rm -rf report.html dvc_plots $(VENV) .mypy_cache .pytest_cache .ruff_cache
	cd large && rm -rf data models metrics plots dvc_plots
	find . \( -name .git -o -name .dvc \) -prune -o \
	  \( -name __pycache__ -o -name '.*.part' -o -name '.*.tmp' \) -prune -exec rm -rf {} +

# Made anew, not patched: an environment holds what the lock names and nothing else. uv, itself from the lock, installs
# in a fraction of pip's time; where it fails, pip does. Both check every hash. The mark comes last, so that an
# installation that was broken off is begun again.
PIP := python -m pip install --quiet --disable-pip-version-check
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 14) else "Python 3.11 to 3.14 is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.13 …")'
	@echo "Making $(VENV) from requirements.lock"
	@$(PYTHON) -m venv --clear $(VENV)
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.txt
	@$(PIP) --require-hashes --no-deps -r $(VENV)/uv.txt
	@UV_SYSTEM_CERTS=true UV_DEFAULT_INDEX="$${PIP_INDEX_URL:-$$(python -m pip config get global.index-url 2> /dev/null)}" \
	  uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock || \
	  { echo "uv failed; pip installs instead, which takes some minutes"; $(PIP) --require-hashes -r requirements.lock; }
	@$(PIP) --no-deps --no-build-isolation --editable .
	@digits merge-lock --register
	@touch $@
