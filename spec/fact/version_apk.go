package fact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// APKVersions are the rules of apk-package(5):
//
//	NUMBER{.NUMBER}[LETTER]{_SUFFIX[NUMBER]}[~HASH][-rNUMBER]
//
// in the order 1.0_alpha < 1.0_beta < 1.0_pre < 1.0_rc < 1.0 < 1.0-r1 < 1.0_cvs <
// 1.0_svn < 1.0_git < 1.0_hg < 1.0_p < 1.0a < 1.0.1.
type APKVersions struct{}

// apkSuffixes in their order; the empty one stands for none.
var apkSuffixes = []string{"alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"}

var (
	apkVersion = pattern(`^([0-9]+(?:\.[0-9]+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*)(~[0-9a-f]+)?(?:-r([0-9]+))?$`)
	apkSuffix  = pattern(`_([a-z]+)([0-9]*)`)
)

// Split cuts VERSION[-rRELEASE]; the release keeps its "r". There are no epochs.
func (APKVersions) Split(version string) (epoch, upstream, release string, err error) {
	m := apkVersion().FindStringSubmatch(version)
	if m == nil {
		return "", "", "", fmt.Errorf("%q is not a valid version of an apk package", version)
	}
	upstream, release, _ = strings.Cut(version, "-")
	return "", upstream, release, nil
}

// Join puts together what Split cuts.
func (APKVersions) Join(_, upstream, release string) string { return joinEVR("", upstream, release) }

// Compare compares as apk version -t does.
func (APKVersions) Compare(a, b string) (int, error) {
	partsA, partsB := apkVersion().FindStringSubmatch(a), apkVersion().FindStringSubmatch(b)
	for i, parts := range [][]string{partsA, partsB} {
		if parts == nil {
			return 0, fmt.Errorf("%q is not a valid version of an apk package", []string{a, b}[i])
		}
	}
	return cmp.Or(
		apkNumbers(strings.Split(partsA[1], "."), strings.Split(partsB[1], ".")),
		strings.Compare(partsA[2], partsB[2]),
		apkCompareSuffixes(apkSuffix().FindAllStringSubmatch(partsA[3], -1), apkSuffix().FindAllStringSubmatch(partsB[3], -1)),
		strings.Compare(partsA[4], partsB[4]),
		compareNumbers(partsA[5], partsB[5]),
	), nil
}

// apkNumbers compares components. One after the first with a zero in front is
// compared as the digits of a fraction: 1.05 comes before 1.1 and after 1.01.
func apkNumbers(a, b []string) int {
	for i := range min(len(a), len(b)) {
		order := compareNumbers(a[i], b[i])
		if i > 0 && (strings.HasPrefix(a[i], "0") || strings.HasPrefix(b[i], "0")) {
			order = strings.Compare(a[i], b[i])
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(len(a), len(b))
}

func apkCompareSuffixes(a, b [][]string) int {
	none := []string{"", "", ""}
	for i := range max(len(a), len(b)) {
		suffixA, suffixB := none, none
		if i < len(a) {
			suffixA = a[i]
		}
		if i < len(b) {
			suffixB = b[i]
		}
		order := cmp.Or(
			cmp.Compare(slices.Index(apkSuffixes, suffixA[1]), slices.Index(apkSuffixes, suffixB[1])),
			compareNumbers(suffixA[2], suffixB[2]))
		if order != 0 {
			return order
		}
	}
	return 0
}
