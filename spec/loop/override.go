package loop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/distribution/reference"

	"github.com/hostspec/hostspec/backends"
)

// An Override replaces parts of a suite, as flags do. What is empty replaces nothing.
type Override struct {
	Image, Dockerfile, Target string
	Boot                      string
	// Mount are SRC:DST, Env NAME=VALUE; relative names are relative to the working
	// directory.
	Mount, Env              []string
	Converge, Specs, Ignore []string
	Promote                 string
}

// Apply changes the suite. The errors are those of a flag with its value.
func (o Override) Apply(s *Suite) error {
	if o.Image != "" || o.Dockerfile != "" || o.Target != "" {
		if one(o.Image)+one(o.Dockerfile)+one(o.Target) > 1 {
			return errors.New("--image, --dockerfile and --target contradict each other")
		}
		if err := o.check(); err != nil {
			return err
		}
		s.Image, s.Dockerfile, s.Target = o.Image, "", o.Target
		if o.Dockerfile != "" {
			abs, err := filepath.Abs(o.Dockerfile)
			if err != nil {
				return err
			}
			s.Dockerfile = abs
		}
	}
	switch o.Boot {
	case "":
	case "systemd":
		s.Systemd = true
	default:
		return fmt.Errorf("--boot %s: want systemd", o.Boot)
	}
	if err := o.lists(s); err != nil {
		return err
	}
	if o.Promote != "" {
		if _, err := reference.ParseNormalizedNamed(o.Promote); err != nil {
			return fmt.Errorf("--promote %s: %w; want a tag such as registry.example/web:tested", o.Promote, err)
		}
		s.Promote = o.Promote
	}
	if s.Target != "" {
		switch {
		case o.Promote != "":
			return fmt.Errorf("--promote is for containers, and %s is there already", s.Target)
		case o.Boot != "":
			return fmt.Errorf("--boot is for containers, and %s is there already", s.Target)
		case len(o.Mount) > 0:
			return fmt.Errorf("--mount is for containers, and %s is there already", s.Target)
		}
		s.Systemd, s.Mounts, s.Promote = false, nil, ""
	}
	if len(s.Specs) == 0 {
		return errors.New("no specs were named; --specs ./spec/... says what to run")
	}
	return nil
}

// check checks what the suite is to begin with.
func (o Override) check() error {
	if o.Image != "" {
		if _, err := reference.ParseAnyReference(o.Image); err != nil {
			return fmt.Errorf("--image %s: %w; want one such as debian:bookworm", o.Image, err)
		}
	}
	if o.Dockerfile != "" {
		if info, err := os.Stat(o.Dockerfile); err != nil || info.IsDir() {
			return fmt.Errorf("--dockerfile %s: there is no such file", o.Dockerfile)
		}
	}
	if o.Target != "" {
		if _, err := backends.Parse(o.Target); err != nil {
			return fmt.Errorf("--target: %w", err)
		}
	}
	return nil
}

func one(s string) int {
	if s == "" {
		return 0
	}
	return 1
}

func (o Override) lists(s *Suite) error {
	if len(o.Mount) > 0 {
		s.Mounts = nil
	}
	for _, text := range o.Mount {
		source, destination, ok := strings.Cut(text, ":")
		if !ok || !filepath.IsAbs(destination) {
			return fmt.Errorf("--mount %s: want SRC:DST, and DST absolute", text)
		}
		source, err := filepath.Abs(source)
		if err != nil {
			return err
		}
		if _, err := os.Stat(source); err != nil {
			return fmt.Errorf("--mount %s: %w", text, err)
		}
		s.Mounts = append(s.Mounts, Mount{source, destination})
	}
	if len(o.Env) > 0 {
		s.Env = nil
	}
	for _, text := range o.Env {
		name, value, ok := strings.Cut(text, "=")
		if !ok || !variableName.MatchString(name) {
			return fmt.Errorf("--env %s: want NAME=VALUE", name)
		}
		s.Env = append(s.Env, Variable{name, value})
	}
	if len(o.Converge) > 0 {
		s.Converge = nil
	}
	for _, text := range o.Converge {
		s.Converge = append(s.Converge, Converge{Run: text, Passes: 1})
	}
	if len(o.Specs) > 0 {
		s.Specs = o.Specs
	}
	if len(o.Ignore) > 0 {
		s.Ignore = o.Ignore
	}
	return nil
}
