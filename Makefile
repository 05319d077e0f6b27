# What to type. Everything runs in .venv, which is made from requirements.lock when it is missing or out of date.
SUPPORTED := import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v[:2] <= (3, 14) else \
  "Python 3.11 to 3.14 is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.13 …")
PYTHON ?= $(firstword $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c '$(SUPPORTED)' > /dev/null 2>&1 && echo $$python; done) python3)
VENV := .venv
INSTALLED := $(VENV)/.installed

SHELL := bash

# The stages call `python`: let it be the environment's.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo repro report leaderboard compare check verify pushed prune upstream test faults lint format lock audit venv clean

help:
	@awk -F ':.*## ' '/^##@ / {group = substr($$0, 5); if (!(group in lines)) groups[++last] = group} \
	  /^[a-z-]+:.*## / {lines[group] = lines[group] sprintf("  make %-12s %s\n", $$1, $$2)} \
	  END {for (i = 1; i <= last; i++) print groups[i] "\n" lines[groups[i]]}' $(MAKEFILE_LIST)
	@printf 'The command `digits` does the rest: source $(VENV)/bin/activate && digits --help\n'

# `dvc repro`; on a terminal with a line for each stage that runs, and one for all that did not change.
define REPRO
@echo dvc repro $(1); test -t 1 || exec dvc repro $(1); set -o pipefail; \
  of='$(if $(1),, of $(words $(shell dvc stage list --name-only 2> /dev/null)))'; \
  dvc repro $(1) | { at=0; same=0; while IFS= read -r line; do case $$line in \
    "Stage "*"didn't change, skipping") at=$$((at + 1)); same=$$((same + 1));; \
    "Running stage "*) at=$$((at + 1)); stage=$${line#*\'}; echo "stage $$at$$of: $${stage%\'*}";; \
    "Stage "*" is cached "*) at=$$((at + 1)); echo "$$line";; \
    "> "* | "Updating lock file "* | "To track "* | "To enable "* | "	"* | "") ;; \
    *) echo "$$line";; \
  esac; done; test $$same = 0 || echo "$$same stages did not change"; }
endef

##@ Run the pipeline
DEMO := small-*
# The demo's last lines; a room adds its own.
NEXT := 'Change a number in params.yaml: `make demo` then runs what depends on it, and nothing else.' \
  '`make repro` runs every experiment, those that need the internet too.'
demo: $(INSTALLED) ## Run the experiments that need no network, in about a minute
	@digits check
	$(call REPRO,--glob 'evaluate@$(DEMO)')
	@$(MAKE) --no-print-directory results PATTERN='$(DEMO)'
	@printf '\nNext:\n' && printf '  %s\n' $(NEXT)

repro: $(INSTALLED) ## Run every experiment (DATA_MIRROR=PLACE: without internet)
	@digits check
	@digits prune
	$(call REPRO)
	@$(MAKE) --no-print-directory results

