# `make demo` and `make test` need Python 3.11, 3.12 or 3.13 and nothing else: each first makes .venv and installs what is locked.

.DEFAULT_GOAL := help
.SHELLFLAGS := -eu -c

BIN := .venv/bin
STAMP := .venv/.installed
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c '$(SUITABLE)' 2>/dev/null && echo "$$python" && break; done)
FORMATTED := node federation migrations tests
RELEASED := proto/released.binpb

.PHONY: help demo screenshots test check format lint types arrows wire clauses rights bench soak proto lock

help:
	@echo "make demo     a province, a city and two counties at work, then what they agree on (KEEP=1 leaves their desks open)"
	@echo "make screenshots  pictures of the desks: all in build/screenshots, those of the READMEs in tests/web/pictures"
	@echo "make test     the tests"
	@echo "make check    format, lint, types, import arrows, wire, tests"
	@echo "make clauses  which core clauses of the source documents are covered"
	@echo "make rights   who may call which page and give which command, as a table"
	@echo "make bench    the ratios of the design, measured in one run"
	@echo "make soak     the slow tests"
	@echo "make format   make proto   make lock: write formatted code, generated code, pinned versions anew"

demo: $(STAMP)
	@$(BIN)/qyzj demo $(if $(KEEP),--keep)

# Needs Chromium and a font with the characters; pngquant makes the pictures small.
screenshots: $(STAMP)
	@$(BIN)/python -m tests.web.screenshots

test: $(STAMP)
	@$(BIN)/pytest -q -n 2 --dist loadscope -m "not slow"

# One after the other, cheapest first, also under `make -j`.
check: $(STAMP)
	@for step in format-check lint types arrows wire test; do $(MAKE) --no-print-directory "$$step"; done

format: $(STAMP)
	@$(BIN)/ruff check -q --fix $(FORMATTED)
	@$(BIN)/ruff format -q $(FORMATTED)

.PHONY: format-check
format-check: $(STAMP)
	@$(BIN)/ruff format -q --check $(FORMATTED) || { echo "run make format" >&2; exit 1; }

lint: $(STAMP)
	@$(BIN)/ruff check -q $(FORMATTED)

types: $(STAMP)
	@$(BIN)/mypy --no-error-summary

arrows: $(STAMP)
	@$(BIN)/lint-imports --no-logo

# The wire as last released: `buf build proto -o $(RELEASED)` writes it anew, at a release and never before one.
wire: $(STAMP)
	@$(BIN)/buf lint proto
	@if [ -f $(RELEASED) ]; then $(BIN)/buf breaking proto --against $(RELEASED); \
	else echo "buf breaking skipped: $(RELEASED) does not exist, nothing was released"; fi

clauses: $(STAMP)
	@$(BIN)/pytest -q -n 2 --dist loadscope -m "not slow" --clauses

rights: $(STAMP)
	@$(BIN)/python -m tests.web.rights

bench: $(STAMP)
	@$(BIN)/qyzj bench

soak: $(STAMP)
	@$(BIN)/pytest -q -n 2 --dist loadscope -m slow --timeout 0

proto: $(STAMP)
	@$(BIN)/python -m tests.support.protoc .

LOCKED := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet

# The image needs no tools for development, and brings what a node's settings may ask for.
lock:
	@uv pip compile pyproject.toml --group dev $(LOCKED) --output-file requirements.lock
	@uv pip compile pyproject.toml --extra oidc $(LOCKED) --output-file docker/requirements.lock

# The project is installed editable and alone: its dependencies, its build backend too, come from the lock with their hashes.
$(STAMP): requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11, 3.12 or 3.13 is needed; none is on the PATH" >&2; exit 1; }
	@[ -x $(BIN)/python ] || { echo "making .venv with $$($(PYTHON) --version)"; $(PYTHON) -m venv .venv; }
	@if uv --version >/dev/null 2>&1; then install="uv pip install --quiet --python $(BIN)/python"; \
	else $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
		install="$(BIN)/python -m pip install --quiet --disable-pip-version-check"; fi; \
	echo "installing requirements.lock"; \
	$$install --require-hashes -r requirements.lock; \
	$$install --no-deps --no-build-isolation --editable .
	@touch $@
