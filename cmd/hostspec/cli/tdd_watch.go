package cli

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
	// specs are the compiled specs.
	specs *compilation
	// due is what a turn was wanted for that could not be.
	due change
	// seen is what the files were like when the turn began.
	seen map[string]seenFile
	// writes are the files that converge itself writes on this side, as both of its runs
	// have shown, and passing those of one run.
	writes  map[string]bool
	passing []map[string]bool
	begun   map[string]seenFile // when converge began
	// echo says that this turn began by nothing but what the last one may have written.
	echo bool
}

// watch compiles the specs of one suite, and goes on until somebody stops it.
func (r *tddRun) watch(s *loop.Suite) error {
	specs, err := r.compiled(s)
	if err != nil {
		return r.stop.explain(err)
	}
	w := &session{tddRun: r, suite: s, specs: specs, writes: map[string]bool{}}
	defer func() { w.specs.remove() }()
	return exit(w.goOn())
}

// compiled has the specs of a suite compiled.
func (r *tddRun) compiled(s *loop.Suite) (*compilation, error) {
	specs, err := r.compile([]*loop.Suite{s}, func() {})
	if err != nil {
		return nil, err
	}
	if err := specs.wait(r.console.stderr); err != nil {
		specs.remove()
		return nil, err
	}
	r.packages = specs.packages
	return specs, nil
}

// goOn goes through the loop turn after turn.
func (w *session) goOn() int {
	w.look()
	code := w.first()
	for !w.stop.interrupted() {
		c, ok := w.wait()
		if !ok {
			break
		}
		code = w.again(c)
	}
	kept, err := w.open.Close()
	if err != nil {
		fmt.Fprintf(w.console.stderr, "hostspec: %v\n", err)
	}
	w.tellKept(kept)
	if w.stop.interrupted() {
		return exitInterrupted
	}
	return code
}

// first goes through the whole loop of the suite as the file has it.
func (w *session) first() int {
	fmt.Fprintf(w.stages(), "suite %s\n", w.suite.Name)
	w.suite.Promote = "" // nothing is promoted while somebody works on it
	w.open = loop.Open(w.suite, w.options(w.suite), w.watching(w.hooks(w.suite)))
	return w.turn(loop.Create)
}

func (w *session) turn(from loop.Stage) int {
	w.passing = nil
	result := w.open.Turn(w.stop.soft, from)
	result.Kept = ""
	w.forgive()
	return w.finish([]*loop.Result{result})
}

// watching looks at the files around each run of converge, and takes back what cannot be
// told of a converge whose manifest changed as it ran.
func (w *session) watching(h loop.Hooks) loop.Hooks {
	begin, end := h.Begin, h.End
	converges := func(s loop.Stage) bool { return s == loop.Converged || s == loop.Idempotent }
	h.Begin = func(s loop.Stage) {
		begin(s)
		if converges(s) && w.written() {
			w.begun, _ = scan(w.roots())
		}
	}
	h.End = func(e loop.StageResult) {
		if converges(e.Stage) && w.written() {
			now, _ := scan(w.roots())
			w.passing = append(w.passing, differing(w.begun, now))
		}
		end(e)
	}
	h.Edited = func() []string {
		now, _ := scan(w.roots())
		own := maps.Clone(w.writes)
		if len(w.passing) == 1 {
			maps.Copy(own, both(w.passing[0], differing(w.begun, now)))
		}
		w.ignore(now, own)
		return changed(w.seen, now).names
	}
	return h
}

// look remembers what the files are like.
func (w *session) look() { w.seen, _ = scan(w.roots()) }

// ignore takes names for unchanged.
func (w *session) ignore(now map[string]seenFile, names map[string]bool) {
	for name := range names {
		if f, ok := w.seen[name]; ok {
			now[name] = f
		} else {
			delete(now, name)
		}
	}
}

// both are the names that are in two sets.
func both(a, b map[string]bool) map[string]bool {
	out := map[string]bool{}
	for name := range a {
		if b[name] {
			out[name] = true
		}
	}
	return out
}

// forgive takes what converge has written on this side as seen: it does not cause us to
// converge again. What both of its runs have written is converge's own. What one of them
// has may have been somebody's edit, and begins another turn, but not one after another.
func (w *session) forgive() {
	if len(w.passing) == 0 {
		return
	}
	now, _ := scan(w.roots())
	once := map[string]bool{}
	for _, names := range w.passing {
		maps.Copy(once, names)
	}
	switch {
	case w.echo:
		maps.Copy(w.writes, once)
	case len(w.passing) > 1:
		maps.Copy(w.writes, both(w.passing[0], w.passing[1]))
	}
	for name := range once {
		if !w.writes[name] {
			continue
		}
		if f, ok := now[name]; ok {
			w.seen[name] = f
		} else {
			delete(w.seen, name)
		}
	}
	again := changed(w.seen, now).from != ""
	w.ignore(now, once)
	w.echo = again && changed(w.seen, now).from == ""
}

