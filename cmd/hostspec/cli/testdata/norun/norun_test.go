package norun_test

import (
	. "github.com/hostspec/hostspec/matchers"
	. "github.com/hostspec/hostspec/spec"
)

var _ = Command("true").Should(ExitWith(0))
