package fact

import (
	"fmt"
	"strings"

	debversion "github.com/knqyf263/go-deb-version"
)

// Versions are the rules of one packaging system: what a version is made of, and
// which of two comes first.
type Versions interface {
	// Split cuts a version into epoch, upstream part and release, of which the
	// first and the last may be empty. What is not a version is an error.
	Split(version string) (epoch, upstream, release string, err error)
	// Join puts together what Split cuts.
	Join(epoch, upstream, release string) string
	// Compare is negative where a comes before b, and positive where it comes
	// after it.
	Compare(a, b string) (int, error)
}

// DpkgVersions are the rules of deb-version(7).
type DpkgVersions struct{}

// Split cuts [EPOCH:]UPSTREAM[-RELEASE].
func (DpkgVersions) Split(version string) (epoch, upstream, release string, err error) {
	upstream = version
	epoch, rest, hasEpoch := strings.Cut(version, ":")
	if hasEpoch {
		upstream = rest
	} else {
		epoch = ""
	}
	dash := strings.LastIndexByte(upstream, '-')
	if dash >= 0 {
		upstream, release = upstream[:dash], upstream[dash+1:]
	}
	switch {
	case version == "":
		err = fmt.Errorf("it is empty")
	case hasEpoch && (epoch == "" || len(epoch) > 9 || strings.Trim(epoch, "0123456789") != ""):
		err = fmt.Errorf("its epoch %q is not a number", epoch)
	case upstream == "" || upstream[0] < '0' || upstream[0] > '9':
		err = fmt.Errorf("it does not begin with a digit")
	case dash >= 0 && release == "":
		err = fmt.Errorf("nothing stands after its last dash")
	case longDigits(version):
		err = fmt.Errorf("a number in it is too long to compare")
	default:
		err = checkCharacters(upstream+release, ".+-~:")
	}
	if err != nil {
		return "", "", "", fmt.Errorf("%q is not a valid version of a Debian package: %w", version, err)
	}
	return epoch, upstream, release, nil
}

// Join puts together what Split cuts.
func (DpkgVersions) Join(epoch, upstream, release string) string {
	return joinEVR(epoch, upstream, release)
}

// longDigits reports whether a number stands in the text that would not fit into
// 63 bits.
func longDigits(s string) bool {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			n = 0
		} else if n++; n > 18 {
			return true
		}
	}
	return false
}

func checkCharacters(s, punctuation string) error {
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(punctuation, r)) {
			return fmt.Errorf("%q cannot stand in it", r)
		}
	}
	return nil
}

// Compare compares as dpkg --compare-versions does.
func (v DpkgVersions) Compare(a, b string) (int, error) {
	for _, version := range []string{a, b} {
		if _, _, _, err := v.Split(version); err != nil {
			return 0, err
		}
	}
	va, err := debversion.NewVersion(a)
	if err != nil {
		return 0, fmt.Errorf("%q is not a valid version of a Debian package: %w", a, err)
	}
	vb, err := debversion.NewVersion(b)
	if err != nil {
		return 0, fmt.Errorf("%q is not a valid version of a Debian package: %w", b, err)
	}
	return va.Compare(vb), nil
}

// A Constraint says which versions are wanted.
type Constraint struct {
	text  string
	terms []term
}

type term struct {
	operator string // "" is the version itself, or the prefix where wildcard
	version  string
	wildcard bool
}

// operators are those of a constraint, longer ones before those they begin with.
var operators = []string{"~>", ">=", "<=", "==", "!=", ">", "<", "="}

// ParseConstraint reads a constraint: terms joined by commas, all of which must
// hold.
//
//	1.22.1     the full version, or the upstream part of it: no epoch, no release
//	1.22.*     1.22 and what begins with 1.22 and a further component
//	>= 1.22    at least; also >, <=, <, = and !=
//	~> 1.22    at least 1.22, and 1.*; ~> 1.22.3 is at least 1.22.3, and 1.22.*
//
// Epoch and release of the version count where the term has them, too: 2:1.0-3
// satisfies "<= 1.0" and "< 2", but not "< 1:9".
func ParseConstraint(text string, rules Versions) (Constraint, error) {
	c := Constraint{text: text}
	for _, part := range strings.Split(text, ",") {
		t, err := parseTerm(strings.TrimSpace(part), rules)
		if err != nil {
			return c, fmt.Errorf("%q cannot be read as a version or a constraint such as %q: %w", text, ">= 1.22, < 2", err)
		}
		c.terms = append(c.terms, t)
	}
	return c, nil
}

