package fact

import (
	"cmp"
	"strings"
)

// PacmanVersions are the rules of vercmp(8): [EPOCH:]VERSION[-RELEASE], in the
// order 1.0a < 1.0b < 1.0beta < 1.0rc < 1.0 < 1.0.a < 1.0.1.
type PacmanVersions struct{}

// Split cuts [EPOCH:]VERSION[-RELEASE]. Neither of the latter holds a dash.
func (PacmanVersions) Split(version string) (epoch, upstream, release string, err error) {
	return splitEVR("a pacman package", version, "._+~^@")
}

// Join puts together what Split cuts.
func (PacmanVersions) Join(epoch, upstream, release string) string {
	return joinEVR(epoch, upstream, release)
}

// Compare compares as vercmp(8) does. A release counts where both have one.
func (v PacmanVersions) Compare(a, b string) (int, error) {
	epochA, versionA, releaseA, err := v.Split(a)
	if err != nil {
		return 0, err
	}
	epochB, versionB, releaseB, err := v.Split(b)
	if err != nil {
		return 0, err
	}
	order := cmp.Or(compareNumbers(epochA, epochB), alpmCompare(versionA, versionB))
	if order == 0 && releaseA != "" && releaseB != "" {
		order = alpmCompare(releaseA, releaseB)
	}
	return order, nil
}

// alpmCompare compares segments of letters and of digits, as libalpm does. Where
// they are parted by unlike numbers of other characters, the longer gap is newer.
func alpmCompare(a, b string) int {
	for a != "" && b != "" {
		restA, restB := strings.TrimLeftFunc(a, isSeparator), strings.TrimLeftFunc(b, isSeparator)
		gapA, gapB := len(a)-len(restA), len(b)-len(restB)
		a, b = restA, restB
		if a == "" || b == "" {
			break
		}
		if gapA != gapB {
			return cmp.Compare(gapA, gapB)
		}
		segmentA, segmentB := segment(a), segment(b)
		a, b = a[len(segmentA):], b[len(segmentB):]
		switch numberA, numberB := isDigit(segmentA[0]), isDigit(segmentB[0]); {
		case numberA && !numberB:
			return 1
		case numberB && !numberA:
			return -1
		case numberA:
			if order := compareNumbers(segmentA, segmentB); order != 0 {
				return order
			}
		default:
			if order := strings.Compare(segmentA, segmentB); order != 0 {
				return order
			}
		}
	}
	// What is left is newer, but for letters: 1.0 comes after 1.0beta and before 1.0.a.
	switch {
	case a == "" && b == "":
		return 0
	case a == "":
		if isLetter(b[0]) {
			return 1
		}
		return -1
	case isLetter(a[0]):
		return -1
	}
	return 1
}

// compareNumbers compares decimal numbers of any length; an empty one is 0.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// segment is what s begins with of digits alone or of letters alone.
func segment(s string) string {
	same := isLetter
	if isDigit(s[0]) {
		same = isDigit
	}
	n := 0
	for n < len(s) && same(s[n]) {
		n++
	}
	return s[:n]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isSeparator(r rune) bool { return r > 127 || !isDigit(byte(r)) && !isLetter(byte(r)) }
