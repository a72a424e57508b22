# The two commands of the README: make run, make test.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-older test-faults demo bench bench-uploads bench-answers bench-scale bench-exactness bench-attack bench-quality bench-footprint bench-metrics fuzz screenshots requirements messages bench-replace configuration test-api audit licenses clean

run: .venv/installed
	$(BIN)/python app.py

# Three at once on two cores: many tests wait for processes.
test: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 3 --dist loadfile $(PYTEST_ARGS)

demo: .venv/installed
	$(BIN)/python demo.py

# The test of the interface in its long form: every operation of /openapi.json, its borders, random
# requests, and chains of them. API_SECONDS and API_EXAMPLES set how long, API_SEED what is random.
test-api: .venv/installed-dev
	API_SECONDS=$${API_SECONDS:-1800} API_EXAMPLES=$${API_EXAMPLES:-200} $(BIN)/pytest -s tests/web/test_api.py $(PYTEST_ARGS)

# The tests that use a database, with PostgreSQL 16 instead of the embedded 18: its planner chooses otherwise.
test-older: .venv/installed-dev
	$(BIN)/pytest --older -n 3 --dist loadfile tests/store tests/services tests/web tests/test_db.py \
	  tests/test_cli.py tests/test_cli_accounts.py --ignore tests/web/page $(PYTEST_ARGS)

# The fault tests of `make test` in their long form. FAULT_KILLS, FAULT_RESTARTS, FAULT_ROWS,
# FAULT_ITEMS and FAULT_SEED set how long.
test-faults: .venv/installed-dev
	FAULT_KILLS=$${FAULT_KILLS:-200} FAULT_RESTARTS=$${FAULT_RESTARTS:-50} \
	FAULT_ROWS=$${FAULT_ROWS:-25000} FAULT_ITEMS=$${FAULT_ITEMS:-100000} $(BIN)/pytest -s tests/faults $(PYTEST_ARGS)

# Each reader of files for an hour, one after another; FUZZ_SECONDS can be given. What reaches code
# that nothing in the corpus reaches joins it.
fuzz: .venv/installed-dev
	for reader in csv json yaml xlsx; do \
	  $(BIN)/python -m tests.fuzz $$reader -max_total_time=$${FUZZ_SECONDS:-3600} -timeout=30 && \
	  $(BIN)/python -m tests.fuzz $$reader -merge=1 -max_len=4096 || exit 1; \
	done

# Known vulnerabilities of what is pinned, and what is often unsafe in code.
audit: .venv/installed-audit
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml .
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m audit.vulnerabilities

# Writes LICENSES.md.
licenses: .venv/installed
	$(BIN)/python -m audit.licenses

bench: .venv/installed-bench
	$(BIN)/python -m bench

bench-uploads: .venv/installed-bench
	$(BIN)/python -m bench.uploads

# Which vectors of a long answer find what it says; it takes ten minutes.
bench-answers: .venv/installed-bench
	$(BIN)/python -m bench.long_answers

# Sizes in items; the last of these takes an hour:
# make bench-scale SIZES="2000 10000 100000 1000000"
bench-scale: .venv/installed-bench
	$(BIN)/python -m bench.scale $(SIZES)

# Fails where searches find something else than comparing does. FOLDER has real questions and answers,
# a CSV file for each collection (bench/exactness.py):
# make bench-exactness FOLDER=../texts SIZES="100 5000 100000"
bench-exactness: .venv/installed-bench
	$(BIN)/python -m bench.exactness $(FOLDER) $(SIZES)

# What the service takes of a machine: disk, memory, seconds.
bench-footprint: .venv/installed-bench
	$(BIN)/python -m bench.footprint

# What a hundred replacing imports leave in tables and indexes; it takes hours:
# make bench-replace REPLACE="--rows 1000 --pairs-per-second 2000"
bench-replace: .venv/installed-bench
	$(BIN)/python -m bench.replace $(REPLACE)

# Logins under attack, then thousands of strangers and a flood of wrong passwords; two minutes.
bench-attack: .venv/installed-bench
	$(BIN)/python -m bench.logins
	$(BIN)/python -m bench.attack

# How long /metrics takes with 100,000 items and 1,000 jobs; it takes a minute or two.
bench-metrics: .venv/installed-bench
	$(BIN)/python -m bench.metrics

# How often the first item is right, and the decision; it takes a minute or two.
bench-quality: .venv/installed-bench
	$(BIN)/python -m bench.quality

# Pictures of the page, in docs/screenshots; to look at them in English:
# make screenshots ARGS="--language en --folder /tmp/pictures"
screenshots: .venv/installed-bench
	$(BIN)/python -m bench.screenshots $(ARGS)

# Pins what each *.in asks for, and what that needs. It keeps the versions that are pinned already;
# for newer ones: make requirements ARGS="--upgrade-package flask", or ARGS=--upgrade for all.
requirements: .venv/installed-dev
	$(BIN)/uv pip compile --quiet $(ARGS) requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet $(ARGS) requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet $(ARGS) requirements-bench.in -o requirements-bench.txt
	$(BIN)/uv pip compile --quiet $(ARGS) requirements-audit.in -o requirements-audit.txt

# Puts the sentences of the code into translations/*/LC_MESSAGES/messages.po: new ones without a
# translation, and takes out those that are gone.
messages: .venv/installed
	$(BIN)/python -m translations.collect

# Puts the defaults and the allowed values of config.py into the tables of docs/configuration.md.
configuration: .venv/installed
	$(BIN)/python -m cli.manual

# A stamp stands for what is installed: when the file it was made from changes, make installs again.
.venv/installed: requirements.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.11')"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

.venv/installed-audit: .venv/installed-dev requirements-audit.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	touch $@

.venv/installed-bench: .venv/installed requirements-bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
