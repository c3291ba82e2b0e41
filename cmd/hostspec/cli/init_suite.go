package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hostspec/hostspec/spec/loop"
)

// suite is the file with a suite in it, for `hostspec init --suite`. One that is
// there already is somebody's: its text stays as it is, and they get what is to
// be pasted.
func (s *site) suite(name string) ([]newFile, error) {
	if err := loop.CheckName(name); err != nil {
		return nil, fmt.Errorf("--suite: %w", err)
	}
	suite, err := s.suiteText(name)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(filepath.Dir(s.spec), loop.ConfigName)
	if _, err := os.Lstat(file); err == nil {
		if config, err := loop.Load(file); err == nil {
			if _, err := config.Select(name); err == nil {
				return nil, fmt.Errorf("%s has a suite %s already; nothing was written", s.short(file), name)
			}
		}
		return nil, fmt.Errorf("%s is there already and is not changed; nothing was written. To add the suite, paste this at its end:\n\n%s", s.short(file), suite)
	}
	text, err := skeleton.ReadFile("skeleton/hostspec.yaml.txt")
	if err != nil {
		return nil, err
	}
	return []newFile{{file, strings.Replace(string(text), "@SUITE@\n", suite, 1)}}, nil
}

// suiteText is one suite, as it stands in the file.
func (s *site) suiteText(name string) (string, error) {
	text, err := skeleton.ReadFile("skeleton/suite.yaml.txt")
	if err != nil {
		return "", err
	}
	specs := "./spec/..."
	if info, err := os.Stat(filepath.Join(s.spec, name)); err == nil && info.IsDir() {
		specs = "./spec/" + name
	}
	return strings.NewReplacer("@NAME@", name, "@SPECS@", specs, "@IMAGE@", imageName(name)).Replace(string(text)), nil
}

// imageName makes the name of an image out of that of a suite: lower case, with
// single separators, none at the end.
func imageName(suite string) string {
	words := strings.FieldsFunc(strings.ToLower(suite), func(r rune) bool { return strings.ContainsRune("._-", r) })
	return strings.Join(words, "-")
}

// writeSuite writes the file beside specs that are there.
func (s *site) writeSuite(c *console, name string, files []newFile) error {
	if err := writeNew(files); err != nil {
		return &exitError{exitUsage, err}
	}
	for _, f := range files {
		fmt.Fprintln(c.stdout, "wrote", s.short(f.name))
	}
	_, err := fmt.Fprintf(c.stdout, "\nsay in it what converges, then try: hostspec tdd %s\n", name)
	return err
}
