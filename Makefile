# Everything runs in .venv, which the first target makes from the lock file.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test unit faults mutants soak fuzz bench bench-large bench-lookups bench-size check format generate goldens lock clean

install: .venv/.installed

.venv/.installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The main job on this machine: real OpenSearch, S3 and SQS. ONCE=1 ends by itself.
demo: install
	$(BIN)/shipper demo $(if $(ONCE),--once)

# Two processes, each with servers of its own (3 GB): much of a test is waiting.
test: install
	$(BIN)/pytest --numprocesses=2 --dist=worksteal

unit: install
	$(BIN)/pytest --numprocesses=auto --ignore=tests/integration --ignore=tests/faults/test_faults.py

# Nothing lost, nothing twice, whatever breaks: docs/faults.md. SEED=17 repeats one, MUTANT=name breaks the code before.
SEEDS ?= 120
faults: install
	PYTHONPATH=tests $(BIN)/python -m faults --log build/faults \
		$(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) $(if $(MUTANT),--mutant $(MUTANT)) $(FAULTS)

mutants: install
	PYTHONPATH=tests $(BIN)/python -m faults mutants $(FAULTS)

# One daemon at work without a pause, 5 % of its requests struck: does it grow? docs/faults.md.
MINUTES ?= 30
soak: install
	PYTHONPATH=tests $(BIN)/python -m faults soak --minutes $(MINUTES) --log build/faults/soak $(if $(SEED),--seed $(SEED))

# Coverage-guided, of all that reads bytes from outside; in a virtualenv of its own, where atheris has wheels for it
# (CPython 3.11 to 3.13 on Linux). See docs/testing.md.
SECONDS ?= 600

fuzz: .venv-fuzz/.installed
	PYTHONPATH=tests:. .venv-fuzz/bin/python -m fuzz $(SECONDS)

.venv-fuzz/.installed: requirements.lock tests/fuzz/requirements.txt
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/pip install --quiet --require-hashes -r requirements.lock -r tests/fuzz/requirements.txt
	@touch $@

check: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m shipper.generate --check

format: install
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Templates, field list, config example and schema, README tables.
generate: install
	$(BIN)/python -m shipper.generate

goldens: install
	$(BIN)/pytest tests/test_sources.py --update-goldens

# Speed beside its floor, and end to end beside raw replay, as ratios; written to build/bench.json.
bench: install
	PYTHONPATH=tests $(BIN)/python -m benchmarks

# Peak memory on objects of 1 GB.
bench-large: install
	PYTHONPATH=tests $(BIN)/python -m benchmarks large

# What it costs to look for documents in 20 older backing indices.
bench-lookups: install
	PYTHONPATH=tests $(BIN)/python -m benchmarks lookups

# Bytes of index for each event, beside the same records as raw JSON: docs/templates.md.
bench-size: install
	PYTHONPATH=tests $(BIN)/python -m benchmarks size

# After a change of the dependencies in pyproject.toml: one lock file for everything, one for the image.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header pyproject.toml

lock: install
	$(LOCK) --upgrade --all-extras --output-file requirements.lock
	$(LOCK) --upgrade --constraint requirements.lock --output-file requirements-run.lock

clean:
	rm -rf .venv .venv-fuzz build dist
