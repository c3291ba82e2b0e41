package fact

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	pep440 "github.com/aquasecurity/go-pep440-version"
)

// PipVersions are the rules of PEP 440: [EPOCH!]VERSION[+LOCAL], where LOCAL
// stands for the release, and pre-releases such as 2.0rc1 and 2.0.dev3 come
// before 2.0.
type PipVersions struct{}

// Split cuts [EPOCH!]VERSION[+LOCAL].
func (PipVersions) Split(version string) (epoch, upstream, release string, err error) {
	if _, err := pep440.Parse(version); err != nil || version != strings.TrimSpace(version) {
		return "", "", "", fmt.Errorf("%q is not a valid version of a Python package", version)
	}
	epoch, upstream, ok := strings.Cut(version, "!")
	if !ok {
		epoch, upstream = "", version
	}
	upstream, release, _ = strings.Cut(upstream, "+")
	return epoch, upstream, release, nil
}

// Join puts together what Split cuts.
func (PipVersions) Join(epoch, upstream, release string) string {
	if epoch != "" {
		upstream = epoch + "!" + upstream
	}
	if release != "" {
		upstream += "+" + release
	}
	return upstream
}

// Compare compares as packaging.version does.
func (PipVersions) Compare(a, b string) (int, error) {
	va, err := pep440.Parse(a)
	if err != nil {
		return 0, fmt.Errorf("%q is not a valid version of a Python package: %w", a, err)
	}
	vb, err := pep440.Parse(b)
	if err != nil {
		return 0, fmt.Errorf("%q is not a valid version of a Python package: %w", b, err)
	}
	return va.Compare(vb), nil
}

// GemVersions are the rules of Gem::Version: components of digits or letters,
// where letters come before digits and before the end, so that 2.0.rc1 comes
// before 2.0.
type GemVersions struct{}

var (
	gemVersion = pattern(`^[0-9]+(\.[0-9a-zA-Z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)
	gemSegment = pattern(`[0-9]+|[a-zA-Z]+`)
)

// Split takes all of the version for the upstream part; gems have nothing else.
func (GemVersions) Split(version string) (epoch, upstream, release string, err error) {
	if !gemVersion().MatchString(version) {
		return "", "", "", fmt.Errorf("%q is not a valid version of a gem", version)
	}
	return "", version, "", nil
}

// Join puts together what Split cuts.
func (GemVersions) Join(_, upstream, _ string) string { return upstream }

// Compare compares as Gem::Version does.
func (v GemVersions) Compare(a, b string) (int, error) {
	for _, version := range []string{a, b} {
		if _, _, _, err := v.Split(version); err != nil {
			return 0, err
		}
	}
	segmentsA, segmentsB := gemSegments(a), gemSegments(b)
	for i := range max(len(segmentsA), len(segmentsB)) {
		segmentA, segmentB := "0", "0"
		if i < len(segmentsA) {
			segmentA = segmentsA[i]
		}
		if i < len(segmentsB) {
			segmentB = segmentsB[i]
		}
		order := 0
		switch letterA, letterB := isLetter(segmentA[0]), isLetter(segmentB[0]); {
		case letterA && !letterB:
			order = -1
		case letterB && !letterA:
			order = 1
		case letterA:
			order = strings.Compare(segmentA, segmentB)
		default:
			order = compareNumbers(segmentA, segmentB)
		}
		if order != 0 {
			return order, nil
		}
	}
	return 0, nil
}

// gemSegments are the segments of a version without the zeros that do not count:
// those at the end, and those before the first letters.
func gemSegments(version string) []string {
	all := gemSegment().FindAllString(strings.ReplaceAll(version, "-", ".pre."), -1)
	letters := len(all)
	for i, s := range all {
		if isLetter(s[0]) {
			letters = i
			break
		}
	}
	return append(withoutZeros(all[:letters:letters]), withoutZeros(all[letters:])...)
}

func withoutZeros(segments []string) []string {
	for len(segments) > 0 && strings.Trim(segments[len(segments)-1], "0") == "" {
		segments = segments[:len(segments)-1]
	}
	return segments
}

// NPMVersions are the rules of Semantic Versioning: MAJOR.MINOR.PATCH, where
// 2.0.0-rc.1 comes before 2.0.0, and what follows a "+" does not count. In a
// constraint, MINOR and PATCH may be missing.
type NPMVersions struct{}

// Split cuts VERSION[+BUILD]. A pre-release belongs to VERSION.
func (NPMVersions) Split(version string) (epoch, upstream, release string, err error) {
	if _, err := npmVersion(version); err != nil {
		return "", "", "", err
	}
	upstream, release, _ = strings.Cut(version, "+")
	return "", upstream, release, nil
}

func npmVersion(version string) (*semver.Version, error) {
	if version == "" || !isDigit(version[0]) { // a "v" is not part of it
		return nil, fmt.Errorf("%q is not a valid version of an npm package", version)
	}
	v, err := semver.NewVersion(version)
	if err != nil {
		return nil, fmt.Errorf("%q is not a valid version of an npm package: %w", version, err)
	}
	return v, nil
}

// Join puts together what Split cuts.
func (NPMVersions) Join(_, upstream, release string) string {
	if release != "" {
		upstream += "+" + release
	}
	return upstream
}

// Compare compares as semver.org says.
func (NPMVersions) Compare(a, b string) (int, error) {
	va, errA := npmVersion(a)
	vb, errB := npmVersion(b)
	if err := cmp.Or(errA, errB); err != nil {
		return 0, err
	}
	return va.Compare(vb), nil
}
