package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/spec/loop"
)

// A session is a `hostspec tdd --watch`: one suite, turn after turn.
type session struct {
	*tddRun
	suite *loop.Suite
	open  *loop.Session
	// remove removes the compiled specs.
	remove func()
	// due is from where a turn was wanted that could not be; empty for none.
	due  loop.Stage
	seen map[string]seenFile
}

// watch goes on until somebody stops it. What it was given is compiled already.
func (r *tddRun) watch(s *loop.Suite, remove func()) int {
	w := &session{tddRun: r, suite: s, remove: remove}
	defer func() { w.remove() }()
	w.seen, _ = scan(w.roots())
	code := w.first()
	for !r.stop.interrupted() {
		from, ok := w.wait()
		if !ok {
			break
		}
		code = w.again(from)
	}
	if err := w.open.Close(); err != nil {
		fmt.Fprintf(r.console.stderr, "hostspec: %v\n", err)
	}
	if r.stop.interrupted() {
		return exitInterrupted
	}
	return code
}

// first goes through the whole loop of the suite as the file has it.
func (w *session) first() int {
	fmt.Fprintf(w.stages(), "suite %s\n", w.suite.Name)
	w.suite.Promote = "" // nothing is promoted while somebody works on it
	w.open = loop.Open(w.suite, w.options(w.suite), w.hooks(w.suite))
	return w.turn(loop.Create)
}

func (w *session) turn(from loop.Stage) int {
	result := w.open.Turn(w.stop.soft, from)
	if w.written() {
		// What converge writes on this side is no reason to converge again.
		w.seen, _ = scan(w.roots())
	}
	return w.finish([]*loop.Result{result})
}

// written tells whether converge runs where the files are that are watched.
func (w *session) written() bool {
	return slices.ContainsFunc(w.suite.Converge, func(c loop.Converge) bool { return c.Here })
}

// again goes through what has to be gone through after a change. What cannot be used
// as it is waits for the next change.
func (w *session) again(from loop.Stage) int {
	if w.due == loop.Create {
		from = w.due
	}
	w.due = from
	outputs, err := w.command.outputs(w.console)
	if err != nil {
		return w.not(err)
	}
	defer outputs.abandon()
	w.begin(outputs)
	suite := w.suite
	if from == loop.Create {
		suites, err := w.command.suites()
		if err != nil {
			return w.not(err)
		}
		suite = suites[0]
	}
	if from != loop.Converged {
		remove, err := w.compile([]*loop.Suite{suite})
		if err != nil {
			return w.not(err)
		}
		w.remove()
		w.remove = remove
	}
	w.due = ""
	if from != loop.Create {
		return w.turn(from)
	}
	if err := w.open.Close(); err != nil {
		return w.not(err)
	}
	w.suite = suite
	return w.first()
}

// not tells why there is no turn.
func (w *session) not(err error) int {
	if !w.stop.interrupted() {
		fmt.Fprintf(w.console.stderr, "hostspec: %v\n", err)
	}
	return exitUsage
}

// wait waits for a change, and until nothing has changed any more for a moment: editors
// write in several steps. It says from which stage on the change matters, and false when
// somebody wants an end.
func (w *session) wait() (from loop.Stage, ok bool) {
	const (
		often = 200 * time.Millisecond
		quiet = 100 * time.Millisecond
	)
	out := w.stages()
	fmt.Fprintf(out, "\nwatching %s; Ctrl-C ends it\n", w.places())
	pause := often
	var pending map[string]seenFile
	for {
		select {
		case <-w.stop.soft.Done():
			return "", false
		case <-time.After(pause):
		}
		now, took := scan(w.roots())
		// Looking must not keep the machine busy where there is much to look at.
		pause = max(often, 10*took)
		switch {
		case maps.Equal(now, w.seen):
			pending = nil
			continue
		case !maps.Equal(now, pending):
			pending, pause = now, quiet
			continue
		}
		from, names := changed(w.seen, now)
		w.seen = now
		more := ""
		if len(names) > 3 {
			names, more = names[:3], fmt.Sprintf(" and %d more", len(names)-3)
		}
		fmt.Fprintf(out, "\n%s  %s%s\n", time.Now().Format(time.TimeOnly), strings.Join(names, " "), more)
		return from, true
	}
}

// roots are what is watched. Where one is within another the first counts.
func (w *session) roots() []root {
	var roots []root
	for _, arg := range w.suite.Specs {
		places, err := readArgument(arg)
		for _, p := range places {
			if err == nil && !p.byImport {
				roots = append(roots, root{p.dir, loop.Green})
			}
		}
	}
	for _, p := range w.packages[w.suite] {
		roots = append(roots, root{p.dir, loop.Green})
	}
	for _, m := range w.suite.Mounts {
		roots = append(roots, root{m.Source, loop.Converged})
	}
	config := w.command.Config
	if config == "" {
		config = loop.ConfigName
	}
	roots = append(roots, root{config, loop.Create})
	if w.suite.Dockerfile != "" {
		roots = append(roots, root{w.suite.Dockerfile, loop.Create}, root{filepath.Dir(w.suite.Dockerfile), loop.Create})
	}
	if w.written() {
		roots = append(roots, root{".", loop.Converged})
	}
	var own []root // reports are written anew in each turn
	for _, f := range w.command.Formats {
		if _, file, ok := strings.Cut(f, ":"); ok {
			own = append(own, root{file, ""})
		}
	}
	roots = append(own, roots...)
	for i := range roots {
		if abs, err := filepath.Abs(roots[i].path); err == nil {
			roots[i].path = abs
		}
	}
	return roots
}

// places names what is watched and is there.
func (w *session) places() string {
	var names []string
	for _, r := range w.roots() {
		name := shortName(r.path)
		if _, err := os.Stat(r.path); err == nil && r.from != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}
