# Everything happens in .venv; nothing outside this folder is changed. PYTHON is the interpreter to start from.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m

SOAK_TESTS ?= tests

.PHONY: help structure demo quick test soak check coverage lint types arch docs fmt bench test-pandas2 clean
help:
	@echo "make demo          pull, dry run and push 336,776 real flights with the embedded engine"
	@echo "make quick         unit, contract and architecture tests: while you work"
	@echo "make test          unit, contract, integration and browser tests, then the notebooks"
	@echo "make soak          the random tests (marked soak) in their long form; SOAK_SEED=… repeats one run"
	@echo "make coverage      the branches of the pure packages that their unit tests take"
	@echo "make check         lint, types, import contracts, docs, then make test (what CI runs)"
	@echo "make test-pandas2  the tests that touch pandas, with pandas 2.2"
	@echo "make bench         speed and memory against their budgets; exits 1 over budget"
	@echo "make docs          the documentation as a site in docs/_build/html; a warning is an error"
	@echo "make structure     measure the code and write the table of docs/architecture.md"
	@echo "make fmt           format and sort imports"

demo: $(VENV)/.demo
	$(BIN)/celigo-pandas demo

# Files side by side: most tests wait for servers, browsers and deadlines. WORKERS=0 runs them one after the other.
WORKERS ?= 2
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

quick: $(VENV)/.dev
	$(RUN) pytest -q $(SIDE_BY_SIDE) -m "not alone" tests/unit tests/contract tests/architecture

test: $(VENV)/.dev
	$(RUN) pytest -q $(SIDE_BY_SIDE) -m "not alone and not browser and not cluster" tests
	$(RUN) pytest -q -m cluster tests/integration/dask
	$(RUN) pytest -q -m "alone or browser" tests
	$(RUN) pytest -q -p no:randomly --nbval notebooks --nbval-sanitize-with notebooks/sanitize.cfg --nbval-kernel-name python3

soak: $(VENV)/.dev
	SOAK=1 $(RUN) pytest -q -rA -m soak $(SOAK_TESTS)

check: lint types arch docs test

lint: $(VENV)/.dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .

coverage: $(VENV)/.dev
	$(RUN) coverage run -m pytest -q -m "not alone and not soak" $(COVERED)
	$(RUN) coverage report

COVERED := $(addprefix tests/unit/,connections documents exports filters frames handlebars \
	javascript mapping outward paging paths)

types: $(VENV)/.dev
	$(RUN) mypy
	$(RUN) mypy --python-version 3.10 --no-warn-return-any --no-warn-unused-ignores
	$(RUN) pytest -q tests/architecture/test_types.py

arch: $(VENV)/.dev
	$(BIN)/lint-imports --no-cache

structure: $(VENV)/.dev
	$(BIN)/python docs/structure.py --write

docs: $(VENV)/.docs
	$(RUN) sphinx -W --keep-going -q -b html docs docs/_build/html

fmt: $(VENV)/.dev
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

bench: $(VENV)/.dev
	$(RUN) benchmarks

# pandas 2.2 in a second environment; the tests that concern pandas pass on both majors.
test-pandas2: .venv-pandas2/.dev
	.venv-pandas2/bin/python -m pytest -q $(SIDE_BY_SIDE) -m "not alone" $(PANDAS_TESTS)

PANDAS_TESTS := $(addprefix tests/unit/,accessors dask experiments forms frames journal outward paging syncs) \
	$(addprefix tests/integration/,pulls pushes plans syncs/test_rules.py)

# uv, in the environment or on the path, is faster than pip; where neither can do it, pip does the same.
define install
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	@test -x $(1)/bin/uv || $(1)/bin/python -m pip install --quiet --disable-pip-version-check uv 2>/dev/null || true
	@$(1)/bin/uv pip install --quiet --python $(1)/bin/python $(2) 2>/dev/null \
	|| uv pip install --quiet --python $(1)/bin/python $(2) 2>/dev/null \
	|| $(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2)
endef

$(VENV)/.demo: pyproject.toml
	$(call install,$(VENV),-e ".[demo]")
	@touch $@

# The README is the package's description, which is part of what is installed.
$(VENV)/.dev: pyproject.toml README.md
	$(call install,$(VENV),-e ".[all$(,)dev]")
	@touch $@

$(VENV)/.docs: pyproject.toml
	$(call install,$(VENV),-e ".[docs]")
	@touch $@

.venv-pandas2/.dev: pyproject.toml
	$(call install,.venv-pandas2,-e ".[all$(,)dev]" "pandas==2.2.*")
	@touch $@

, := ,

clean:
	rm -rf $(VENV) .venv-pandas2 docs/_build docs/notebooks docs/reference/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis
