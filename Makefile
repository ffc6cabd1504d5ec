# freehold: every command a user or developer needs. `make help` lists them.
# The steps themselves live in build/*.sh; see build/README.md.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BIN     := build/bin/freehold
TAGS    := sqlite_fts5

# One set of flags for build, test and lint: the C parts (SQLite, the CPU
# kernels, the window) are then compiled once and shared by all of them.
export GOFLAGS := -buildvcs=false -trimpath -tags=$(TAGS)
export CGO_ENABLED := 1
export VERSION BIN TAGS
export npm_config_update_notifier := false

FRONTEND_SOURCES := $(shell find frontend -type f -not -path '*/node_modules/*' -not -path 'frontend/dist/*' -not -path 'frontend/e2e/*' -not -path '*/test-results/*' 2>/dev/null)
NPM_STAMP  := frontend/node_modules/.package-lock.json
DIST_STAMP := frontend/dist/index.html

.PHONY: help run test build frontend starter bindings lint bench conformance package package-test gallery clean

help: ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: ## install what is missing, build, fetch the starter model, open the window
	@build/setup.sh run
	@$(MAKE) --no-print-directory binary starter-if-reachable
	@build/run.sh

test: ## install what the tests need and run every suite
	@build/setup.sh test
	@$(MAKE) --no-print-directory binary starter
	@build/test.sh

build: ## build build/bin/freehold
	@build/setup.sh build
	@$(MAKE) --no-print-directory binary

.PHONY: binary starter-if-reachable
binary: frontend
	@build/build.sh

frontend: $(DIST_STAMP)

$(NPM_STAMP): frontend/package-lock.json
	@echo "frontend: installing its packages (npm ci)"
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(DIST_STAMP): $(NPM_STAMP) $(FRONTEND_SOURCES)
	@echo "frontend: building"
	@cd frontend && npm run --silent build
	@touch $@

starter: ## fetch the starter model into build/starter, and one that makes vectors of documents into build/embedder
	@go run ./build/getstarter starter
	@go run ./build/getstarter embedder || echo "embedder model: not here yet; tests that need it are skipped"

starter-if-reachable:
	@go run ./build/getstarter starter || echo "starter model: not here yet; the app starts without it and says how to add a model"
	@go run ./build/getstarter embedder || echo "embedder model: not here yet; documents are searched by words until there is one"

bindings: ## regenerate the TypeScript bindings of the Go methods
	@build/bindings.sh

package: frontend ## make the packages of this system in build/dist: .deb and tarball, a .zip for Windows where mingw-w64 is, a bundle on macOS
	@build/package.sh

gallery: frontend ## take the pictures of docs/gallery anew; CHECK=check compares with them instead
	@cd frontend && node e2e/gallery.mjs $(CHECK)

package-test: ## install the .deb in a fresh root, start it on a screen that nobody sees, remove it (as root, with debootstrap)
	@build/package-test.sh

lint: $(NPM_STAMP) ## golangci-lint and oxlint
	@build/lint.sh

bench: ## measure prefill and decode; LLAMA_BENCH=path and IK_BENCH=path compare with others, MODELS=files chooses models
	@build/setup.sh build
	@$(MAKE) --no-print-directory starter
	@go run ./bench/speed $(if $(LLAMA_BENCH),-llama-bench $(LLAMA_BENCH)) $(if $(IK_BENCH),-ik-bench $(IK_BENCH)) $(or $(MODELS),build/starter/*.gguf)

conformance: ## compare logits with llama.cpp's on a tiny model of every architecture; DOC=file writes the matrix
	@go run ./bench/conformance $(if $(DOC),-doc $(DOC))

clean: ## delete what the build made (never FREEHOLD_HOME)
	rm -rf build/bin build/cache frontend/node_modules
	find frontend/dist -mindepth 1 ! -name .gitkeep -delete