// written reports whether converge runs where the files are that are watched.
func (w *session) written() bool {
	return slices.ContainsFunc(w.suite.Converge, func(c loop.Converge) bool { return c.Here })
}

// again goes through what has to be gone through after a change. What cannot be used
// as it is waits for the next change.
func (w *session) again(c change) int {
	if order := loop.Stages(); w.due.from != "" && slices.Index(order, w.due.from) < slices.Index(order, c.from) {
		c.from = w.due.from
	}
	c.compile = c.compile || w.due.compile
	w.due = c
	outputs, err := w.command.outputs(w.stop.soft, w.console)
	if err != nil {
		return w.not(err)
	}
	defer outputs.abandon()
	w.begin(outputs)
	suite := w.suite
	if c.from == loop.Create {
		suites, err := w.command.suites()
		if err != nil {
			return w.not(err)
		}
		suite = suites[0]
	}
	if c.compile {
		specs, err := w.compiled(suite)
		if err != nil {
			return w.not(err)
		}
		w.specs.remove()
		w.specs = specs
	}
	w.due = change{}
	if c.from != loop.Create {
		return w.turn(c.from)
	}
	if err := w.open.Discard(); err != nil {
		return w.not(err)
	}
	w.suite = suite
	w.lookElsewhere()
	return w.first()
}

// lookElsewhere takes for seen what is watched since the suite is another one.
func (w *session) lookElsewhere() {
	now, _ := scan(w.roots())
	for name, f := range now {
		if was, ok := w.seen[name]; !ok || was.from != f.from || was.shared != f.shared {
			w.seen[name] = f
		}
	}
	maps.DeleteFunc(w.seen, func(name string, _ seenFile) bool { _, still := now[name]; return !still })
}

// not tells why there is no turn.
func (w *session) not(err error) int {
	if !w.stop.interrupted() {
		fmt.Fprintf(w.console.stderr, "hostspec: %v\n", err)
	}
	return exitUsage
}

// wait waits for a change, and until nothing has changed any more for a moment: editors
// write in several steps. ok is false when somebody wants an end.
func (w *session) wait() (c change, ok bool) {
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
			return c, false
		case <-time.After(pause):
		}
		now, took := scan(w.roots())
		// Looking must not keep the machine busy where there is much to look at.
		pause = max(often, 10*took)
		switch {
		case changed(w.seen, now).from == "":
			pending = nil
			continue
		case !maps.Equal(now, pending):
			pending, pause = now, quiet
			continue
		}
		c := changed(w.seen, now)
		w.seen = now
		names := c.names
		more := ""
		if len(names) > 3 {
			names, more = names[:3], fmt.Sprintf(" and %d more", len(names)-3)
		}
		fmt.Fprintf(out, "\n%s  %s%s\n", time.Now().Format(time.TimeOnly), strings.Join(names, " "), more)
		return c, true
	}
}

// roots are what is watched. Where one is within another the first counts.
func (w *session) roots() []root {
	var roots []root
	for _, arg := range w.suite.Specs {
		places, err := readArgument(arg)
		for _, p := range places {
			if err == nil && !p.byImport {
				roots = append(roots, root{path: p.dir, from: loop.Green})
			}
		}
	}
	for _, p := range w.packages[w.suite] {
		roots = append(roots, root{path: p.dir, from: loop.Green})
	}
	for _, m := range w.suite.Mounts {
		roots = append(roots, root{path: m.Source, from: loop.Converged})
	}
	config := w.command.Config
	if config == "" {
		config = loop.ConfigName
	}
	roots = append(roots, root{path: config, from: loop.Create})
	if w.suite.Dockerfile != "" {
		roots = append(roots, root{path: w.suite.Dockerfile, from: loop.Create}, root{path: filepath.Dir(w.suite.Dockerfile), from: loop.Create})
	}
	if w.written() {
		roots = append(roots, root{path: ".", from: loop.Converged, shared: true})
	}
	var own []root // reports are written anew in each turn
	for _, f := range w.command.Formats {
		if _, file, ok := strings.Cut(f, ":"); ok {
			own = append(own, root{path: file})
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
