package broken_test

import (
	"testing"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "broken") }

var _ = Pakcage("bash")
