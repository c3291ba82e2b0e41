package ssh

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// keywords are those that we read ourselves where OpenSSH's client is missing.
var keywords = []string{
	"hostname", "user", "port", "identityfile", "certificatefile", "identitiesonly", "identityagent",
	"proxyjump", "proxycommand", "userknownhostsfile", "globalknownhostsfile", "hostkeyalias",
	"stricthostkeychecking", "serveraliveinterval", "serveralivecountmax",
	"kexalgorithms", "ciphers", "macs", "hostkeyalgorithms", "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes",
}

// maxIncludes is how deeply files may include each other, as in OpenSSH.
const maxIncludes = 16

// readOurselves reads Host blocks and Include.
func readOurselves(file string, a address) (settings, error) {
	r := configReader{settings: settings{}, host: a.host}
	sources := []struct{ file, includes string }{{tilde("~/.ssh/config"), tilde("~/.ssh")}, {systemConfig, filepath.Dir(systemConfig)}}
	if file != "" {
		sources = sources[:1]
		sources[0].file = file
	}
	for _, source := range sources {
		r.includes = source.includes
		err := r.read(source.file, true, 0)
		if errors.Is(err, fs.ErrNotExist) && file == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	if name := r.settings.get("hostname"); name != "" {
		var err error
		if r.settings["hostname"][0], err = expand(name, map[byte]string{'h': a.host, '%': "%"}); err != nil {
			return nil, err
		}
	}
	return r.settings, nil
}

// A configReader collects what the files of ssh_config say about a host.
type configReader struct {
	settings settings
	host     string
	// includes is where files are included from whose names are relative.
	includes string
}

// read reads a file; active says whether its first lines are about the host.
func (r *configReader) read(file string, active bool, depth int) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		keyword, rest := splitKeyword(line)
		if keyword == "" {
			continue
		}
		if err := r.line(keyword, rest, &active, depth); err != nil {
			return fmt.Errorf("%s: line %d: %w", file, number, err)
		}
	}
	return nil
}

// line takes one line over, if it is about the host.
func (r *configReader) line(keyword, rest string, active *bool, depth int) error {
	switch keyword {
	case "match":
		return errors.New("cannot evaluate Match without OpenSSH's client, which is not installed; install it, or say ssh_config=none")
	case "host":
		patterns, err := splitWords(rest)
		*active = matchesHost(patterns, r.host)
		return err
	case "include":
		return r.include(rest, *active, depth+1)
	}
	if !*active || !slices.Contains(keywords, keyword) {
		return nil
	}
	return r.settings.take(keyword, rest)
}

// include reads the files that an Include names. One that is not there is passed over.
func (r *configReader) include(rest string, active bool, depth int) error {
	if depth > maxIncludes {
		return errors.New("files include each other too deeply")
	}
	patterns, err := splitWords(rest)
	if err != nil {
		return err
	}
	for _, pattern := range patterns {
		if pattern = tilde(pattern); !filepath.IsAbs(pattern) {
			pattern = filepath.Join(r.includes, pattern)
		}
		files, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := r.read(file, active, depth); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// take adds the value of a keyword, which is the rest of a line of ssh_config.
func (s settings) take(keyword, rest string) error {
	if keyword == "proxycommand" { // its quotes are the shell's
		s[keyword] = append(s[keyword], rest)
		return nil
	}
	words, err := splitWords(rest)
	if err != nil || len(words) == 0 {
		return err
	}
	switch _, isList := fileLists[keyword]; {
	case !isList:
		s[keyword] = append(s[keyword], words[0])
	case s[keyword] == nil:
		s[keyword] = words
	}
	return nil
}

// matchesHost reports whether the patterns of a Host line are about a host: one matches,
// and none that begins with an exclamation mark does.
func matchesHost(patterns []string, host string) bool {
	matched := false
	for _, p := range patterns {
		p, negated := strings.CutPrefix(p, "!")
		if matchesPattern(p, host) {
			if negated {
				return false
			}
			matched = true
		}
	}
	return matched
}

// matchesPattern reports whether a text matches a pattern with * and ? (ssh_config(5),
// PATTERNS).
func matchesPattern(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		pattern = strings.TrimLeft(pattern, "*")
		for i := 0; i <= len(text); i++ {
			if matchesPattern(pattern, text[i:]) {
				return true
			}
		}
		return false
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && matchesPattern(pattern[1:], text[1:])
}
