# The README's two commands need no more than Go and a Debian-like machine; what
# else the tests need, "make test" installs as root or names.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
# What takes long begins first.
LONG        = ./cmd/hostspec/cli ./cmd/hostspec/internal/examples ./backends/docker ./spec/resource ./spec/loop ./backends/ssh ./matchers ./backends/command
# Programs of the tests, with tests of their own, lie in a folder that ./... does not reach.
PACKAGES    = ./... ./.ci/sweep ./.ci/survivors ./.ci/mutate
# Examples with a module of their own, as their readers have: ./... stops there.
MODULES     = examples/webserver examples/extend/resource examples/extend/backend examples/extend/format
# "check" has vetted all of it by then. More packages at a time than there are
# processors: much of a test's time is spent waiting for a machine of its own.
TESTFLAGS   = -race -vet=off -count=1 -timeout 80m -p 4
FUZZTIME    = 1m
MUTATED     = spec/fact matchers matchers/match:matchers spec/target spec/report spec/near

.PHONY: test quick check rigs bench mutants fuzz

# Everything: the rigs, the checks, the tests.
test: rigs check
	@.ci/gotest $(TESTFLAGS) $(LONG) $(PACKAGES)

# What needs neither root, nor Docker, nor a network once the modules are there: parsers,
# reports, and what can be told of a machine in memory.
quick:
	@go test -short ./backends ./matchers/... $$(go list ./spec/... | grep -vE '/(benchmark|loop|snapshot|target|resource)$$')

# What needs no rigs. Files under testdata may be broken on purpose.
check:
	@bad=$$(find . -name '*.go' -not -path '*/testdata/*' -not -path './.git/*' -exec gofmt -l {} +) && \
		if [ -n "$$bad" ]; then echo "gofmt would change:" $$bad; exit 1; fi
	@! git grep -n 'tells[ ]whether' -- '*.go' || { echo 'write "reports whether"'; exit 1; }
	@! git grep -nE '"[^"]*%[qsv] (is|are) no [a-z]' -- '*.go' || { echo 'write "is not a valid ..."'; exit 1; }
	go vet $(PACKAGES)
	go vet -C examples/nginx ./...
	go run $(STATICCHECK) $(PACKAGES)
	@for module in $(MODULES); do (set -ex; cd $$module; go vet ./...; go run $(STATICCHECK) ./...) || exit; done

# The Debian packages and the machine images that the tests run against.
rigs:
	@.ci/prepare
	@if docker version >/dev/null 2>&1; then \
		.ci/images && .ci/images webserver && for init in sysvinit openrc runit supervisors; do .ci/inits $$init || exit; done; fi

# Times and sizes beside the floor, the tables last; no test fails by them.
# BENCHFLAGS="-runs 15 -far" says how: see spec/benchmark.
bench: rigs
	go test -count=1 -timeout 40m -run '^$$' -bench . -benchmem $$(go list ./... | grep -v /spec/benchmark)
	go test -count=1 -timeout 60m -run '^$$' -bench . ./spec/benchmark -args $(BENCHFLAGS)

# How many small changes of the code its tests notice: see .ci/mutants. It takes minutes
# for most packages, and an hour for spec/target. MUTATED=matchers names others.
mutants: rigs
	@.ci/mutants $(MUTATED)

# Each fuzz target for a while: make fuzz FUZZTIME=10m.
fuzz:
	@.ci/fuzz $(FUZZTIME)
