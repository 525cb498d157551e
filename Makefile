# The road from a fresh clone to the book: `make book`, then `make serve`. `make test` runs everything that is tested.

VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
MUTATION := .venv-mutation
ONE_THREAD := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
# The first interpreter that is new enough and can make a virtual environment.
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python; do $$p -c '$(FITS)' >/dev/null 2>&1 && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: family test-all site-all help setup book serve assignments bench scale peers parity mutation record check lint test unit site clean

help:
	@echo "make book    set up $(VENV), execute the notebooks, build the site into _build/html"
	@echo "make serve   show the built site on this machine"
	@echo "make assignments  make student notebooks, autograder bundles, instructor notebooks and rubrics in _build/assignments"
	@echo "make test    set up, lint, test the library, build the site, test it in a browser: what every push must pass"
	@echo "make test-all  the same with every control of every figure and every page on every screen"
	@echo "make family F=NAME  run all that concerns one family, and say what that was"
	@echo "make bench   time every loss, eager and compiled, and the factored output layer beside their peers (about twenty minutes)"
	@echo "make scale   measure memory and time of losses that compare many rows with many, beside their peers (about half an hour)"
	@echo "make record  keep in book/measured what tests, comparisons and benchmarks measured here"
	@echo "make parity  compare every loss with other packages' (in $(PEERS), which \`make peers\` sets up)"
	@echo "make mutation  change the losses in some two thousand places and count what the tests notice (about half an hour)"
	@echo "make check   check the sources and the built site"
	@echo "make lint    check style and formatting"
	@echo "make clean   remove what was built, keep $(VENV)"

setup: $(VENV)/.package

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer with venv is needed, and none was found on the path; install one (Debian: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.requirements: requirements.txt $(VENV)/.made
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@touch $@

$(VENV)/.package: pyproject.toml setup.py $(VENV)/.requirements
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

book: setup
	$(BIN)/lossatlas execute
	$(BIN)/lossatlas build

serve: setup
	$(BIN)/lossatlas serve

assignments: setup
	$(BIN)/lossatlas assignments

bench: peers
	$(PEERS)/bin/python -m benchmarks

scale: peers
	$(PEERS)/bin/python -m benchmarks.scale --out _build/measured/scale.json

mutation: $(MUTATION)/.requirements
	$(ONE_THREAD) $(MUTATION)/bin/python -m tests.mutation

# An environment that sees the book's own, with the tool beside it.
$(MUTATION)/.requirements: tests/mutation/requirements.txt $(VENV)/.package
	$(BIN)/python -m venv $(MUTATION)
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" > $$(ls -d $(MUTATION)/lib/python3*/site-packages)/book.pth
	$(MUTATION)/bin/python -m pip install --quiet --requirement tests/mutation/requirements.txt
	@touch $@

record: setup
	$(BIN)/lossatlas record

peers: $(PEERS)/.package

$(PEERS)/.made: $(VENV)/.made
	$(BIN)/python -m venv $(PEERS)
	@touch $@

$(PEERS)/.requirements: benchmarks/peers/requirements.txt benchmarks/peers/requirements-alone.txt $(PEERS)/.made
	$(PEERS)/bin/python -m pip install --quiet --requirement benchmarks/peers/requirements.txt
	$(PEERS)/bin/python -m pip install --quiet --no-deps --requirement benchmarks/peers/requirements-alone.txt
	@touch $@

$(PEERS)/.package: pyproject.toml setup.py $(PEERS)/.requirements
	$(PEERS)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

parity: peers
	$(ONE_THREAD) $(PEERS)/bin/python -m pytest tests/parity --parity-record=_build/measured/parity.json

check: setup
	$(BIN)/lossatlas check

lint: setup
	$(BIN)/ruff check

test: lint unit site

# Everything, the rotating share of every push included.
test-all: lint unit site-all

unit: setup
	$(ONE_THREAD) $(BIN)/python -m pytest -n auto --ignore tests/site tests

site: book
	$(ONE_THREAD) $(BIN)/python -m pytest -n auto --dist worksteal --push tests/site

site-all: book
	$(ONE_THREAD) $(BIN)/python -m pytest -n auto --dist worksteal tests/site

family: setup
	@test -n "$(F)" || { echo "make: name the family, as in: make family F=contrastive" >&2; exit 1; }
	$(ONE_THREAD) $(BIN)/python -m pytest -q -r fE -n auto --dist worksteal --family $(F) --ignore tests/site tests
	$(BIN)/lossatlas execute $(F) evidence/$(F) reference/$(F)

clean:
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
