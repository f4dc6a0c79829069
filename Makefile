# Needs python3 (3.11 or newer) with venv, make and git; everything else goes into .venv/ with the versions in requirements/.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/runtime.stamp
DEV := $(VENV)/dev.stamp
DEMO_OUT ?= out/demo
EXAMPLE_OUT ?= out/example
PIP := $(PY) -m pip --disable-pip-version-check install --quiet

.PHONY: demo example test coverage environment checks kernels tests-without-kernels check-page bench pybamm real nightly
.PHONY: cut-example picture lock clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo                     a virtual pack followed live, a minute long; KEEP=1 goes on and serves the page"
	@echo "make example                  analyse the example pack and compare with what was planted in it"
	@echo "make example LOG=… PACK=…     analyse your own log (several files in quotes); EXAMPLE_OUT=… says where to"
	@echo "make test                     all checks and tests"
	@echo "make coverage                 the tests, and the lines and branches that they never reach"
	@echo "make check-page               the types of the page's JavaScript, by TypeScript (needs node and npm)"
	@echo "make bench                    speed against filterpy, and accuracy on packs with known truth (three quarters of an hour)"
	@echo "make pybamm                   accuracy on packs of PyBaMM's cells, our simulator against PyBaMM (700 MB once)"
	@echo "make real                     docs/real-data.md from the open measured logs"
	@echo "make nightly                  property tests, many more cases, seed printed"
	@echo "make cut-example              cut examples/ anew from the development packs"
	@echo "make picture                  the report's picture in the README, from the example's report, by Chromium"
	@echo "make lock                     the newest versions that fit, into requirements/"

demo: $(RUNTIME)
	@$(PY) scripts/demo.py --out '$(DEMO_OUT)' $(if $(KEEP),--keep)

example: $(RUNTIME)
	@$(PY) scripts/example.py --out '$(EXAMPLE_OUT)' $(if $(PACK),--pack '$(PACK)') $(LOG)

# Two processes: while one compiles the kernels, the other does what needs none; then both run the rest. Files go to the
# processes whole, in their order, so that what a file makes once is made once.
PYTEST := $(PY) -m pytest --quiet
IN_TWO := --numprocesses=2 --dist=loadfile --no-loadscope-reorder
WITHOUT_KERNELS := $(wildcard tests/test_*.py) $(addprefix tests/,control drivers publish report)

test: $(DEV)
	@$(MAKE) --no-print-directory --jobs=2 kernels tests-without-kernels
	$(PYTEST) $(IN_TWO) $(addprefix --ignore=,$(WITHOUT_KERNELS))

environment: $(DEV)

checks: $(DEV)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo

kernels: $(DEV)
	@$(PY) -m tests.compile_kernels

tests-without-kernels: checks
	$(PYTEST) $(WITHOUT_KERNELS)

coverage: kernels
	$(PYTEST) $(IN_TWO) --cov --cov-report=term

TYPESCRIPT := 5.9.3
TSC := out/npm/node_modules/typescript/bin/tsc
check-page: $(TSC)
	node $(TSC)

$(TSC):
	@mkdir -p out/npm
	@npm install --prefix out/npm --no-audit --no-fund --silent typescript@$(TYPESCRIPT)

bench: $(DEV)
	@$(PY) -m bench.speed
	@$(PY) -m bench.stages
	@$(PY) -m bench.target_table --page docs/accuracy.md
	@OMP_NUM_THREADS=1 $(PY) -m bench.information_bound --page docs/information-bounds.md
	@$(PY) -m bench.published_methods --page docs/published-methods.md

pybamm: $(DEV)
	@$(PIP) --no-build-isolation --editable '.[bench]'
	@$(PY) -m bench.pybamm_voltages
	@$(PY) -m bench.pybamm_packs out/pybamm
	@$(PY) -m bench.target_table out/pybamm/pybamm-healthy out/pybamm/pybamm-faults out/pybamm/pybamm-far

real: $(DEV)
	@$(PY) -m scripts.make_real_data_page

SEED ?= $(shell date +%s)
nightly: $(DEV)
	@echo "hypothesis seed: $(SEED)"
	$(PY) -m pytest --hypothesis-profile=nightly --hypothesis-seed=$(SEED)
	@$(MAKE) --no-print-directory coverage
	$(PY) -m scripts.fuzz_decoders --count 1000000 --seed $(SEED)
	$(PY) -m scripts.kill_loop --count 200 --seed $(SEED)
	$(PY) -m scripts.power_cut --count 20 --seed $(SEED)
	$(PY) -m scripts.kill_controller --kills 200 --seed $(SEED)
	$(PY) -m scripts.check_home_assistant

cut-example: $(RUNTIME)
	@$(PY) scripts/make_example.py

picture:
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1200,1460 \
	  --screenshot='$(CURDIR)/docs/images/report.png' 'file://$(abspath $(EXAMPLE_OUT))/report.html'

LOCK := $(VENV)-lock
lock:
	rm -rf $(LOCK)
	$(PYTHON) -m venv $(LOCK)
	$(LOCK)/bin/pip install --quiet hatchling editables
	$(LOCK)/bin/pip install --quiet --no-build-isolation --editable '.[service]'
	{ echo '# Exact versions of what cellwarden needs to run and to install itself from this folder; made by `make lock`.'; \
	  $(LOCK)/bin/pip freeze --exclude-editable; } > requirements/runtime.lock
	$(LOCK)/bin/pip install --quiet --no-build-isolation --editable '.[dev]'
	{ echo '# Exact versions of what tests, checks and benchmarks need beside runtime.lock; made by `make lock`.'; \
	  echo '-r runtime.lock'; \
	  $(LOCK)/bin/pip freeze --exclude-editable | grep -vxFf requirements/runtime.lock; } > requirements/dev.lock
	rm -rf $(LOCK)

clean:
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

$(RUNTIME): requirements/runtime.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cellwarden needs Python 3.11 or newer")'
	@echo "setting up $(VENV) (once)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PIP) --requirement requirements/runtime.lock
	@$(PIP) --no-deps --no-build-isolation --editable '.[service]'
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.lock
	@echo "adding the tools for tests (once)"
	@$(PIP) --requirement requirements/dev.lock
	@touch $@
