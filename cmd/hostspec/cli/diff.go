package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/hostspec/hostspec/spec/snapshot"
)

// diffCommand is hostspec diff.
type diffCommand struct {
	Format string `short:"f" default:"text" placeholder:"NAME" help:"How to tell: text or json. Default: ${default}."`
	snapshotOptions
	Sides []string `arg:"" optional:"" name:"side" help:"Two of: a file of hostspec snapshot, or a target such as ssh://web1, which is asked now."`
}

// Help is shown below the flags by hostspec diff --help.
func (diffCommand) Help() string {
	return `--watch-path and --timeout are for targets; of a file it is known what was watched.

Exit codes, the first that applies:
  2    wrong usage, or a file that is not a snapshot
  1    something differs
  3    a target was UNREACHABLE, or something could not be told on both sides
  0    nothing differs
  130  stopped by Ctrl-C`
}

// Run compares two sides.
func (d *diffCommand) Run(c *console) error {
	if d.PrintIgnored {
		return printIgnored(c.stdout)
	}
	if d.Format != "text" && d.Format != "json" {
		return usage("-f %s: unknown format; known: text, json", d.Format)
	}
	if len(d.Sides) != 2 {
		return usage("diff: want two files or targets to compare, got %d", len(d.Sides))
	}
	if err := d.check(); err != nil {
		return &exitError{exitUsage, err}
	}
	stop, release := watchSignals(c.ctx)
	defer release()
	show := newProgress(c.stderr, true)
	show.begin("comparing")
	difference, err := d.compare(stop)
	show.end()
	if err != nil {
		return stop.explain(err)
	}
	format := difference.Format
	if d.Format == "json" {
		format = difference.FormatJSON
	}
	if err := format(c.stdout); err != nil {
		return &exitError{exitNotTold, err}
	}
	switch {
	case len(difference.Items) > 0:
		return exit(exitWrong)
	case len(difference.Unknown) > 0:
		return exit(exitNotTold)
	}
	return nil
}

// compare ends at an interrupt, also where a file is a pipe that nobody writes to, or
// holds so much that comparing takes long. Only targets are waited for, which are being
// closed then, until somebody interrupts once more.
func (d *diffCommand) compare(stop *stopper) (*snapshot.Difference, error) {
	type compared struct {
		difference *snapshot.Difference
		err        error
	}
	result := make(chan compared, 1)
	asking := make(chan struct{})
	go func() {
		before, after, err := d.both(stop.soft)
		close(asking)
		if err != nil {
			result <- compared{nil, err}
			return
		}
		result <- compared{snapshot.Diff(before, after, snapshot.DiffOptions{Ignore: d.Ignore}), nil}
	}()
	select {
	case r := <-result:
		return r.difference, r.err
	case <-stop.soft.Done():
	}
	if slices.ContainsFunc(d.Sides, isTarget) {
		select {
		case <-asking:
		case <-stop.hard.Done():
		}
	}
	return nil, context.Cause(stop.soft)
}

// isTarget reports whether a side is a target and not a file.
func isTarget(side string) bool {
	_, err := os.Stat(side)
	return err != nil
}

// both gets the two sides at the same time. What is wrong with how one was named is
// told before a target is asked.
func (d *diffCommand) both(ctx context.Context) (before, after *snapshot.Snapshot, err error) {
	var get [2]func() (*snapshot.Snapshot, error)
	for i, side := range d.Sides {
		if get[i], err = d.side(ctx, side); err != nil {
			return nil, nil, err
		}
	}
	var sides [2]*snapshot.Snapshot
	var errs [2]error
	var both sync.WaitGroup
	for i := range get {
		both.Go(func() { sides[i], errs[i] = get[i]() })
	}
	both.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, nil, err
		}
	}
	return sides[0], sides[1], nil
}

// side finds out what somebody means: a file, if there is one of that name.
func (d *diffCommand) side(ctx context.Context, name string) (func() (*snapshot.Snapshot, error), error) {
	if !isTarget(name) {
		return func() (*snapshot.Snapshot, error) {
			s, err := snapshot.ReadFile(name)
			if err != nil {
				return nil, &exitError{exitUsage, err}
			}
			return s, nil
		}, nil
	}
	targets, err := parseTargets([]string{name})
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("%s is neither a file that can be read nor a target: %w", name, err)}
	}
	return func() (*snapshot.Snapshot, error) { return d.take(ctx, targets[0].text) }, nil
}
