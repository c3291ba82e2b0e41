package rig

import "testing"

// Skip skips a test, and is the only way a test of hostspec is skipped. The key
// is one word that names the reason, such as "docker"; the text says what is
// missing and how to get it. `make test` counts what was skipped and says why in
// its closing lines, and with CI=true it fails unless the key is listed in
// .ci/skips.
func Skip(tb testing.TB, key, text string) {
	tb.Helper()
	// .ci/testsum reads this form.
	tb.Skipf("[skip:%s] %s", key, text)
}
