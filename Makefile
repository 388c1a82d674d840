# `make demo` shows the four answers, `make test` runs the tests, `make bench` the benchmarks.

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
TOOLS := .venv-tools/bin
# With hashes, the versions that were tested. The ranges instead: make demo LOCK=.txt
LOCK := .lock

.PHONY: demo test bench bench-full mutate lint format lock bom clean

demo: .venv/installed
	@echo; echo "== Q1 SQL: users retained after FIRST_INSTALL =="
	@$(VENV_PYTHON) Q1/sql.py --embedded --html .venv/q1.html
	@echo; echo "== Q2 Raw data analytics: bytes transferred by the CDN =="
	@$(VENV_PYTHON) Q2/raw_data_analytics.py --html .venv/q2.html
	@echo; echo "== Q3a Tagging prediction: tags of news articles =="
	@$(VENV_PYTHON) Q3a/tagging_prediction.py --html .venv/q3a.html
	@echo; echo "== Q3b Recommender system: artists for listeners =="
	@$(VENV_PYTHON) Q3b/run_prototype.py --sample
	@echo; echo "== Q3b in production: job, store, API, one request =="
	@$(VENV_PYTHON) Q3b/run_production.py
	@$(VENV_PYTHON) Q3b/evaluate.py --splits 1 --models "damped vote" --models popularity --html .venv/q3b.html
	@echo
	@$(VENV_PYTHON) .ci/join_pages.py answers.html .venv/q1.html .venv/q2.html .venv/q3a.html .venv/q3b.html

# A process more than cores, up to four: each starts a PostgreSQL and compiles kernels of its own.
test: .venv/installed-dev
	@$(VENV_PYTHON) -m pytest -n logical --maxprocesses 4 --dist worksteal --durations 10 $(PYTEST_ARGUMENTS)

# Small sizes in some minutes; the stated ones take two hours.
bench: .venv/installed-dev
	@$(VENV_PYTHON) benchmarks/run_all.py

bench-full: .venv/installed-dev
	@$(VENV_PYTHON) benchmarks/run_all.py --full

# Breaks 50 drawn lines, one after the other, and lists those that no test misses: about an hour and a half.
# Others: make mutate MUTATE_ARGUMENTS='--lines 10 --seed 2'
mutate: .venv/installed-dev .venv-tools/installed
	@$(TOOLS)/python .ci/mutate.py --python "$(abspath $(VENV_PYTHON))" $(MUTATE_ARGUMENTS)

lint: .venv/installed-dev
	@$(VENV_PYTHON) -m ruff check
	@$(VENV_PYTHON) -m ruff format --check
	@$(VENV_PYTHON) -m sqlfluff lint Q1

format: .venv/installed-dev
	@$(VENV_PYTHON) -m ruff check --fix
	@$(VENV_PYTHON) -m ruff format

# The versions, with hashes, for every supported Python and system; those that a lock has stay, unless:
# make lock LOCK_ARGUMENTS=--upgrade
COMPILE = $(TOOLS)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command 'make lock' $(LOCK_ARGUMENTS)
lock: .venv-tools/installed
	$(COMPILE) --universal --python-version 3.11 requirements.txt -o requirements.lock
	$(COMPILE) --universal --python-version 3.11 requirements-dev.txt -c requirements.lock -o requirements-dev.lock
	cd Q3b/deploy && for part in requirements requirements-api; do ../../$(COMPILE) --python-version 3.13 \
		--python-platform linux $$part.txt -c ../../requirements.lock -o $$part.lock || exit 1; done

# What is installed to run, with licences and sizes: CycloneDX for programs, tables for people.
bom: .venv/installed .venv-tools/installed
	@mkdir -p output
	@$(TOOLS)/cyclonedx-py environment --output-reproducible -o output/bom.json .venv
	@$(TOOLS)/python .ci/licences.py output/bom.json > output/licences.txt
	@$(VENV_PYTHON) .ci/sizes.py requirements.txt > output/sizes.txt
	@echo "output/bom.json, output/licences.txt and output/sizes.txt are written"

clean:
	rm -rf .venv .venv-tools

# A stamp per requirements file: the second run installs nothing and needs no network. Python compiles a
# module when it first loads it: a fifth of the space, and half of the time, would go into modules unused.
.venv/installed: requirements$(LOCK) $(wildcard requirements.txt Q*/requirements.txt)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(VENV_PYTHON) -m pip install --no-compile -r requirements$(LOCK)
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev$(LOCK)
	$(VENV_PYTHON) -m pip install --no-compile -r requirements-dev$(LOCK)
	@touch $@

.venv-tools/installed: requirements-tools.txt
	$(PYTHON) -m venv .venv-tools
	$(TOOLS)/python -m pip install --quiet -r requirements-tools.txt
	@touch $@
