package backends

import (
	"net/url"
	"path/filepath"
	"strings"
)

// AbsoluteFiles returns a target's text with absolute names in those options that name a
// file of this machine. It is for whoever hands the text on to a program that runs in
// another folder: people mean the folder they stand in.
func AbsoluteFiles(text string) (string, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	driver, _ := lookup(scheme)
	_, options := cutOptions(rest, append(CommonOptions(), driver.Options...), driver.Literal)
	if options == "" || len(driver.Files) == 0 {
		return text, nil
	}
	values, err := url.ParseQuery(options)
	if err != nil {
		return "", &URIError{Text: hideSecrets(text, nil), Reason: err.Error()}
	}
	changed := false
	for _, name := range driver.Files {
		for i, file := range values[name] {
			abs, err := AbsoluteFile(file)
			if err != nil {
				return "", err
			}
			changed = changed || abs != file
			values[name][i] = abs
		}
	}
	if !changed {
		return text, nil
	}
	return strings.TrimSuffix(text, options) + values.Encode(), nil
}

// AbsoluteFile makes the name of a file absolute, unless it stands for no file at all, as
// the word "none" does, or for one in a home directory, as ~ does.
func AbsoluteFile(file string) (string, error) {
	if file == "" || file == "none" || strings.HasPrefix(file, "~") || filepath.IsAbs(file) {
		return file, nil
	}
	return filepath.Abs(file)
}
