package fact

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// ParseChecksum reads the line that sha256sum(1), md5sum(1) and their like print
// about one file, and returns the checksum of size bytes in lower-case
// hexadecimal digits. A backslash before it says that the file's name, which is
// passed over, was escaped.
func ParseChecksum(stdout []byte, size int) (string, error) {
	sum, _, _ := strings.Cut(strings.TrimPrefix(string(stdout), `\`), " ")
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) != size {
		return "", fmt.Errorf("cannot read the checksum %.80q", stdout)
	}
	return hex.EncodeToString(b), nil
}
