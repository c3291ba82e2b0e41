package loop

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
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
		s.Promote = o.Promote
	}
	if len(s.Specs) == 0 {
		return errors.New("no specs were named; --specs ./spec/... says what to run")
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
		s.Mounts = append(s.Mounts, Mount{source, destination})
	}
	if len(o.Env) > 0 {
		s.Env = nil
	}
	for _, text := range o.Env {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
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
