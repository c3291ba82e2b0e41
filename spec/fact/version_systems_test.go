package fact

import (
	"slices"
	"strings"
	"testing"
)

// The rules of constraints are the same everywhere; here is where systems differ.
func TestConstraintBySystem(t *testing.T) {
	for _, c := range []struct {
		rules               Versions
		version             string
		allowed, disallowed []string
	}{
		{RPMVersions{}, "1:2.4.6-97.el7",
			[]string{"2.4.6", "1:2.4.6-97.el7", "2.4.*", "1:2.*", "2.4.6-97.*", ">= 2.4.6", "<= 2.4.6-97.el7", "> 2.4.6-96.el7", "< 1:3", "~> 2.4.0", "!= 2.4", "> 2.4.6~rc1", "< 2.4.6^git1"},
			[]string{"2.4", "2.4.6-97", "2:2.4.*", "> 2.4.6", ">= 2.4.6-98", "< 1:2.4.6-97.el7", "~> 2.3.0", ">= 2.4.6^git1", "2.4.60.*"}},
		{RPMVersions{}, "3.11~rc2-1", []string{"3.11~rc2", "< 3.11", "> 3.11~rc1", ">= 3.10", "~> 3.10"}, []string{"3.11", "3.11.*", ">= 3.11", "~> 3.11"}},
		{RPMVersions{}, "5.6.1^2024git-5", []string{"> 5.6.1", "< 5.6.1.1", "5.6.*", "5.6.1.*"}, []string{"5.6.1", "<= 5.6.1"}},
		{RPMVersions{}, "r2.0-1", []string{"r2.0", "> r1.2", "~> r2.0"}, []string{"~> r1.2", "< r2"}},
		{PacmanVersions{}, "2:9.1.r12-1", []string{"9.1.r12", "2:9.1.r12-1", "9.1.*", ">= 2:9", "< 10", "> 9.1", "~> 9.0"}, []string{"9.1", "< 2:9", "1:9.*"}},
		{PacmanVersions{}, "1.0rc1-1", []string{"< 1.0", "> 1.0beta"}, []string{"1.0", "1.0.*", ">= 1.0"}},
		{APKVersions{}, "1.24.0_rc1-r15",
			[]string{"1.24.0_rc1", "1.24.0_rc1-r15", "1.24.*", "< 1.24.0", "> 1.24.0_beta9", "> 1.24.0_rc1-r9", "~> 1.23"}, []string{"1.24.0", "1.24.0.*", ">= 1.24.0", "> 1.24.0_rc1"}},
		{APKVersions{}, "1.2.4_p1-r0", []string{"> 1.2.4", "< 1.2.4a", "1.2.4.*", "1.2.*"}, []string{"1.2.4", "<= 1.2.4"}},
		{PipVersions{}, "2.0.dev3", []string{"2.0.dev3", "< 2.0", "> 1.9"}, []string{"2.0", "2.0.*", "2.*", ">= 2.0a1"}},
		{PipVersions{}, "1!2.1.0+cu118", []string{"2.1.0", "1!2.1.0+cu118", "2.1.*", "<= 2.1.0", "> 1!1", "~> 2.1.0"}, []string{"2.1", "> 2.1.0", "> 2!1"}},
		{GemVersions{}, "10.0.0.rc1", []string{"10.0.0.rc1", "< 10", "> 9.9"}, []string{"10.0.0", "10.0.0.*", ">= 10", "~> 10.0"}},
		{GemVersions{}, "2.10.0", []string{"2.*", "~> 2.9", "~> 2.10.0.rc1", ">= 2.10.0.rc1"}, []string{"2.10", "2.1.*", "~> 2.9.0"}},
		{NPMVersions{}, "5.0.0-rc.1", []string{"5.0.0-rc.1", "< 5", "< 5.0", "> 5.0.0-beta.9", ">= 4.9"}, []string{"5.0.0", "5.*", "5.0.0.*", ">= 5", "~> 5.0"}},
		{NPMVersions{}, "1.3.0+b7", []string{"1.3.0", "1.3.0+b7", "1.3.*", "~> 1.2", "~> 1.3.0-rc.1", "<= 1.3.0"}, []string{"1.3", "1.3.0+b8", "> 1.3"}},
	} {
		for _, text := range append(slices.Clone(c.allowed), c.disallowed...) {
			constraint, err := ParseConstraint(text, c.rules)
			if err != nil {
				t.Errorf("%T: %v", c.rules, err)
				continue
			}
			if got, err := constraint.Allows(c.version, c.rules); err != nil || got != slices.Contains(c.allowed, text) {
				t.Errorf("%T: %s allows %s: got %v, %v", c.rules, text, c.version, got, err)
			}
		}
	}
}

