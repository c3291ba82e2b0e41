package fact

import (
	"slices"
	"strings"
	"testing"
)

// What dpkg-query of dpkg 1.21 prints; the last is installed for two
// architectures.
const dpkgLines = "nginx-light\tall\t1.22.1-9+deb12u3\tinstall ok installed\n" +
	"logrotate\tamd64\t3.21.0-1\tdeinstall ok config-files\n" +
	"tcsh\tamd64\t6.24.07-1\thold ok installed\n" +
	"half\tamd64\t1:1.0\tinstall reinstreq half-configured\n" +
	"never\tamd64\t\tunknown ok not-installed\n" +
	"libc6\tamd64\t2.36-9\tinstall ok installed\nlibc6\ti386\t2.36-9\tinstall ok installed\n"

func TestParseDpkgQuery(t *testing.T) {
	got, err := ParseDpkgQuery(strings.NewReader(dpkgLines))
	if err != nil || len(got) != 7 {
		t.Fatalf("got %v, %v", got, err)
	}
	var installed []string
	for _, p := range got {
		if p.Installed {
			installed = append(installed, p.Name+":"+p.Architecture)
		}
	}
	if !slices.Equal(installed, []string{"nginx-light:all", "tcsh:amd64", "libc6:amd64", "libc6:i386"}) {
		t.Errorf("installed are %v", installed)
	}
	for _, text := range []string{"nginx\n", "a\tb\tc\td\te\n", "a\tb\tc\tinstalled\n", "dpkg-query: no packages found\n"} {
		if got, err := ParseDpkgQuery(strings.NewReader(text)); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func FuzzParseDpkgQuery(f *testing.F) {
	f.Add(dpkgLines)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseDpkgQuery(strings.NewReader(text))
		for _, p := range list {
			if err == nil && p.Installed && !strings.HasSuffix(strings.TrimSpace(p.Status), "installed") {
				t.Errorf("got %+v", p)
			}
		}
	})
}