func parseTerm(text string, rules Versions) (term, error) {
	t := term{version: text}
	for _, o := range operators {
		if rest, ok := strings.CutPrefix(text, o); ok {
			t.operator, t.version = o, strings.TrimSpace(rest)
			break
		}
	}
	if t.operator == "=" || t.operator == "==" {
		t.operator = ""
	}
	if t.version == "" {
		return t, fmt.Errorf("a version is missing")
	}
	version := t.version
	if bare, ok := strings.CutSuffix(version, ".*"); ok {
		if t.operator != "" && t.operator != "!=" {
			return t, fmt.Errorf("%q cannot stand before %q", t.operator, version)
		}
		t.wildcard, t.version, version = true, bare, bare
	}
	if strings.Contains(version, "*") {
		return t, fmt.Errorf("a star stands for whole components at the end alone, as in 1.22.*")
	}
	_, _, _, err := rules.Split(version)
	return t, err
}

// Allows reports whether a version satisfies the constraint.
func (c Constraint) Allows(version string, rules Versions) (bool, error) {
	for _, t := range c.terms {
		ok, err := t.allows(version, rules)
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func (t term) allows(version string, rules Versions) (bool, error) {
	switch t.operator {
	case "", "!=":
		same, err := t.same(version, rules)
		return same == (t.operator == "") && err == nil, err
	}
	epoch, upstream, release, err := rules.Split(version)
	if err != nil {
		return false, err
	}
	wantEpoch, wantUpstream, wantRelease, err := rules.Split(t.version)
	if err != nil {
		return false, err
	}
	// What the term does not say is not compared.
	if wantEpoch == "" {
		epoch = ""
	} else {
		epoch = cmpEpoch(epoch)
	}
	if wantRelease == "" {
		release = ""
	}
	order, err := rules.Compare(rules.Join(epoch, upstream, release), t.version)
	if err != nil {
		return false, err
	}
	switch t.operator {
	case ">=":
		return order >= 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	case "<":
		return order < 0, nil
	}
	// ~> lets all but the last component stand, whatever stands behind these.
	prefix := wantUpstream
	if n := len(prefix) - len(strings.TrimLeft(prefix, "0123456789.")); n > 0 {
		prefix = strings.TrimRight(prefix[:n], ".")
	}
	if dot := strings.LastIndexByte(prefix, '.'); dot >= 0 {
		prefix = prefix[:dot]
	}
	return order >= 0 && hasComponents(upstream, prefix), nil
}

func cmpEpoch(epoch string) string {
	if epoch == "" {
		return "0"
	}
	return epoch
}

// same reports whether the version is the one of the term, in full or its upstream
// part.
func (t term) same(version string, rules Versions) (bool, error) {
	if t.version == version && !t.wildcard {
		return true, nil
	}
	epoch, upstream, release, err := rules.Split(version)
	if err != nil {
		return false, err
	}
	if !t.wildcard {
		return t.version == upstream, nil
	}
	wantEpoch, wantUpstream, wantRelease, err := rules.Split(t.version)
	if err != nil {
		return false, err
	}
	if wantEpoch != "" && wantEpoch != cmpEpoch(epoch) || !hasComponents(rules.Join("", upstream, release), rules.Join("", wantUpstream, wantRelease)) {
		return false, nil
	}
	// 2.0-rc.1 begins with the components of 2.0, and comes before it.
	if wantRelease == "" {
		release = ""
	}
	order, err := rules.Compare(rules.Join("", upstream, release), rules.Join("", wantUpstream, wantRelease))
	return order >= 0, err
}

// hasComponents reports whether a version begins with the components of prefix: what
// follows begins with no letter or digit, so that 1.220 is not 1.22. A "~" comes
// before the version it follows: 2~rc1 is not 2.
func hasComponents(version, prefix string) bool {
	rest, ok := strings.CutPrefix(version, prefix)
	return ok && (rest == "" || strings.ContainsRune(".+-:_^", rune(rest[0])))
}
