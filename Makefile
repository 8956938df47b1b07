# All the set-up there is: `make demo` and `make test` build the environment they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test fuzz lint format architecture bench clean

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ganprobe needs Python 3.11 or newer; say make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet torch torchvision
	$(BIN)/pip install --quiet --editable '.[test,train,imagenet]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/ganprobe demo

# Two workers of one thread each: small tensors gain nothing from more, and busy machines lose much.
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

# The suite damages a few dozen checkpoints of each kind; this, thousands.
fuzz: $(STAMP)
	GANPROBE_FUZZ_CASES=2500 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 tests/checkpoints/layouts/test_fuzz.py

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy ganprobe
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Writes docs/images/architecture.svg, and the list of rooms in docs/architecture.md.
architecture: $(STAMP)
	$(BIN)/python -m benchmarks.architecture

# Writes docs/performance.md. Peers that cannot be installed are left out, and their rows say so.
bench: $(STAMP)
	-$(BIN)/pip install --quiet --editable '.[bench]'
	-$(BIN)/pip install --quiet --no-deps torch-mimicry  # it asks for TensorFlow, which its networks do not need
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks --write

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
