package fact

import (
	"errors"
	"io/fs"
	"strings"
)

// An ErrnoError is why a tool on the target could not do something with a file,
// as strerror(3) says it in the C locale. errors.Is finds fs.ErrNotExist (also
// for a path below something that is not a directory) and fs.ErrPermission.
type ErrnoError struct {
	// Text is in the words of the target: "No such file or directory".
	Text string
}

func (e *ErrnoError) Error() string { return e.Text }

// Is implements errors.Is for the errors of io/fs.
func (e *ErrnoError) Is(target error) bool {
	switch e.Text {
	case "No such file or directory", "Not a directory":
		return target == fs.ErrNotExist
	case "Permission denied", "Operation not permitted":
		return target == fs.ErrPermission
	}
	return false
}

// ParseErrno takes the reason off the end of what a tool complained about one
// file: tools write it after the last ": ", behind a name that may hold anything.
// Of several lines the last one counts.
func ParseErrno(stderr []byte) error {
	text := strings.TrimRight(string(stderr), "\n")
	if text == "" {
		return errors.New("it failed and did not say why")
	}
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return &ErrnoError{Text: text}
}
