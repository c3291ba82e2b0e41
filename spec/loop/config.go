package loop

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ConfigName is the name of the file in which a repository names its suites. It
// is looked for in the current folder alone.
const ConfigName = "hostspec.yaml"

// A Config is what stands in a hostspec.yaml.
type Config struct {
	// File is its name, as it was given to Load.
	File string
	// Suites in the order of the file; at least one.
	Suites []*Suite
}

// A Suite is one starting point, one way to converge from there, and the specs
// that are to hold then.
type Suite struct {
	Name string
	// Exactly one of these is set: an image's reference, the absolute name of a
	// Dockerfile, or a target's URI.
	Image, Dockerfile, Target string
	// Systemd says that systemd is to run as PID 1, and not a plain process that
	// waits.
	Systemd bool
	// Mounts in the order of the file; none where there is a Target.
	Mounts []Mount
	// Env is the environment of converge.
	Env []Variable
	// Converge are the commands, one after another; none where the file has no
	// such key, as with a Dockerfile that does it all.
	Converge []Converge
	// Specs are what to run, as `hostspec run` takes it, with absolute folders;
	// at least one.
	Specs []string
	// Ignore are patterns of absolute paths whose changes are of no interest.
	Ignore []string
	// Promote is the tag for the image that was tested, empty for none.
	Promote string
}

// A Mount is a file or a folder of this machine that the container sees.
type Mount struct {
	// Source is absolute and exists; Destination is absolute.
	Source, Destination string
}

// A Variable is one of the environment.
type Variable struct{ Name, Value string }

// A Converge is a command that brings the target to its wanted state.
type Converge struct {
	// Run is a line, or several, for sh.
	Run string
	// Here says that it runs on this side, and not on the target.
	Here bool
	// Accept are the exit codes of success; empty for what is usual with the tool, see
	// fact.ReadConverge.
	Accept []int
	// Timeout is how long it may take; 0 where the file does not say.
	Timeout time.Duration
	// Passes is how often it runs, one after another, at least 1.
	Passes int
}

// A ConfigError is what is wrong at one place of a file.
type ConfigError struct {
	File string
	// Line and Column count from 1; Column is 0 where it is not known.
	Line, Column int
	Err          error
}

// Error begins with the place, as compilers do.
func (e *ConfigError) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err)
}

// Unwrap gives what is wrong without the place.
func (e *ConfigError) Unwrap() error { return e.Err }

// maxConfig is how large a hostspec.yaml may be.
const maxConfig = 1 << 20

// Load reads a hostspec.yaml (YAML 1.2, one document, without aliases) and
// checks all that can be checked without a target: also that the files and
// folders it names are there. Relative ones are relative to the folder of the
// file. What is wrong is told all at once, as *ConfigError joined by errors.Join;
// a file that is not there is fs.ErrNotExist.
func Load(name string) (*Config, error) {
	text, err := readConfig(name)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	r := &reader{file: name, dir: dir}
	config := r.parse(text)
	r.checkFiles()
	if err := r.problems(); err != nil {
		return nil, err
	}
	return config, nil
}

func readConfig(name string) ([]byte, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		advice := "`hostspec init --suite NAME` writes one"
		if other, ok := strings.CutSuffix(name, ".yaml"); ok {
			if _, err := os.Stat(other + ".yml"); err == nil {
				advice = fmt.Sprintf("%s.yml is; rename it, or name it by --config", other)
			}
		}
		return nil, fmt.Errorf("%s is not there (%w); %s", name, fs.ErrNotExist, advice)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the suites: %w", err)
	}
	defer f.Close() // only read from
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the suites: %w", err)
	}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("%s is larger than 1 MiB, which no file of suites is", name)
	}
	return text, nil
}

// Select finds suites by their names, in the order of the names; all where there
// are none. An unknown name is an error with the nearest one that is there.
func (c *Config) Select(names ...string) ([]*Suite, error) {
	if len(names) == 0 {
		return c.Suites, nil
	}
	var known []string
	byName := map[string]*Suite{}
	for _, s := range c.Suites {
		known = append(known, s.Name)
		byName[s.Name] = s
	}
	var found []*Suite
	taken := map[string]bool{}
	for _, name := range names {
		switch {
		case byName[name] == nil:
			return nil, fmt.Errorf("%s has no suite %q; %s", c.File, name, nearest(name, known))
		case taken[name]:
			return nil, fmt.Errorf("suite %q is named twice", name)
		}
		taken[name] = true
		found = append(found, byName[name])
	}
	return found, nil
}
