package fact

import (
	"slices"
	"strings"
)

// DpkgListed returns what dpkg-query -W prints of the packages in /var/lib/dpkg/status, in
// its order, as long as nothing else of the database tells more: all but those of which
// nothing is there. It is false where that might be anything else, or an error: where a
// package is being installed, has triggers to run, or is there for several architectures,
// and of what dpkg(1) would not have written. What other fields say, such as a dependency that is not valid, is not known
// here. The packages are sorted and cut in place.
func DpkgListed(all []Package) ([]Package, bool) {
	slices.SortFunc(all, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	listed := all[:0]
	for i, p := range all {
		want, flag, state, ok := dpkgStatus(p.Status)
		switch {
		case !ok, flag != "ok", !slices.Contains(dpkgWants, want), !spelled(p.Name, lower, "+.-"), i+1 < len(all) && all[i+1].Name == p.Name:
			return nil, false
		case state == "not-installed" && p.Version == "" && (p.Architecture == "" || spelled(p.Architecture, lower, "-")):
		case state != "installed" && state != "config-files" && state != "not-installed", !spelled(p.Architecture, lower, "-"), !plainDpkgVersion(p.Version):
			return nil, false
		case state != "not-installed":
			listed = append(listed, p)
		}
	}
	return listed, true
}

// dpkgWants are the first words of a Status.
var dpkgWants = []string{"unknown", "install", "hold", "deinstall", "purge"}

// What names of dpkg begin with.
const (
	digits = "0123456789"
	lower  = digits + "abcdefghijklmnopqrstuvwxyz"
	letter = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// spelled reports whether a text begins with one of some characters, and goes on with
// these or with others.
func spelled(text, first, later string) bool {
	for i := range len(text) {
		if strings.IndexByte(first, text[i]) < 0 && (i == 0 || strings.IndexByte(later, text[i]) < 0) {
			return false
		}
	}
	return text != ""
}

// plainDpkgVersion reports whether dpkg(1) prints a version as it is written here. It
// leaves out an epoch of 0, and a revision of nothing.
func plainDpkgVersion(version string) bool {
	epoch, rest, ok := strings.Cut(version, ":")
	if !ok {
		epoch, rest = "1", version
	}
	return spelled(epoch, digits, "") && epoch[0] != '0' && len(epoch) < 10 &&
		spelled(rest, letter, ".+~-") && strings.IndexByte(digits, rest[0]) >= 0 && !strings.HasSuffix(rest, "-")
}
