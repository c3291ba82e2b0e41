package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/environ"
	"github.com/hostspec/hostspec/spec/password"
	"github.com/hostspec/hostspec/spec/snapshot"
)

// snapshotOptions are the flags that say what a snapshot holds.
type snapshotOptions struct {
	WatchPaths   []string       `name:"watch-path" sep:"none" placeholder:"DIR" help:"Know the files below this folder, too. May be given several times."`
	Ignore       []string       `sep:"none" placeholder:"GLOB" help:"Leave out files such as '/srv/cache/**', or facts such as 'service:backup-*'. May be given several times."`
	PrintIgnored bool           `help:"Print what is left out without being asked, and why."`
	Timeout      *time.Duration `placeholder:"D" help:"How long one question may take, hashing included. Default: 10m."`

	// password is what sudo may want; set by check.
	password *password.Source
}

// snapshotCommand is hostspec snapshot.
type snapshotCommand struct {
	Target *string `short:"t" placeholder:"URI" help:"What to take a snapshot of. Default: HOSTSPEC_TARGET, else local://."`
	Output string  `short:"o" placeholder:"FILE" help:"Where to keep it."`
	snapshotOptions
}

// Help is shown below the flags by hostspec snapshot --help.
func (snapshotCommand) Help() string {
	return `What is kept: packages, services, users, passwords (set or not, and when they were
changed), groups, listening ports, mounts, cron tables, kernel parameters, and type,
mode, owner and SHA-256 of the files below ` + strings.Join(snapshot.DefaultWatch(), " ") + `.
What could not be told stands in the file as such.

Exit codes: 0 written, 2 wrong usage, 3 the target was UNREACHABLE or told nothing.`
}

// Run takes a snapshot and writes it.
func (s *snapshotCommand) Run(c *console) error {
	if s.PrintIgnored {
		return printIgnored(c.stdout)
	}
	if s.Output == "" {
		return usage("snapshot: -o FILE is missing: where is it to be kept?")
	}
	if info, err := os.Stat(s.Output); err == nil && info.IsDir() {
		return usage("-o %s: it is a folder", s.Output)
	}
	if _, err := os.Stat(filepath.Dir(s.Output)); err != nil {
		return usage("-o %s: %w", s.Output, err)
	}
	var wanted []string
	if s.Target != nil {
		wanted = []string{*s.Target}
	}
	targets, err := parseTargets(wanted)
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	stop, release := watchSignals(c.ctx)
	defer release()
	show := newProgress(c.stderr, true)
	show.begin("snapshot")
	taken, err := s.take(stop.soft, targets[0].text)
	show.end()
	if err != nil {
		return stop.explain(err)
	}
	if err := taken.WriteFile(s.Output); err != nil {
		return &exitError{exitNotTold, fmt.Errorf("cannot write %s: %w", s.Output, err)}
	}
	return taken.Format(c.stdout)
}

// check says what is wrong with the flags before anything is asked.
func (o *snapshotOptions) check() (err error) {
	if err := environ.Check(os.Environ()); err != nil {
		return err
	}
	for _, pattern := range o.Ignore {
		if err := snapshot.CheckIgnore(pattern); err != nil {
			return fmt.Errorf("--ignore: %w", err)
		}
	}
	for _, dir := range o.WatchPaths {
		if !filepath.IsAbs(dir) {
			return fmt.Errorf("--watch-path %s: want the path of a folder of the target, from / on", dir)
		}
	}
	if o.Timeout != nil && *o.Timeout <= 0 {
		return fmt.Errorf("--timeout %v: want a time above zero such as 30s or 2m", *o.Timeout)
	}
	o.password, err = sudoPassword()
	return err
}

// take takes a snapshot of a target whose text was found to make sense.
func (o *snapshotOptions) take(ctx context.Context, text string) (*snapshot.Snapshot, error) {
	uri, err := backends.Parse(text)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	opt := snapshot.Options{
		Watch: o.WatchPaths, Ignore: o.Ignore,
		Container: uri.IsContainer(),
	}
	if o.Timeout != nil {
		opt.Timeout = *o.Timeout
	}
	t, err := newTarget(uri, o.password)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	s, err := snapshot.Take(ctx, t, opt)
	if err := errors.Join(err, t.Close()); err != nil {
		return nil, &exitError{exitNotTold, err}
	}
	return s, nil
}

// printIgnored prints the noise list, a pattern and its reason a line.
func printIgnored(w io.Writer) error {
	for _, r := range snapshot.Noise() {
		why := r.Why
		if r.Container {
			why += " (containers only)"
		}
		if len(r.Except) > 0 {
			why += "; compared all the same: " + strings.Join(r.Except, " ")
		}
		if _, err := fmt.Fprintf(w, "%-62s %s\n", r.Pattern, why); err != nil {
			return err
		}
	}
	return nil
}
