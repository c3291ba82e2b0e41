package environ

import (
	"os"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct{ variable, says string }{
		{"HOSTSPEC_TARGET=local://", ""},
		{"HOSTSPEC_SUDO_PASSWORD=", ""},
		{"HOSTSPEC_EVENTS_FD=3", ""},
		{"HOSTSPEC_CONTAINER=c", ""},
		{"PATH=/bin", ""},
		{"MY_HOSTSPEC_TARGET=x", ""},
		{"HOSTSPEC_TARGETS=ssh://web1", `HOSTSPEC_TARGETS is not a variable that hostspec knows; did you mean "HOSTSPEC_TARGET"?`},
		{"HOSTSPEC_TIMOUT=3s", `did you mean "HOSTSPEC_TIMEOUT"?`},
		{"HOSTSPEC_SSH_PASS=x", "HOSTSPEC_SSH_PASS is not"},
		{"HOSTSPEC_target=local://", `did you mean "HOSTSPEC_TARGET"?`},
		{"hostspec_target=local://", `did you mean "HOSTSPEC_TARGET"?`},
		{"HOSTSPEC_=x", "known: HOSTSPEC_INVENTORY, "},
	} {
		err := Check([]string{"HOME=/root", test.variable})
		switch {
		case test.says == "" && err != nil:
			t.Errorf("%s: %v", test.variable, err)
		case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s: got %v, want %q", test.variable, err, test.says)
		}
	}
}

func TestTarget(t *testing.T) {
	for value, want := range map[string]string{"ssh://web1": "ssh://web1", "": "", " ": ""} {
		t.Setenv("HOSTSPEC_TARGET", value)
		if got, err := Target(); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v", value, got, err)
		}
	}
	if err := os.Unsetenv("HOSTSPEC_TARGET"); err != nil {
		t.Fatal(err)
	}
	if got, err := Target(); got != "local://" || err != nil {
		t.Errorf("unset: got %q, %v", got, err)
	}
}

// What a variable holds may be a secret.
func TestCheck_KeepsTheValueToItself(t *testing.T) {
	if err := Check([]string{"HOSTSPEC_SSH_PASSWRD=geheim"}); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
}
