package fact

import (
	"slices"
	"testing"
)

func TestParseExtendedStates(t *testing.T) {
	got, err := ParseExtendedStates("Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: b\nAuto-Installed: 0\n\nAuto-Installed: 1\nPackage: c\n")
	if err != nil || !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("%q %v", got, err)
	}
	if got, err := ParseExtendedStates(""); err != nil || got != nil {
		t.Errorf("%q %v", got, err)
	}
	if _, err := ParseExtendedStates("Package: a\nnonsense\n"); err == nil {
		t.Error("no error")
	}
}

func FuzzParseExtendedStates(f *testing.F) {
	f.Add("Package: a\nAuto-Installed: 1\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		names, _ := ParseExtendedStates(text)
		if slices.Contains(names, "") {
			t.Error("a package without a name")
		}
	})
}
