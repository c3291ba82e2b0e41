package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2/formatter"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/hostspec/hostspec/backends"
	// The kinds of targets that are built in.
	_ "github.com/hostspec/hostspec/backends/standard"
	"github.com/hostspec/hostspec/spec/environ"
	"github.com/hostspec/hostspec/spec/report"
)

// A plan is a command line that was found to make sense.
type plan struct {
	targets []runTarget
	outputs []output
	// env is added to the environment of test binaries and flags to their
	// command line.
	env   []string
	flags []string
	extra []string
	jobs  int
}

// A runTarget is one target of the run.
type runTarget struct {
	// text is what the test binary gets, shown what people see.
	text, shown string
	uri         *backends.URI
	// env is added to the environment of the target's test binaries.
	env []string
}

func (p *plan) shown() []string {
	names := make([]string, len(p.targets))
	for i, t := range p.targets {
		names[i] = t.shown
	}
	return names
}

// plan checks the command line and the variables.
func (r *runCommand) plan() (*plan, error) {
	p := &plan{jobs: r.Jobs, extra: r.extra}
	if r.Jobs < 1 {
		return nil, fmt.Errorf("-j %d: want a number of targets above zero", r.Jobs)
	}
	var err error
	if p.targets, err = parseTargets(r.Targets); err != nil {
		return nil, err
	}
	if p.outputs, err = parseOutputs(r.Formats); err != nil {
		return nil, err
	}
	if p.env, err = r.environment(); err != nil {
		return nil, err
	}
	p.flags, err = r.ginkgoFlags()
	return p, err
}

// parseTargets reads the targets before anything is run.
func parseTargets(texts []string) ([]runTarget, error) {
	if len(texts) == 0 {
		text, err := environ.Target()
		if err != nil {
			return nil, err
		}
		texts = []string{text}
	}
	var targets []runTarget
	seen := map[string]bool{}
	for _, text := range texts {
		// Which schemes there are, the packages of specs have the last word on.
		uri, err := backends.ParseForeign(text)
		if err != nil {
			return nil, err
		}
		// Reports tell targets apart by what is shown of them.
		if seen[uri.String()] {
			return nil, fmt.Errorf("target %q is given twice", uri)
		}
		seen[uri.String()] = true
		// Test binaries run in the folder of their package.
		if text, err = backends.AbsoluteFiles(text); err != nil {
			return nil, err
		}
		targets = append(targets, runTarget{text: text, shown: uri.String(), uri: uri})
	}
	return targets, nil
}

// environment is what test binaries learn by variables.
func (r *runCommand) environment() ([]string, error) {
	var env []string
	if r.Sudo != nil {
		env = append(env, fmt.Sprintf("HOSTSPEC_SUDO=%t", *r.Sudo))
	} else if text := os.Getenv("HOSTSPEC_SUDO"); text != "" {
		if _, err := strconv.ParseBool(text); err != nil {
			return nil, fmt.Errorf("HOSTSPEC_SUDO=%s: want true or false", text)
		}
	}
	if r.Timeout != nil {
		if *r.Timeout <= 0 {
			return nil, fmt.Errorf("--timeout %v: want a time above zero such as 30s or 2m", *r.Timeout)
		}
		env = append(env, "HOSTSPEC_TIMEOUT="+r.Timeout.String())
	} else if text := os.Getenv("HOSTSPEC_TIMEOUT"); text != "" {
		if d, err := time.ParseDuration(text); err != nil || d <= 0 {
			return nil, fmt.Errorf("HOSTSPEC_TIMEOUT=%s: want a time above zero such as 30s or 2m", text)
		}
	}
	file, from := r.SSHConfig, "--ssh-config "
	if file == "" {
		file, from = os.Getenv("HOSTSPEC_SSH_CONFIG"), "HOSTSPEC_SSH_CONFIG="
	}
	if file == "" {
		return env, nil
	}
	abs, err := backends.AbsoluteFile(file)
	if err != nil {
		return nil, err
	}
	// ~ is left to whoever reads the file: it means the home of ssh's user.
	if abs != "none" && !strings.HasPrefix(abs, "~") {
		f, err := os.Open(abs)
		if err != nil {
			return nil, fmt.Errorf("%s%s cannot be read: %w", from, file, errors.Unwrap(err))
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return append(env, "HOSTSPEC_SSH_CONFIG="+abs), nil
}

// ginkgoFlags are the filters in the words of Ginkgo's own flags.
func (r *runCommand) ginkgoFlags() ([]string, error) {
	// What binaries print is kept for the day it is needed, without colour.
	flags := []string{"-ginkgo.no-color"}
	for _, re := range r.Focus {
		if _, err := regexp.Compile(re); err != nil {
			return nil, fmt.Errorf("--focus %s: %w", re, err)
		}
		flags = append(flags, "-ginkgo.focus="+re)
	}
	if r.LabelFilter != "" {
		// Ginkgo paints this error wherever it is read.
		formatter.SingletonFormatter.ColorMode = formatter.ColorModeNone
		if _, err := types.ParseLabelFilter(r.LabelFilter); err != nil {
			return nil, fmt.Errorf("--label-filter %s: %w", r.LabelFilter, err)
		}
		flags = append(flags, "-ginkgo.label-filter="+r.LabelFilter)
	}
	return flags, nil
}

// parseOutputs reads -f NAME[:FILE].
func parseOutputs(texts []string) ([]output, error) {
	var outputs []output
	terminal := ""
	files := map[string]string{}
	for _, text := range texts {
		name, file, named := strings.Cut(text, ":")
		format, err := report.Lookup(name)
		if err != nil {
			return nil, fmt.Errorf("-f %s: %w", text, err)
		}
		if named && file == "" {
			return nil, fmt.Errorf("-f %s: no file after the colon", text)
		}
		if file == "" || file == "-" {
			if terminal != "" {
				return nil, fmt.Errorf("-f %s and -f %s would both write to the terminal; send one to a file, as in -f %s:FILE", terminal, text, name)
			}
			terminal = text
			outputs = append(outputs, output{format: format})
			continue
		}
		abs, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		if other, taken := files[abs]; taken {
			return nil, fmt.Errorf("-f %s and -f %s would write to the same file", other, text)
		}
		files[abs] = text
		outputs = append(outputs, output{format: format, file: file})
	}
	if terminal == "" {
		format, err := report.Lookup(report.Default)
		if err != nil {
			return nil, err
		}
		outputs = append([]output{{format: format}}, outputs...)
	}
	return outputs, nil
}
