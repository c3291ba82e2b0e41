package syntax_test

import (
	"testing"

	. "github.com/hostspec/hostspec/spec"
)

func Test(t *testing.T) { Run(t, "syntax" }
