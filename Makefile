# Thin: each target is one command that can be run by hand as well. `make sandbox` is the one to start with.
PYTHON ?= python3
BIN := .venv/bin
DESKTOPS := $(or $(SANDBOX_CACHE),$(or $(SANDBOX_HOME),.sandbox)/cache)/desktop-tests/bin
LIFE := $(patsubst %,tests/lifecycle/test_%.py,backup changes cloud_config drift faults homes ingress killed monitoring node_groups owner production replace seats state teardown)
OPERATIONS := tests/desktop/test_operations.py
HEAVY := $(patsubst %,sandbox/tests/real/test_%.py,certificates hub ingress monitoring switch)

.PHONY: help cost drift preflight restore sandbox sandbox-env sandbox-status sandbox-open sandbox-check sandbox-down sandbox-reset tools test test-unit test-sandbox test-desktop lint docs bench-up bench-start bench-seats bench-desktop clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

sandbox: .venv/sandbox ## Jetstream2 on this machine, with the gateway in it (17 minutes the first time)
	@$(BIN)/python -m sandbox up

sandbox-env: .venv/sandbox ## The environment of the sandbox's shell, for `eval`
	@$(BIN)/python -m sandbox env

sandbox-status: .venv/sandbox ## The sandbox's processes and their logs
	@$(BIN)/python -m sandbox status

sandbox-open: .venv/sandbox ## The gateway in Chromium, which trusts it, on this machine's screen
	@$(BIN)/python -m sandbox tools --desktops
	@$(DESKTOPS)/python -m sandbox.check.window

sandbox-check: .venv/sandbox ## Log in, start a desktop and click in it, in a browser; how long each step takes
	@$(BIN)/python -m sandbox tools --desktops
	@$(DESKTOPS)/python -m sandbox.check

sandbox-down: .venv/sandbox ## End all of the sandbox's processes; its state stays
	@$(BIN)/python -m sandbox down

sandbox-reset: .venv/sandbox ## End the sandbox and forget its state
	@$(BIN)/python -m sandbox reset

preflight: .venv/sandbox ## What `pulumi up` of STACK would refuse or warn of, in seconds
	@$(BIN)/python -m components.check "$(STACK)"

cost: .venv/sandbox ## What the gateway of STACK used in service units, by day and by cause (DAYS=30)
	@$(BIN)/python -m components.cost "$(STACK)" $(if $(DAYS),--days $(DAYS))

restore: .venv/sandbox ## The snapshots of homes of STACK; with FOR=user (and SNAPSHOT=id): her home as it was in one
	@$(BIN)/python -m components.restore "$(STACK)" "$(FOR)" "$(SNAPSHOT)"

# The variable only lets the preview go on where the cluster itself is gone; neither command writes anything.
drift: ## What someone changed by hand in the gateway of STACK; Error 7 where there is any
	@PULUMI_K8S_DELETE_UNREACHABLE=true pulumi refresh --preview-only --expect-no-changes --diff --stack $(STACK); \
	  outside=$$?; pulumi preview --expect-no-changes --diff --stack $(STACK); \
	  inside=$$?; exit $$((outside ? outside : inside))

# With --no-loadscope-reorder the longest files come first (conftest.py).
SHARED := --dist loadfile --no-loadscope-reorder
test: tools ## All tests but the long ones of the life cycle and of real nodes
	$(BIN)/pytest -n 2 $(SHARED) tests/unit sandbox/tests tests/lifecycle $(addprefix --ignore=,$(LIFE) $(HEAVY))
	@$(MAKE) --no-print-directory test-desktop

test-unit: .venv/tests ## Tests without a sandbox, in seconds
	$(BIN)/pytest tests/unit

# Four at a time, since they wait for the simulated cloud more than they work.
test-sandbox: tools ## All tests with the engine and the real services, those of the life cycle too
	$(BIN)/pytest -n 4 $(SHARED) sandbox/tests tests/lifecycle
	@$(BIN)/python -m sandbox tools --desktops
	$(DESKTOPS)/python -m pytest $(OPERATIONS)

test-desktop: tools ## Tests of the desktops: images, and a real browser on pods of real nodes
	@$(BIN)/python -m sandbox tools --desktops
	$(DESKTOPS)/python -m pytest tests/desktop --ignore=$(OPERATIONS)

tools: .venv/tests
	@$(BIN)/python -m sandbox tools --images --tests

lint: .venv/tests ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy __main__.py conftest.py docs/settings.py
	$(BIN)/mypy -p components -p sandbox -p tests.unit -p tests.lifecycle -p tests.bench -p video

docs: .venv/sandbox ## Write docs/settings.md and the schema in Pulumi.yaml from the settings' models
	$(BIN)/python -m docs.settings

bench-up: sandbox .venv/tests ## `pulumi up` against its critical path and the paper's order
	@eval "$$($(BIN)/python -m sandbox env)" && $(BIN)/python -m tests.bench.up

bench-start: sandbox ## From the click to the desktop: warm, with images to pull, with a node to add; memory and idle CPU
	@$(BIN)/python -m sandbox tools --desktops
	@$(DESKTOPS)/python -m tests.bench.start

bench-seats: tools ## How long a class of 60 waits for its desktops, with and without seats, and what that costs
	@$(BIN)/python -m tests.bench.seats

bench-desktop: tools ## Ours with and without video, the paper's, Selkies, through several links (root, 30 minutes; BENCH="--sets loss large metview")
	@$(BIN)/python -m sandbox tools --desktops
	$(DESKTOPS)/python -m tests.desktop.bench $(BENCH)

clean: ## Remove all that was made here (programs, caches, state); ends the sandbox first
	@test ! -e .venv/sandbox || $(BIN)/python -m sandbox reset
	@test ! -d .sandbox || chmod -R u+w .sandbox
	rm -rf .sandbox .venv .pytest_cache .mypy_cache .ruff_cache

# What the program and the sandbox need, in the environment that Pulumi.yaml names. Quiet when it is there.
.venv/sandbox: requirements.txt sandbox/requirements.txt
	@echo "Python packages: installing into .venv, some 30 seconds" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it: make PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check $(addprefix -r ,$^) >&2
	@touch $@

.venv/tests: .venv/sandbox tests/requirements.txt
	@echo "Python packages: installing what tests and lint need" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements.txt >&2
	@touch $@
