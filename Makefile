# The two commands of the README: `make demo` and `make test`. Everything lives in .venv; delete it to start afresh.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA := DefaceCompare/DefaceCompareLib/data
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install demo demo-ct test prove bench clean

install: $(VENV)/installed

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml $(DATA)/requirements.txt $(DATA)/requirements_no_deps.txt
	$(BIN)/pip install -qq --editable .
	grep insightface $(DATA)/requirements_no_deps.txt | $(BIN)/pip install -qq --no-deps --requirement /dev/stdin
	$(BIN)/deface-compare models get
	touch $@

$(VENV)/tested: $(VENV)/installed Testing/requirements.txt
	$(BIN)/pip install -qq --requirement Testing/requirements.txt
	touch $@

demo: install
	rm -rf demo
	$(BIN)/deface-compare sample demo/patients --jobs 2
	$(BIN)/deface-compare study demo/patients --out demo/out --jobs 2

demo-ct: install
	$(BIN)/python -m DefaceCompareLib.sample.real_ct demo-ct/patient
	$(BIN)/deface-compare case demo-ct/patient --out demo-ct/out

test: $(VENV)/tested
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadgroup

# all twelve MR heads instead of five (needs ../shared/data); about 10 minutes
prove: $(VENV)/tested
	DEFACE_COMPARE_PROVE=1 $(BIN)/pytest -n 2 --dist loadgroup Testing/Python/test_real_heads.py Testing/Python/test_defacers_properties.py Testing/Python/test_difficult_heads.py

# other programs get environments of their own in bench/ (about 1 GB); about 15 minutes
bench: $(VENV)/tested
	for script in Testing/Benchmarks/bench_*.py; do echo; echo "$$script"; $(BIN)/python $$script --environments bench || exit 1; done

clean:
	rm -rf $(VENV) build demo demo-ct bench
