# The README's two commands need no more than Go and a Debian-like machine; what
# else the tests need, "make test" installs as root or names.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
# The test summary lies in a folder that ./... does not reach.
PACKAGES    = ./... ./.ci/testsum
# Examples with a module of their own, as their readers have: ./... stops there.
MODULES     = examples/webserver
TESTFLAGS   = -race -count=1 -timeout 40m

.PHONY: test check rigs bench

# Everything: the rigs, the checks, the tests.
test: rigs check
	@go run ./.ci/testsum $(TESTFLAGS) $(PACKAGES)

# What needs no rigs. Files under testdata may be broken on purpose.
check:
	@bad=$$(find . -name '*.go' -not -path '*/testdata/*' -not -path './.git/*' -exec gofmt -l {} +) && \
		if [ -n "$$bad" ]; then echo "gofmt would change:" $$bad; exit 1; fi
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
