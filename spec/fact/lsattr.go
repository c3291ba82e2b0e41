package fact

import (
	"errors"
	"fmt"
	"strings"
)

// ParseLsattr reads the line that lsattr -d prints about one file, and returns
// the letters of its attributes, chattr(1), without the dashes for those it has
// not: "ie".
func ParseLsattr(stdout []byte) (string, error) {
	flags, _, ok := strings.Cut(string(stdout), " ")
	if !ok || flags == "" {
		return "", fmt.Errorf("lsattr: cannot read %.80q", stdout)
	}
	for _, c := range flags {
		if c != '-' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", fmt.Errorf("lsattr: cannot read %.80q", stdout)
		}
	}
	return strings.ReplaceAll(flags, "-", ""), nil
}

// ParseLsattrError reads what lsattr complains about one file; it writes the
// reason first: "lsattr: Operation not supported While reading flags on /proc".
func ParseLsattrError(stderr []byte) error {
	text := strings.TrimPrefix(strings.TrimSpace(string(stderr)), "lsattr: ")
	for _, after := range []string{" While reading flags on ", " while trying to stat "} {
		if reason, _, ok := strings.Cut(text, after); ok {
			return &ErrnoError{Text: reason}
		}
	}
	if text == "" {
		return errors.New("lsattr failed and did not say why")
	}
	return errors.New(text)
}
