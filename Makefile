# SPDX-License-Identifier: BSD-2-Clause
# The front door. Meson and Ninja build; ./tenon fetches, boots and tests. BUILD=folder chooses another build directory.
BUILD ?= build
GUESTS ?= 2
PYTHON = /usr/bin/python3
TENON = $(PYTHON) ./tenon
TENON_CACHE ?= $(HOME)/.cache/tenon
override TENON_CACHE := $(abspath $(TENON_CACHE))
C_SOURCES = $(shell find abi kernel hypervisor examples tests bench sim -name '*.[ch]' 2>/dev/null)
export TENON_CACHE
export TENON_BUILD = $(abspath $(BUILD))

# The key that signs trusted apps. Once given, the build folder keeps it; TA_PUBLIC_KEY= (nothing) is the way back to the
# development key of the OP-TEE kit.
ifneq ($(origin TA_PUBLIC_KEY),undefined)
KEY_OPTION = -Dta_public_key=$(abspath $(TA_PUBLIC_KEY))
endif

.PHONY: all ready images demo check check-long bench irqoff conformance stress mutations format lint clean help
.DEFAULT_GOAL = all

all: images                     ## the images (build/qemu_virt/) and the examples; TA_PUBLIC_KEY=file.pem: for apps signed with that key

ready:                          # host packages, guest packages and sources; quick when all is there
	@test -x $(PYTHON) || { echo "tenon: next: sudo apt-get install python3"; exit 1; }
	@$(TENON) setup
	@$(TENON) fetch

$(BUILD)/build.ninja: | ready
	meson setup $(BUILD) --cross-file tools/aarch64-none.ini -Dcache=$(TENON_CACHE) $(KEY_OPTION)

images: ready $(BUILD)/build.ninja
	@$(if $(KEY_OPTION),meson configure $(BUILD) $(KEY_OPTION))
	ninja -C $(BUILD)
	@$(TENON) firmware >/dev/null

demo: all                       ## the main job on a live screen (GUESTS=N)
	@$(TENON) demo --guests $(GUESTS)

check: all                      ## lint, unit tests, simulator, fuzzers, tests on booted machines
	@$(TENON) check

check-long: all                 ## the booted tests that take long
	@$(TENON) check --long --only booted

conformance: all                ## each point of the trusted-app interface: its tests and their results
	@$(TENON) conformance

stress: all                     ## three minutes of kills in every state of a call
	@$(TENON) stress

mutations: all                  ## things broken on purpose: each has to be noticed
	@$(TENON) mutations

bench: all                      ## instructions for each operation, beside the peer's
	@$(TENON) bench

irqoff: all                     ## how long foreign interrupts stay masked at most, in instructions
	@$(TENON) irqoff

lint: images                    ## the rules that a program can check
	@$(TENON) check --only lint

format:                         ## format all C sources
	clang-format -i $(C_SOURCES)

clean:                          ## remove the build directory (downloads stay in TENON_CACHE)
	rm -rf $(BUILD)

help:                           ## this text
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20
