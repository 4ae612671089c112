# The two commands of the README: `make demo` and `make test`. Everything lives in .venv; delete it to start afresh.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA := DefaceCompare/deface_compare/data
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install demo demo-ct test examples package bench clean prove prove-heads prove-real prove-faces prove-border prove-properties prove-difficulties prove-study \
  prove-kills prove-disk prove-dask prove-people prove-privacy prove-paper prove-mutations prove-leaks

install: $(VENV)/installed

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml $(DATA)/requirements.txt $(DATA)/requirements_no_deps.txt $(DATA)/requirements_models.txt
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
	$(BIN)/python -m deface_compare.sample.real_ct demo-ct/patient
	$(BIN)/deface-compare case demo-ct/patient --out demo-ct/out

test: $(VENV)/tested
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	cd DefaceCompare && ../$(BIN)/lint-imports --no-logo --no-cache ../pyproject.toml
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist loadgroup  # three workers on two cores: no more threads

examples: $(VENV)/tested  # the commands, lines and cells of README and quickstart, run as they are written
	$(BIN)/pytest -n 2 -m example

# Wheel and sdist, built clean; then the wheel in an environment of its own does the demo from another folder.
PACKAGE := build/package
package: $(VENV)/tested
	rm -rf $(PACKAGE)
	mkdir -p $(PACKAGE)
	$(BIN)/python -m build --outdir $(PACKAGE)/dist . > $(PACKAGE)/build.log
	$(BIN)/twine check --strict $(PACKAGE)/dist/*
	$(PYTHON) -m venv $(PACKAGE)/venv
	$(PACKAGE)/venv/bin/pip install -qq $(PACKAGE)/dist/*.whl
	cd $(PACKAGE) && venv/bin/deface-compare models get && venv/bin/deface-compare sample patients --patients 2 --jobs 2 \
	  && venv/bin/deface-compare study patients --out out --jobs 2

# The long proofs: each can be started alone, and continues where it was stopped. What they find goes to
# Testing/Proofs/results.csv, from where it is taken into docs/validation.md. Several hours in all; `make test` runs a slice of each.
PROOFS := Testing/Proofs
prove: prove-heads prove-real prove-faces prove-people prove-border prove-properties prove-difficulties prove-mutations prove-leaks prove-study prove-privacy prove-paper
prove-study: prove-kills prove-disk prove-dask

prove-heads: $(VENV)/tested  # all twelve MR heads instead of five (needs ../shared/data)
	$(BIN)/python $(PROOFS)/pytest_proof.py heads test_real_heads.py

prove-real: $(VENV)/tested  # 79 head-and-neck patients with CT, dose and structures (needs ../shared/data)
	$(BIN)/python $(PROOFS)/real_study.py --jobs 2

prove-faces: $(VENV)/tested  # 12 MR heads with second scans: AUCs A, B, C, any file, controls (sample patients: prove-privacy, prove-paper)
	$(BIN)/python $(PROOFS)/faces.py --patients 0 --jobs 2

prove-people: $(VENV)/tested  # 40 made-up people at two visits: how alike strangers are, and how like oneself
	$(BIN)/python $(PROOFS)/people.py
	$(BIN)/python $(PROOFS)/pytest_proof.py people_skins sample/people/test_people.py

prove-border: $(VENV)/tested  # what the border of an edit draws of 12 MR and 2 CT heads
	$(BIN)/python $(PROOFS)/border.py ../shared/data build/border

prove-properties: $(VENV)/tested  # one head in many grids
	$(BIN)/python $(PROOFS)/pytest_proof.py properties defacers/test_properties.py

prove-difficulties: $(VENV)/tested
	$(BIN)/python $(PROOFS)/pytest_proof.py difficulties defacers/test_difficult_heads.py anatomy/test_masked_heads.py

prove-mutations: $(VENV)/tested  # 10,000 damaged DICOM files, resumable
	$(BIN)/python $(PROOFS)/mutations.py

prove-leaks: $(VENV)/tested  # exports of 20 sample and 10 real patients, all methods and policies, searched; 35 planted leaks
	$(BIN)/python $(PROOFS)/leaks.py

prove-kills: $(VENV)/tested  # 50 times kill -9 during a study of 20 cases; a case that kills each of its workers
	$(BIN)/python $(PROOFS)/kills.py
	$(BIN)/python $(PROOFS)/pytest_proof.py kills study/test_kill.py

prove-disk: $(VENV)/tested  # needs root: mounts a small tmpfs
	$(BIN)/python $(PROOFS)/full_disk.py

prove-dask: $(VENV)/tested
	$(BIN)/python $(PROOFS)/dask_worker.py

prove-privacy: $(VENV)/tested  # the first 40 patients of the paper-size study: AUCs and controls
	$(BIN)/python $(PROOFS)/paper_study.py --patients 40 --jobs 2

prove-paper: $(VENV)/tested  # all 185
	$(BIN)/python $(PROOFS)/paper_study.py --patients 185 --jobs 2

# other programs get environments of their own in bench/ (about 1 GB); about 15 minutes
bench: $(VENV)/tested
	for script in Testing/Benchmarks/bench_*.py; do echo; echo "$$script"; $(BIN)/python $$script --environments bench || exit 1; done

clean:
	rm -rf $(VENV) build demo demo-ct bench
