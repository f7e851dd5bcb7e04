# Everything starts here. Each target does its own set-up in .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
NEEDS := $(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'

# What runs in real time comes one after the other; arithmetic runs beside it.
REAL_TIME := slow or lsl or browser

.PHONY: demo test check bench accuracy docs constraints clean

demo: $(VENV)/.run
	$(BIN)/unclench demo $(PROGRAM) $(DEMO)

test: $(VENV)/.test
	@$(BIN)/python -m pytest -m "not ($(REAL_TIME))" > .test-arithmetic.log 2>&1 & other=$$!; \
	$(BIN)/python -m pytest -m "$(REAL_TIME)"; mine=$$?; \
	wait $$other; theirs=$$?; cat .test-arithmetic.log; exit $$((mine | theirs))

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m numpydoc.hooks.validate_docstrings $$(git ls-files 'dsp/*.py' 'drivers/ports.py' 'service/core/*.py')

bench: $(VENV)/.run
	$(BIN)/python -m bench

docs: $(VENV)/.run
	$(BIN)/python -m service.api.reference > docs/reference/api.md
	$(BIN)/python -m service.config.reference > docs/reference/config.md
	$(BIN)/python -m service.config.program_schema > docs/reference/program.schema.json
	$(BIN)/python -m bench.physiology --render

accuracy: $(VENV)/.accuracy .venv-peers/.peers
	$(BIN)/python -m bench.accuracy --json --render

clean:
	rm -rf $(VENV) .venv-peers build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

constraints: $(VENV)/.check $(VENV)/.test
	{ head -n 1 constraints.txt; $(BIN)/python -m pip freeze --exclude-editable; } > constraints.new
	mv constraints.new constraints.txt

$(VENV)/bin/python:
	@$(NEEDS) 2>/dev/null || { echo "unclench needs Python 3.11 or newer with venv: apt-get install python3 python3-venv, or set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[formats]'
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) -e '.[formats,optimise,batch,test]'
	touch $@

$(VENV)/.accuracy: $(VENV)/.run
	$(PIP) -e '.[formats,accuracy]'
	touch $@

# The peers pin other versions than we do, so they live apart.
.venv-peers/.peers: pyproject.toml
	@$(NEEDS) 2>/dev/null || { echo "unclench needs Python 3.11 or newer with venv"; exit 1; }
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check $$($(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["peers"])')
	touch $@

$(VENV)/.check: $(VENV)/.run
	$(PIP) -e '.[formats,optimise,batch,check]'
	touch $@
