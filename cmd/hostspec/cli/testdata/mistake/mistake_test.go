package mistake_test

import (
	"testing"

	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

func TestMistake(t *testing.T) { Run(t, "mistake") }

var _ = Command("true").Should(ExitWith(0))

var _ = Port(70000).Should(BeListening())
