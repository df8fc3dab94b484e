# Throughline. `make help` lists what there is to make.
.POSIX:
.PHONY: help run test drill soak coverage check bench bench-pair requirements messages states clean

PY = .venv/bin/python
CHECK = set -a; . tests/check.env; set +a;
# Python's development mode, for its warnings. Its checks of memory are for extensions, and cost a sixth of the time.
PYTEST = PYTHONMALLOC=pymalloc $(PY) -X dev -m pytest

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: ## Start the whole product on 127.0.0.1 (PORT=8000, DEMO=no for an empty agency); Ctrl-C stops it
	@scripts/venv run
	@PORT="$(PORT)" DEMO="$(DEMO)" exec $(PY) -m config.up --tied $$PPID

test: ## Run every test but the long ones, beside whatever else is running (ARGS= for pytest; AT=2028-02-29T23:59:30Z and ZONE=Europe/Berlin for elsewhere)
	@scripts/venv dev
	@TEST_AT="$(AT)" TEST_ZONE="$(ZONE)" exec env $(PYTEST) -n 2 --dist worksteal $(ARGS)

drill: ## Run the long tests that `make test` leaves out: Chromium, a real WordPress, the whole product, kills, faults, migrations back and forward
	@scripts/venv dev
	@beside=0; alone=0; \
	$(PYTEST) -n 2 --dist worksteal -m '(drill or slow or browser or wordpress) and not at_rest' $(ARGS) || beside=$$?; \
	$(PYTEST) -m 'drill and at_rest' $(ARGS) || alone=$$?; \
	case $$beside$$alone in 00|05|50) ;; *) exit 1 ;; esac # 5: no such test was asked for

soak: ## Practise random faults on the product that `make run` started (MINUTES=30 SEED=1), as JSON
	@scripts/venv run >&2
	@exec $(PY) manage.py drill soak --minutes "$${MINUTES:-30}" --seed "$${SEED:-1}" --json

coverage: ## Run every test and measure which lines and branches it reaches: the files with least, then the total (ARGS= for pytest)
	@scripts/venv dev
	@$(PY) -m coverage erase
	@$(PY) -X dev -m coverage run -m pytest -n 2 --dist worksteal -m '' $(ARGS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report --sort=cover | sed -n '1,22p;$$p'

check: ## Style, types, layers, migrations and the rules of the house
	@scripts/venv dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	@$(CHECK) exec $(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(CHECK) exec $(PY) manage.py check --deploy --fail-level WARNING
	@$(CHECK) exec $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@exec $(PY) -m tests.house

bench: ## Measure a workload of docs/performance.md, as JSON (NAME=lifecycle, sweep, intake, drain, lists, search, outbox, pages, calendar, cover, exports, figures, held, lint, promises, rules or backtest; SCALE=0.1 for less)
	@scripts/venv dev >&2
	@NAME="$(NAME)" SCALE="$(SCALE)" exec $(PY) -m bench

bench-pair: ## Compare the working tree with REF=<commit>, as JSON (NAME= for one workload; PAIRS=6 SCALE=0.1 REPETITIONS=5)
	@scripts/venv dev >&2
	@REF="$(REF)" NAME="$(NAME)" PAIRS="$(PAIRS)" SCALE="$(SCALE)" REPETITIONS="$(REPETITIONS)" exec $(PY) -m bench.pair

requirements: ## Write requirements/*.txt anew from pyproject.toml (needs the tools of `make check`)
	@scripts/venv dev
	$(PY) -m uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header -o requirements/production.txt pyproject.toml
	$(PY) -m uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --extra embedded -o requirements/run.txt pyproject.toml
	$(PY) -m uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --extra embedded --group dev -o requirements/dev.txt pyproject.toml

messages: ## Collect what is to be translated into locale/, and compile it (only texts for clients are translated)
	@scripts/venv dev
	@$(CHECK) $(PY) manage.py makemessages --all --no-location --ignore .venv --ignore var && \
	exec $(PY) manage.py compilemessages --ignore .venv --ignore var

states: ## Write docs/states from the state machines and operations
	@scripts/venv dev
	@$(CHECK) exec $(PY) manage.py states docs/states

clean: ## Remove caches; var/ and .venv stay
	rm -rf .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
