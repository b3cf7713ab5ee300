# The commands of the project. `make` alone lists them.
# Everything else (PORT, GATE_PORT, DATA_DIR, DATABASE_URL, REDIS_URL, DEMO) is read from the environment.

PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
STACK  := $(PY) -m riskdesk.stack exec --
# Tests wait for the database and for processes more than they compute: more workers than cores pay.
WORKERS ?= 4
# A module is one worker's, so that what it starts for all its tests starts once; long ones are given out first.
MODULES := --dist loadscope --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run entrance test check bench prove faults mutate browser clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## a virtualenv with what the desk needs (instant the second time)
	@sh riskdesk/stack/set_up.sh "$(PYTHON)" "$(VENV)" requirements.txt

setup-dev: setup ## the same with what tests and checks need
	@sh riskdesk/stack/set_up.sh "$(PYTHON)" "$(VENV)" requirements.txt requirements-dev.txt

run: entrance setup ## the whole desk, on http://127.0.0.1:8000/ unless PORT says otherwise
	@exec $(PY) manage.py desk --follow-parent

# Before minutes of packages. An older Python is set-up's to name.
entrance:
	@! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| $(PYTHON) -m riskdesk.stack.entrance

# Tests start dozens of processes: the first leaves its bytecode to the others, also where the machine would rather not.
test: setup-dev browser ## all tests (ONLY=path or -k expression in ARGS)
	@exec env PYTHONDONTWRITEBYTECODE= $(STACK) $(PY) -m pytest -n $(WORKERS) $(MODULES) $(ONLY) $(ARGS)

check: setup-dev ## format, lint, types, migrations, system checks, architecture
	@PATH="$(VENV)/bin:$$PATH" sh riskdesk/stack/check.sh

bench: setup-dev ## benchmarks, one table and DATA_DIR/bench.json (ONLY=group)
	@BENCH_FILE="$$(realpath -m "$${DATA_DIR:-.data}")/bench.json" exec $(STACK) $(PY) -m tests.benchmarks $(ONLY)

prove: setup-dev ## the long proofs at full counts
	@HYPOTHESIS_PROFILE=prove exec $(STACK) $(PY) -m pytest -n $(WORKERS) -m "not browser" $(ARGS)

faults: setup-dev ## kill parts of the real desk at random instants, and ask what was lost (ROUNDS=25 SEED=…)
	@ROUNDS="$(ROUNDS)" SEED="$(SEED)" exec $(PY) -m tests.system.faults

mutate: setup-dev ## wrong turns of the engine, one at a time, and which no test notices (ONLY=module)
	@exec nice $(PY) -m tests.mutation $(ONLY)

browser: # the browser tests drive Debian's chromium
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing chromium for the browser tests"; \
	  (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium) >/dev/null \
	    || echo "chromium could not be installed: the browser tests will say so"; \
	else \
	  echo "No chromium here: the browser tests will fail until it is installed (apt-get install chromium)"; \
	fi

clean: ## remove the virtualenv and caches (never the data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache staticfiles
