# `make` lists what there is. Everything runs in .venv, which `make install` makes from uv.lock.

PYTHON := .venv/bin/python
# Whatever a .env names, checks and tests use SQLite and no Redis, unless they are asked otherwise.
SQLITE := DATABASE_URL=sqlite:///$(CURDIR)/var/loopwright.sqlite3 REDIS_URL=
ARGS ?=
comma := ,

.DEFAULT_GOAL := help
.PHONY: help install demo serve warm test check browser openapi schema screenshots bench-scheduling bench-pages chaos

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Inexact: what a developer added to .venv by hand stays there.
install: .venv/installed ## Install everything into .venv (quick when nothing changed).

.venv/installed: pyproject.toml uv.lock
	@set -e; uv=uv; \
	if ! uv --version >/dev/null 2>&1; then \
		uv=.venv-uv/bin/uv; \
		if ! $$uv --version >/dev/null 2>&1; then \
			echo "Fetching uv, which installs the rest ..."; \
			if python3 -m venv --clear .venv-uv >/dev/null 2>&1; then \
				echo '*' > .venv-uv/.gitignore; \
				.venv-uv/bin/python -m pip install --quiet --disable-pip-version-check uv; \
			else \
				rm -rf .venv-uv; \
				echo "Python cannot make a virtual environment. Install uv, or on Debian: apt install python3-venv"; \
				exit 1; \
			fi; \
		fi; \
	fi; \
	$$uv sync --frozen --inexact --all-extras --compile-bytecode
	@touch $@

demo: install ## A made-up company's season of hiring, then the service with its log-ins.
	@$(PYTHON) manage.py demo $(ARGS)

serve: install ## The service for real: web server, worker and clock (ARGS="--port 8080").
	@nice $(PYTHON) manage.py warm_scheduler >/dev/null & $(PYTHON) manage.py up $(ARGS)

warm: install ## Compile the scheduling engine ahead of time (a minute or two, once).
	@$(PYTHON) manage.py warm_scheduler

test: install ## The tests, on SQLite, without a browser.
	@$(SQLITE) .venv/bin/pytest -n 2 -m "not browser and not postgres" $(ARGS)

browser: install ## The tests in Chromium (apt install chromium).
	@$(SQLITE) .venv/bin/pytest -m browser $(ARGS)

check: install ## Style, types, layers, migrations, and the papers that are made from code.
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	.venv/bin/lint-imports
	$(SQLITE) $(PYTHON) manage.py makemigrations --check --dry-run
	@mkdir -p var
	$(SQLITE) $(PYTHON) manage.py spectacular --validate --fail-on-warn --file var/openapi.yaml
	@diff -u docs/openapi.yaml var/openapi.yaml || { echo "docs/openapi.yaml is out of date: make openapi"; exit 1; }
	$(PYTHON) -m hiring.blueprint --schema > var/playbook.schema.json
	@diff -u docs/playbook.schema.json var/playbook.schema.json \
		|| { echo "docs/playbook.schema.json is out of date: make schema"; exit 1; }

openapi: install ## Write docs/openapi.yaml anew.
	$(SQLITE) $(PYTHON) manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

schema: install ## Write docs/playbook.schema.json anew.
	$(PYTHON) -m hiring.blueprint --schema > docs/playbook.schema.json

screenshots: install ## Take the pictures of the README anew (needs Chromium).
	$(PYTHON) docs/make_screenshots.py

SEEDS ?= 1
WORK ?= all
OUT ?= var/bench-scheduling.json
bench-scheduling: warm ## Measure the scheduling engine (SEEDS=1-10 WORK=one,batch OUT=FILE.json).
	@mkdir -p var $(dir $(OUT))
	LOOPWRIGHT_COMPILE=1 LOOPWRIGHT_CACHE_DIR=$${DATA_DIR:-$(CURDIR)/var}/compiled \
		$(PYTHON) -m bench.scheduling.measure $(subst $(comma), ,$(WORK)) --seeds $(SEEDS) --out $(OUT)

ROWS ?= 100000
bench-pages: install ## Measure every page in a company of many applications (ROWS=100000 DB=sqlite|postgres OUT=FILE.json).
	@$(PYTHON) -m bench.pages.measure --rows $(ROWS) --db $(if $(filter command environment,$(origin DB)),$(DB),sqlite) \
		--out $(if $(filter command environment,$(origin OUT)),$(OUT),var/bench-pages.json) $(ARGS)

BOOKINGS ?= 1000
KILLS ?= 120
SEED ?= 1
DB ?= postgres
BROKER ?= $(if $(filter sqlite,$(DB)),none,redis)
chaos: install ## Kill everything at random and see what is lost (BOOKINGS=1000 KILLS=120 SEED=1 DB=sqlite OUT=FILE.json).
	@$(PYTHON) -m bench.chaos.run --bookings $(BOOKINGS) --kills $(KILLS) --seed $(SEED) \
		--db $(DB) --broker $(BROKER) $(if $(filter command environment,$(origin OUT)),--out $(OUT)) $(ARGS)
