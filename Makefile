# Every target installs what it needs first, by package name. Needs: Debian or Ubuntu, root (to watch the kernel), npm.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

ARCH := $(shell uname -m)
BPF_ARCH := $(subst aarch64,arm64,$(subst x86_64,x86,$(ARCH)))
# Looked for when it is used: a fresh machine has it only after build/.deps-build.
CLANG = $(firstword $(foreach version,-19 -18 -17 -16 -15 -14,$(shell command -v clang$(version) 2>/dev/null)) clang)

BPF_HEADERS := $(wildcard bpf/include/telegen/*.h)
BPF_FLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Wno-unused-parameter -Werror -D__TARGET_ARCH_$(BPF_ARCH) \
	-Ibpf/include -Ibuild/libbpf/include -isystem /usr/include/$(ARCH)-linux-gnu
BPF_OBJECTS := build/bpf/core.bpf.o build/bpf/extra.bpf.o build/bpf/content.bpf.o build/bpf/xdp.bpf.o

NATIVE_SOURCES := $(wildcard native/*.cc)
NATIVE_OBJECTS := $(NATIVE_SOURCES:native/%.cc=build/native/%.o)
NATIVE_FLAGS := -std=c++20 -O2 -fPIC -fvisibility=hidden -fno-exceptions -Wall -Wextra -Werror -D_GNU_SOURCE \
	-DNAPI_VERSION=8 -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS \
	-isystem node_modules/node-api-headers/include -isystem node_modules/node-addon-api -Ibpf/include

.PHONY: help run build test unit live check format layout docs lab bench compare clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

run: build ## watch this host; CGROUP=PATH and IFACES=NAMES narrow it, CONFIG=FILE configures, ARGS= adds options
	@bin/telegen run $(if $(CONFIG),-c $(CONFIG)) $(if $(CGROUP),--cgroup $(CGROUP)) $(if $(IFACES),--interfaces '$(IFACES)') $(ARGS)

build: build/bpf/done build/native/telegen.node dist/main.js ## compile kernel programs, addon and TypeScript

test: build build/.deps-test check ## everything: formatting, lint, types, unit, live kernel and end-to-end tests
	scripts/test.sh

unit: build node_modules/.package-lock.json
	vitest run --project unit

live: build build/.deps-test
	vitest run --project live

check: node_modules/.package-lock.json build/bpf/layout.bpf.o ## formatting, lint, types, generated files
	biome check --error-on-warnings .
	oxlint --type-aware --deny-warnings src test bench lab scripts
	tsc -p tsconfig.json
	node scripts/gen-layout.ts build/bpf/layout.bpf.o --check

format: node_modules/.package-lock.json ## rewrite to the house format
	biome check --write .

layout: build/bpf/layout.bpf.o ## regenerate the record layout from bpf/include/telegen/records.h
	node scripts/gen-layout.ts build/bpf/layout.bpf.o

docs: node_modules/.package-lock.json ## regenerate reference pages
	node scripts/gen-config-docs.ts
	node scripts/gen-metrics-docs.ts
	node scripts/plot-packet-rate.ts

lab: build build/.deps-test ## a small isolated network, a story of ordinary and hostile connections, live alerts
	node lab/main.ts

bench: build build/.deps-bench ## measure, 20 minutes at most; ARGS="--quick NAME..." tries some (bench/README.md)
	node bench/main.ts $(ARGS)

compare: build build/.deps-bench ## has a ratio become much worse than in bench/results? ARGS="NAME..." (default: rules)
	node bench/compare.ts $(ARGS)

clean: ## remove everything built
	rm -rf build dist

# ---- what a fresh machine lacks ------------------------------------------------------------------------------------

build/.deps-build: scripts/install-packages.sh
	scripts/install-packages.sh build
	@mkdir -p build && touch $@

build/.deps-test: scripts/install-packages.sh
	scripts/install-packages.sh test
	@mkdir -p build && touch $@

build/.deps-bench: scripts/install-packages.sh
	scripts/install-packages.sh bench
	@mkdir -p build && touch $@

node_modules/.package-lock.json: package-lock.json
	PATH="$${PATH#$(CURDIR)/node_modules/.bin:}" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build/libbpf/flags: scripts/build-libbpf.sh scripts/deb-src-list.py | build/.deps-build
	scripts/build-libbpf.sh

# ---- kernel programs -------------------------------------------------------------------------------------------------

build/bpf/done: $(BPF_OBJECTS) build/bpf/layout.bpf.o
	@touch $@

build/bpf/layout.bpf.o: BPF_FLAGS += -Wpadded
build/bpf/%.bpf.o: bpf/%.bpf.c $(BPF_HEADERS) build/libbpf/flags
	@mkdir -p $(@D)
	$(CLANG) $(BPF_FLAGS) -c $< -o $@

# ---- addon ---------------------------------------------------------------------------------------------------------

build/native/%.o: native/%.cc $(wildcard native/*.h) $(BPF_HEADERS) build/libbpf/flags node_modules/.package-lock.json
	@mkdir -p $(@D)
	g++ $(NATIVE_FLAGS) $$(sed 's/ .*//' build/libbpf/flags) -c $< -o $@

build/native/telegen.node: $(NATIVE_OBJECTS)
	g++ -shared -Wl,-z,relro,-z,now -o $@.tmp $^ $$(sed 's/^[^ ]* //' build/libbpf/flags)
	mv $@.tmp $@

# ---- TypeScript ----------------------------------------------------------------------------------------------------

dist/main.js: $(shell find src -name '*.ts') tsconfig.json tsconfig.build.json node_modules/.package-lock.json
	tsc -p tsconfig.build.json
	@touch $@
