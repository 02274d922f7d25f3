# `make` alone prints what there is.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build test check race fuzz sim bench crash chaos power golden sdk fresh lint vuln clean

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
ADDR ?= 127.0.0.1:8080
FUZZTIME ?= 60s
# The smoke counts inputs instead of seconds: at a deadline the fuzzer may report "context deadline exceeded" although it found nothing.
SMOKE ?= 10000x
SEED ?= 0
KILLS ?= 100
CHAOS ?= 10m

# Packages whose code runs on many goroutines: tested with the race detector. The others gain nothing from it, and it makes them slow; so the
# long histories of the stores, on one goroutine, are tested without it.
RACY := . ./internal/auth ./internal/engine ./internal/gateway ./internal/limit ./internal/pgtemp ./internal/store/... ./internal/telemetry

# go test as test/report reads it; check has run vet already.
TEST := go test -json -vet=off

# Every fuzz target as package:name.
FUZZ = $(shell grep -rHoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' internal | sed -E 's|^(.*)/[^/]+:func (.*)|./\1:\2|')

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10
	@echo; echo 'Variables: ADDR=$(ADDR) for run, FUZZTIME=$(FUZZTIME) a target for fuzz, SEED=$(SEED) for sim, chaos and power (0: a new one), KILLS=$(KILLS), CHAOS=$(CHAOS).'

run: build ## build, then serve the demo world at ADDR
	bin/recoup demo --addr $(ADDR)

build: ## build bin/recoup
	CGO_ENABLED=0 go build -trimpath -ldflags '-X recoup/internal/telemetry.Version=$(VERSION)' -o bin/recoup ./cmd/recoup

test: check .need-test test/sdk/node_modules/.package-lock.json ## all that must hold: check, a smoke of each fuzz target, every test; prints the slowest
	@$(MAKE) --no-print-directory fuzz FUZZTIME=$(SMOKE)
	@{ CGO_ENABLED=1 $(TEST) -race $(RACY); \
	   $(TEST) $$(go list ./... | grep -vxF "$$(go list $(RACY))"); \
	   $(TEST) -run '(Store|Conformance)/^Reference$$' ./internal/store/{memstore,sqlite,postgres}; } | go run ./test/report

check: ## the fast ones: gofmt, vet, who imports whom
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not formatted, run gofmt -w:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go test ./internal/archtest

race: .need-test test/sdk/node_modules/.package-lock.json ## every test with the race detector
	CGO_ENABLED=1 go test -race ./...

fuzz: ## every fuzz target for FUZZTIME
	@for target in $(FUZZ); do \
	  echo "fuzz $${target#*:} for $(FUZZTIME)"; \
	  said=$$(go test -run '^$$' -fuzz "^$${target#*:}\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$${target%:*}" 2>&1) || { echo "$$said"; exit 1; }; \
	done

sim: .need-test ## the property tests ten times as long, and 40 histories on every store; SEED= repeats one
	go test -count=1 $$(grep -rl --include='*_test.go' 'pgregory.net/rapid' internal | xargs -n1 dirname | sort -u | sed 's|^|./|') -rapid.checks=1000 -rapid.seed=$(SEED)
	RECOUP_SAME=40 RECOUP_SEED=$(SEED) go test -count=1 -timeout 1h ./test/same

bench: build ## measure this machine: charges and refunds a second, beside the no-op limit
	bin/recoup bench

crash: .need-test ## kill a server under load, KILLS times on each database, and audit what is left
	RECOUP_KILLS=$(KILLS) go test -count=1 -v -timeout 2h -run Killed ./test/crash

chaos: .need-test ## two processes and their PostgreSQL crashed again and again for CHAOS under a mixed load; SEED= repeats one
	RECOUP_CHAOS=$(CHAOS) RECOUP_SEED=$(SEED) go test -count=1 -v -timeout 2h -run Chaos ./test/crash

power: .need-test ## every power failure under the embedded store that a trace of its system calls allows; SEED= repeats one
	RECOUP_POWER=0 RECOUP_SEED=$(SEED) go test -count=1 -v -timeout 2h ./test/power

golden: ## write the expected outputs of the scripts anew; read the difference before you keep it
	UPDATE=1 go test -count=1 ./cmd/recoup
	git diff --stat -- test/script

sdk: .need-test test/sdk/node_modules/.package-lock.json ## the platform's client libraries against a live demo, on each database
	go test -count=1 ./test/sdk

test/sdk/node_modules/.package-lock.json: test/sdk/package-lock.json | .need-test
	cd test/sdk && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

.PHONY: .need-test
.need-test:
	@tools/setup

fresh: ## make run and make test as on a new machine: in a bare Debian, which it makes and removes; as root, with debootstrap
	tools/fresh

lint: bin/golangci-lint ## golangci-lint, built once from tools/go.mod
	bin/golangci-lint run ./...

vuln: ## known vulnerabilities in what we call
	go tool -modfile=tools/go.mod govulncheck ./...

bin/golangci-lint: tools/go.mod
	cd tools && go build -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

clean: ## remove what was built and installed here
	rm -rf bin test/sdk/node_modules
