package fact

import (
	"fmt"
	"strings"

	rpmversion "github.com/knqyf263/go-rpm-version"
)

// RPMVersions are the rules of rpm-version(7): [EPOCH:]VERSION[-RELEASE], where
// "~" comes before anything, even the end, and "^" after the end and before
// anything else.
type RPMVersions struct{}

// Split cuts [EPOCH:]VERSION[-RELEASE]. Neither of the latter holds a dash.
func (RPMVersions) Split(version string) (epoch, upstream, release string, err error) {
	return splitEVR("an rpm package", version, "._+~^")
}

// Join puts together what Split cuts.
func (RPMVersions) Join(epoch, upstream, release string) string {
	return joinEVR(epoch, upstream, release)
}

// Compare compares as rpm does, the epochs first. No epoch is epoch 0.
func (v RPMVersions) Compare(a, b string) (int, error) {
	for _, version := range []string{a, b} {
		if _, _, _, err := v.Split(version); err != nil {
			return 0, err
		}
	}
	return rpmversion.NewVersion(a).Compare(rpmversion.NewVersion(b)), nil
}

// splitEVR cuts [EPOCH:]VERSION[-RELEASE] as rpm and pacman write it.
func splitEVR(what, version, punctuation string) (epoch, upstream, release string, err error) {
	upstream = version
	epoch, rest, hasEpoch := strings.Cut(version, ":")
	if hasEpoch {
		upstream = rest
	} else {
		epoch = ""
	}
	upstream, release, hasRelease := strings.Cut(upstream, "-")
	switch {
	case version == "":
		err = fmt.Errorf("it is empty")
	case hasEpoch && (epoch == "" || len(epoch) > 9 || strings.Trim(epoch, "0123456789") != ""):
		err = fmt.Errorf("its epoch %q is not a number", epoch)
	case !strings.ContainsAny(upstream, "0123456789"):
		err = fmt.Errorf("there is no digit in it")
	case strings.IndexByte("._+~^@", upstream[0]) >= 0:
		err = fmt.Errorf("it begins with %q", upstream[0])
	case hasRelease && release == "":
		err = fmt.Errorf("nothing stands after its dash")
	default:
		err = checkCharacters(upstream+release, punctuation)
	}
	if err != nil {
		return "", "", "", fmt.Errorf("%q is not a valid version of %s: %w", version, what, err)
	}
	return epoch, upstream, release, nil
}

// joinEVR is [EPOCH:]VERSION[-RELEASE], as dpkg, rpm and pacman write it.
func joinEVR(epoch, upstream, release string) string {
	if epoch != "" {
		upstream = epoch + ":" + upstream
	}
	if release != "" {
		upstream += "-" + release
	}
	return upstream
}
