package spec_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// TestSecretsOfDrivers are neither inherited nor shown.
func TestSecretsOfDrivers(t *testing.T) {
	rig.NotQuick(t)
	g := NewWithT(t)
	r := runScenario(t, "environment", "HOSTSPEC_SSH_PASSWORD=c4nary one", "HOSTSPEC_SSH_PASSPHRASE=c4nary two",
		"HOSTSPEC_SUDO_PASSWORD=c4nary three", "HOSTSPEC_SUDO_PASSWORD_COMMAND=echo c4nary four")
	g.Expect(r.outcomes()).To(HaveLen(3))
	g.Expect(r.outcomes()[:2]).To(HaveEach(HaveSuffix(": passed")), r.output)
	g.Expect(r.outcomes()[2]).To(HaveSuffix(": failed"))
	g.Expect(r.results[2].Message).To(ContainSubstring("***"))
	g.Expect(strings.Count(r.results[2].Message, "c4nary")).To(BeZero(), r.results[2].Message)
	r.hasNo(t, "c4nary one")
	r.hasNo(t, "c4nary two")
}
