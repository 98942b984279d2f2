# The repository's own commands; each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install demo test check bench docs servers clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.developer: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

demo: install
	$(BIN)/rollway demo

check: $(VENV)/.developer
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q -n auto tests/unit

test: $(VENV)/.developer
	$(BIN)/pytest -n auto --dist loadgroup tests

# make bench, or make bench ONLY=safety; the last line of each is one JSON object
bench: $(VENV)/.developer
	@$(BIN)/python -m compileall -q core plugins strategies monitors
	@for file in benchmarks/$(or $(ONLY),[a-z]*).py; do PYTHONPATH=. $(BIN)/python $$file || exit 1; done

# The reference, made of the models; a test compares.
docs: $(VENV)/.developer
	$(BIN)/python -m docs.generate

clean:
	rm -rf $(VENV) dist build
