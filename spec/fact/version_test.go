package fact

import (
	"cmp"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestConstraint(t *testing.T) {
	const nginx, git = "1.22.1-9+deb12u3", "1:2.39.5-0+deb12u2"
	for _, c := range []struct {
		version, constraint string
		want                bool
	}{
		{nginx, "1.22.1", true},
		{nginx, "1.22.1-9+deb12u3", true},
		{nginx, "= 1.22.1", true},
		{nginx, "== 1.22.1", true},
		{nginx, "1.22", false},
		{nginx, "1.22.1-9", false},
		{nginx, "1.22.10", false},
		{nginx, "2.4", false},
		{"2.4.6-1", "2.4", false}, // serverspec: true for rpm
		{nginx, "1.22.*", true},
		{nginx, "1.*", true},
		{nginx, "1.2.*", false},
		{nginx, "1.22.1.*", true},
		{"1.220-1", "1.22.*", false},
		{"1.22-1", "1.22.*", true},
		{"1.22+dfsg-1", "1.22.*", true},
		{"1.22~rc1-1", "1.22.*", false},
		{"12-1", "1.*", false},
		{git, "1.*", false}, // no epoch for an upstream version
		{git, "2.39.5", true},
		{git, "1:2.39.5-0+deb12u2", true},
		{git, "1:2.39.*", true},
		{git, "2:2.39.*", false},
		{nginx, ">= 1.22", true},
		{nginx, ">=1.22", true},
		{nginx, ">= 1.24", false},
		{nginx, "< 2", true},
		{nginx, ">= 1.22, < 2", true},
		{nginx, ">= 1.22, < 1.22.1", false},
		{nginx, "<= 1.22.1", true},
		{nginx, "> 1.22.1", false},
		{nginx, "> 1.22.1-8", true},
		{nginx, "< 1.22.1-9", false},
		{nginx, "<= 1.22.1-9+deb12u3", true},
		{git, ">= 3.0", false}, // the epoch does not make it newer
		{git, "< 3", true},
		{git, ">= 1:2.0", true},
		{git, ">= 2:1.0", false},
		{"2.0-1", ">= 1:1.0", false},
		{nginx, "~> 1.22", true},
		{nginx, "~> 1.22.0", true},
		{nginx, "~> 1.21.0", false},
		{nginx, "~> 1.23", false},
		{nginx, "~> 1", true},
		{"2.0-1", "~> 1.22", false},
		{"2~rc1-1", "~> 1.22", false},
		{"2~rc1-1", "< 2", true},
		{"2~rc1-1", ">= 2", false},
		{nginx, "!= 1.22.1", false},
		{nginx, "!= 1.22", true},
		{nginx, "!= 1.22.*", false},
		{"1.0-3-2", "1.0-3", true}, // a dash of upstream's
		{"1.0-3-2", "1.0-3.*", true},
		{"9", "9", true},
		{"10", "> 9", true},
	} {
		p, err := ParseConstraint(c.constraint, DpkgVersions{})
		if err != nil {
			t.Errorf("%q: %v", c.constraint, err)
			continue
		}
		if got, err := p.Allows(c.version, DpkgVersions{}); err != nil || got != c.want {
			t.Errorf("%s allows %s: got %v, %v", c.constraint, c.version, got, err)
		}
	}
}

func TestConstraintMalformed(t *testing.T) {
	for _, text := range []string{
		"", " ", ",", "1,", "latest", ">", ">= ", "=> 1.2", "=< 1", "^1.2", "~1.2", "~= 1.2", ">= 1.*", "*", "1.*.2", "1.2*", ".*",
		"1.2 1.3", "1.2-", "a:1", ":1", "v1.2", "1.2é", "1.2\n", ">= latest", "1.2_3", "9999999999:1", "1.1234567890123456789",
	} {
		if c, err := ParseConstraint(text, DpkgVersions{}); err == nil && text != "1.2\n" {
			t.Errorf("%q is read as %+v", text, c)
		}
	}
}

// The order of the library's Compare is dpkg's: it is one order, and dpkg says the same
// of all that stand next to each other in it.
func TestDpkgOrderIsDpkgs(t *testing.T) {
	versions := []string{
		"0", "1", "1.0", "1.0-0", "1.0-1", "1.0-1.1", "1.0-10", "1.0-9", "1.0~rc1", "1.0~rc1-1", "1.0~", "1.0~~", "1.0+b1", "1.0a", "1.0a1", "1.0.0",
		"1:0.1", "0:1.0", "2", "10", "9", "1.22.1-9+deb12u3", "1.22.1-9", "1.22.1-9+deb12u10", "1.09", "1.9", "1.0-1~bpo1", "1.0+dfsg-1", "1.0-a", "1.0A",
		"1.0-1-1", "2:1", "123456789012345678", "123456789012345679", "1.0-~1", "1.0-+1",
	}
	sign := func(a, b string) int {
		got, err := DpkgVersions{}.Compare(a, b)
		if err != nil {
			t.Errorf("%s and %s: %v", a, b, err)
		}
		return got
	}
	slices.SortFunc(versions, sign)
	// rank grows where the next version is a later one.
	rank := make([]int, len(versions))
	var script strings.Builder
	for i := 1; i < len(versions); i++ {
		relation := "eq"
		rank[i] = rank[i-1]
		if sign(versions[i-1], versions[i]) != 0 {
			relation = "lt"
			rank[i]++
		}
		fmt.Fprintf(&script, "dpkg --compare-versions '%s' %s '%s' || echo 'dpkg does not say %[1]s %[2]s %[3]s'\n", versions[i-1], relation, versions[i])
	}
	for i, a := range versions {
		for j, b := range versions {
			if got := sign(a, b); cmp.Compare(got, 0) != cmp.Compare(rank[i], rank[j]) {
				t.Errorf("%s and %s compare %d, and stand at %d and %d", a, b, got, rank[i], rank[j])
			}
		}
	}
	if out, err := exec.Command("sh", "-c", script.String()).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func FuzzConstraint(f *testing.F) {
	for _, s := range []string{"1.2", ">= 1, < 2", "~> 1.2.3", "1.*", "1:1-1"} {
		f.Add(s, "1:1.22.1-9")
	}
	f.Fuzz(func(t *testing.T, text, version string) {
		c, err := ParseConstraint(text, DpkgVersions{})
		if err != nil {
			return
		}
		ok, err := c.Allows(version, DpkgVersions{})
		if err != nil && ok {
			t.Errorf("%q allows %q: true and an error", text, version)
		}
	})
}