func TestConstraintMalformedBySystem(t *testing.T) {
	for _, rules := range []Versions{RPMVersions{}, PacmanVersions{}, APKVersions{}, PipVersions{}, GemVersions{}, NPMVersions{}, CPANVersions{}} {
		for _, text := range []string{"", "latest", ">= latest", "1.2 3", "=> 1", "*", "1.*.2", ">= 1.*", "^1.2", "~1.2", "1.2é", ":1", "!1", "1:", "1.2-", "-1", "1 || 2"} {
			if c, err := ParseConstraint(text, rules); err == nil {
				t.Errorf("%T: %q is read as %+v", rules, text, c)
			}
		}
	}
}

// No apk is at hand to ask: this is what apk-package(5) says of the order.
func TestAPKOrder(t *testing.T) {
	order := strings.Fields("0.9 1.0_alpha 1.0_alpha2 1.0_alpha10 1.0_beta 1.0_pre 1.0_rc 1.0_rc1-r0 1.0_rc1-r1 1.0 1.0-r1 1.0-r10 1.0~1234 1.0~2345-r0 1.0_cvs 1.0_svn 1.0_git1 1.0_hg " +
		"1.0_p_rc1 1.0_p 1.0_p1 1.0a 1.0b 1.0.01 1.0.02 1.0.1 1.0.9 1.0.10 1.1 1.10 2 10")
	for i, a := range order {
		for j, b := range order {
			got, err := APKVersions{}.Compare(a, b)
			if err != nil || (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s and %s compare %d, %v", a, b, got, err)
			}
		}
	}
	for _, bad := range strings.Fields("0.1bc 0.1a1 0.1a.1 0.1_pre2~ 0.1_foobar 0.1-pre1 0.1-r 0.1-r2_pre1 .1 a 0.1__alpha 1:2 1.0-1") {
		if _, _, _, err := (APKVersions{}).Split(bad); err == nil {
			t.Errorf("%s is taken for a version", bad)
		}
	}
}

// What is split can be put together again, and any two versions compare both ways
// alike.
func FuzzVersions(f *testing.F) {
	all := []Versions{DpkgVersions{}, RPMVersions{}, PacmanVersions{}, APKVersions{}, PipVersions{}, GemVersions{}, NPMVersions{}, CPANVersions{}}
	for i, v := range []string{"1:1.0-1", "1.0~rc1^git-1", "1.0.a-1", "1.0_rc1-r1", "1!1.0rc1+x", "1.0.rc1", "1.0.0-rc.1+b"} {
		f.Add(i, v, "1.0")
	}
	f.Fuzz(func(t *testing.T, i int, a, b string) {
		rules := all[uint(i)%uint(len(all))]
		epoch, upstream, release, err := rules.Split(a)
		if err != nil {
			return
		}
		if got := rules.Join(epoch, upstream, release); got != a {
			t.Errorf("%T: %q is put together as %q", rules, a, got)
		}
		if there, err := rules.Compare(a, a); err != nil || there != 0 {
			t.Errorf("%T: %q compares with itself %d, %v", rules, a, there, err)
		}
		there, err1 := rules.Compare(a, b)
		back, err2 := rules.Compare(b, a)
		if (err1 == nil) != (err2 == nil) || (there < 0) != (back > 0) || (there > 0) != (back < 0) {
			t.Errorf("%T: %q and %q compare %d, %v and back %d, %v", rules, a, b, there, err1, back, err2)
		}
	})
}
