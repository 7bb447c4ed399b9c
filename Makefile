# Every target is one command that can also be run directly; `make` lists them.
.PHONY: help build demo serve test race lint fuzz bench bench-parts http loadtest faults faults-long soak kafka3 postgres issuance integration web deploy-check openapi generate ci

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# The output of `git describe` unless VERSION is given; empty without git.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

build: ## bin/railgate-gateway, -issuer, -stream, -loadtest and -demo: static, with their version
	@for program in gateway issuer stream loadtest demo; do \
		CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X github.com/railgate/railgate/internal/process.stamped=$(VERSION)" \
			-o bin/railgate-$$program ./cmd/$$program && bin/railgate-$$program -version || exit 1; \
	done

demo: ## passengers, staff and a gate in one process; every answer is checked
	go run ./cmd/demo

serve: ## the same, then continue to run with a QR code and curl commands
	go run ./cmd/demo -serve

test: ## all tests; needs only Go
	go test ./...

race: ## all tests under the race detector, in random order
	.ci/race

lint: ## format, vet, staticcheck, tidy module
	.ci/lint

fuzz: ## every fuzz target; FUZZ is inputs or time for each (default 20000x; FUZZ=10m)
	.ci/fuzz $(or $(FUZZ),20000x)

bench: ## railgate and its rivals, in process and over HTTP, in one table with floors and goals; ONLY=row,row
	go run ./bench/rivals $(if $(ONLY),-only $(ONLY))

bench-parts: ## every part of a check and its plain rival
	bench/run.sh

http: ## the gateway over HTTP on one core against a no-op server
	go run ./bench/rivals -only cached-noop

loadtest: ## load a running demo (make serve) at 5000 checks/s for 30 s
	go run ./cmd/loadtest

faults: ## random faults during revocations, about a minute; no revocation may be lost
	go run ./test/chaos -seed $(or $(SEED),0)

faults-long: ## the same for MINUTES (default 10), SEED repeats a plan
	go run ./test/chaos -seed $(or $(SEED),0) -minutes $(or $(MINUTES),10)

soak: ## ten minutes of broker restarts under load; goroutines, descriptors and heap must not grow
	go run ./test/chaos -soak $(or $(MINUTES),10)

kafka3: ## three real Kafka nodes: killed, frozen, leaders moved, compacted; needs Java, Maven, kcat
	.ci/kafka3

postgres: ## the tests of the issuer that use a database, on PostgreSQL
	.ci/postgres

issuance: ## capacity of the issuer over HTTP, with floors, and its effect on a gate; ONLY=group,group
	go run ./bench/issuance $(if $(ONLY),-only $(ONLY))

integration: ## the binaries with Apache Kafka and PostgreSQL; needs Java, Maven, PostgreSQL
	.ci/integration

deploy-check: ## container files, compose, units and scripts
	deploy/check.sh

web: ## the pages: types, vectors, a running gateway, and Chromium with a fake camera; needs Node, npm, Chromium
	.ci/web

openapi: ## docs/openapi: lint, and generated requests to running servers; needs Python, Node, npm
	.ci/openapi

generate: ## test vectors
	go generate ./...

ci: ## every check that a change must pass
	.ci/run