# A room's targets stand in its own file, which goes with it.
-include */Makefile digits/*/Makefile

PATTERN ?= *
.PHONY: results
results: $(RESULTS)
	@echo && digits leaderboard '$(PATTERN)'

##@ Look at the results
leaderboard: $(INSTALLED) ## Print the experiments and their metrics
	@digits leaderboard

REV ?= HEAD
compare: $(INSTALLED) ## Compare the predictions with those of REV=main
	@digits compare $(REV)

##@ Keep it whole, and share it
check: $(INSTALLED) ## Check params.yaml
	@digits check && echo "params.yaml is valid"

verify: $(INSTALLED) ## Read every output and the cache, and name what is broken
	@digits verify

pushed: $(INSTALLED) ## Check that a clone can pull everything and run nothing
	@digits pushed

prune: $(INSTALLED) ## Delete outputs of blocks that params.yaml no longer has
	@digits check
	@digits prune --delete

# Of a project that `digits start` made. Two trees are compared: what `digits start` makes of the commit of upstream that
# was taken over last, and what it makes of the newest one. So rooms and results that are gone stay away, what `start`
# edited is no conflict, and a file that was deleted here is left out. Git merges the difference into HEAD as it merges
# branches; `--strategy=ours` records that it did.
UPSTREAM ?= upstream/main
define TAKE_OVER
set -euo pipefail
test -z "$$(git status --porcelain)" || { echo "Git has uncommitted changes; commit or stash them"; exit 1; }
temp=$$(mktemp -d); trap 'rm -rf $$temp; git worktree prune' EXIT
kind=folder; ! grep -q '  - data/own.csv' dvc.yaml || kind=table; ! test -d docs/handwriting || kind=handwriting
start() {
  git -c core.hooksPath=/dev/null worktree add --quiet --detach $$temp/$$2/$(notdir $(CURDIR)) $$1
  cd $$temp/$$2/$(notdir $(CURDIR)) && PYTHONPATH=$$PWD digits start --from $$kind > /dev/null && git add --all && git write-tree
}
from=$$(git merge-base HEAD $(UPSTREAM) 2> /dev/null) || { echo "$(UPSTREAM) is missing, or shares no commit with" \
  "this project: \`git remote add upstream ADDRESS\`, \`git fetch upstream\`"; exit 1; }
test $$from != $$(git rev-parse $(UPSTREAM)) || { echo "$(UPSTREAM) has nothing new"; exit 0; }
old=$$(start $$from old); new=$$(start $(UPSTREAM) new)
gone=$$(comm -23 <(git ls-tree -r --name-only $$old | sort) <(git ls-files | sort) | sed 's/^/:!/')
git diff --binary $$old $$new -- . ':!params.yaml' ':!README.md' ':!dvc.lock' ':!metrics' ':!plots' $$gone > $$temp/patch
export GIT_INDEX_FILE=$$temp/index; git read-tree $$old; test ! -s $$temp/patch || git apply --cached $$temp/patch
new=$$(git commit-tree -m new $$(git write-tree)); old=$$(git commit-tree -m old $$old); unset GIT_INDEX_FILE
git merge --quiet --no-commit --strategy=ours $(UPSTREAM) &> $$temp/said || { cat $$temp/said; exit 1; }
env GIT_MERGE_VERBOSITY=1 GITHEAD_$$new=$(UPSTREAM) git merge-recursive $$old -- HEAD $$new || \
  { test "$$(git ls-files --unmerged)" && echo 'Settle the conflicts, `git add` or `git rm` the files, and `git commit`' || \
  { git merge --abort; echo "$(UPSTREAM) was not merged, for the reason above"; }; exit 1; }
git commit --quiet --no-edit && git log --oneline --no-merges $$from..$(UPSTREAM)
endef
export TAKE_OVER
upstream: $(INSTALLED) ## Take over what is new in upstream/main, after `git fetch upstream` (see docs/your-own.md)
	@$(SHELL) -c "$$TAKE_OVER"

##@ Work on the code
test: $(INSTALLED) ## Run the tests, in three minutes, without network
	python -m pytest

faults: $(INSTALLED) ## Try every fault of docs/reliability.md, the slow ones too
	python -m pytest -m fault

lint: $(INSTALLED) ## Check style, format and types
	ruff check .
	ruff format --check .
	mypy

format: $(INSTALLED) ## Format the code
	ruff check --fix .
	ruff format .

lock: $(INSTALLED) ## Rebuild requirements.lock and environment.txt, with the newest versions
	uv pip compile --quiet --universal --upgrade --fork-strategy fewest --python-version 3.11 --all-extras \
	  --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock pyproject.toml
	awk -F '==| ' '/^#/ {if (NR == FNR) print; next} NR == FNR {names[$$1]; next} $$1 in names {print $$1 "==" $$2}' \
	  environment.txt requirements.lock > environment.tmp
	mv environment.tmp environment.txt

audit: $(INSTALLED) ## Look for known vulnerabilities of the locked packages
	pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

venv: $(INSTALLED) ## Make the environment, .venv, from requirements.lock

clean: ## Delete what can be made again, but for DVC's cache
	rm -rf data/raw data/split data/labels data/crossval data/predictions data/novelty models/*.skops
	rm -rf report.html dvc_plots build *.egg-info $(VENV) .mypy_cache .pytest_cache .ruff_cache
	find . \( -name .git -o -name .dvc \) -prune -o \
	  \( -name __pycache__ -o -name '.*.part' -o -name '.*.tmp' \) -prune -exec rm -rf {} +

# Made anew, not patched: an environment holds what the lock names and nothing else. uv, itself from the lock, installs
# in a fraction of pip's time; where it fails, pip does. Both check every hash. The mark comes last, so that an
# installation that was broken off is begun again.
PIP := python -m pip install --quiet --disable-pip-version-check
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c '$(SUPPORTED)'
	@echo "Making $(VENV) from requirements.lock"
	@$(PYTHON) -m venv --clear $(VENV)
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.txt
	@$(PIP) --require-hashes --no-deps -r $(VENV)/uv.txt
	@UV_SYSTEM_CERTS=true UV_DEFAULT_INDEX="$${PIP_INDEX_URL:-$$(python -m pip config get global.index-url 2> /dev/null)}" \
	  uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock || \
	  { echo "uv failed; pip installs instead, which takes some minutes"; $(PIP) --require-hashes -r requirements.lock; }
	@$(PIP) --no-deps --no-build-isolation --editable .
	@digits setup
	@touch $@
