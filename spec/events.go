package spec

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/wire"
)

// events tells `hostspec run`, which started this test binary, what happens. A
// nil *events tells nobody.
type events struct {
	mu   sync.Mutex
	file *os.File
	enc  *json.Encoder
	name string // of the package
}

func openEvents() (*events, error) {
	text := os.Getenv(wire.EventsVariable)
	if text == "" {
		return nil, nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 3 {
		return nil, fmt.Errorf("%s=%q: want the number of a file descriptor", wire.EventsVariable, text)
	}
	wrong := wire.CheckVersion()
	// Programs that specs start have no use for them.
	for _, name := range []string{wire.EventsVariable, wire.VersionVariable} {
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	f := os.NewFile(uintptr(fd), "events")
	return &events{file: f, enc: json.NewEncoder(f), name: packageName()}, wrong
}

// packageName is the import path of the package under test.
func packageName() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return strings.TrimSuffix(info.Path, ".test")
	}
	return ""
}

func (e *events) write(event wire.Event) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	// When nobody listens any more there is nobody to tell.
	_ = e.enc.Encode(event)
}

// called tells that Run was reached.
func (e *events) called(target, suite string) {
	if e != nil {
		e.write(wire.Event{Called: &wire.Called{Version: wire.Version, Target: target, Package: e.name, Suite: suite}})
	}
}

// refused tells that the package cannot be run as it was asked to be.
func (e *events) refused(reason string) {
	if e != nil {
		e.write(wire.Event{Refused: reason})
	}
}

func (e *events) begin(target string, r types.Report) {
	if e != nil {
		e.write(wire.Event{Begin: &report.Begin{
			Target: target, Package: e.name, Suite: r.SuiteDescription,
			Specs: r.PreRunStats.SpecsThatWillRun, Total: r.PreRunStats.TotalSpecs,
		}})
	}
}

func (e *events) result(s *suite, r types.SpecReport) {
	if e != nil {
		result := s.result(r, e.name)
		e.write(wire.Event{Result: &result})
	}
}

// end tells what failed beside the specs, and that all is over.
func (e *events) end(s *suite, r types.Report) {
	if e == nil {
		return
	}
	end := &wire.End{Took: time.Since(r.StartTime)}
	for _, n := range r.SpecReports {
		if !n.LeafNodeType.Is(types.NodeTypeIt) && n.State.Is(types.SpecStateFailureStates) {
			e.result(s, n)
		}
		end.Interrupted = end.Interrupted || n.State.Is(types.SpecStateInterrupted)
	}
	end.Focused = r.SuiteHasProgrammaticFocus
	for _, reason := range r.SpecialSuiteFailureReasons {
		end.Problems = append(end.Problems, evidence.Clean(reason))
	}
	end.Costs = s.costs()
	end.Notes = s.notes()
	e.write(wire.Event{End: end})
}

// notes are what the targets tell about the way to them.
func (s *suite) notes() []report.Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []report.Note
	for _, text := range slices.Sorted(maps.Keys(s.targets)) {
		t := s.targets[text]
		for _, note := range t.Notes() {
			out = append(out, report.Note{Target: t.String(), Text: note})
		}
	}
	return out
}

// costs tells what was spent on each target.
func (s *suite) costs() []wire.Cost {
	s.mu.Lock()
	targets := maps.Clone(s.targets)
	s.mu.Unlock()
	var out []wire.Cost
	for _, text := range slices.Sorted(maps.Keys(targets)) {
		t := targets[text]
		st := t.Stats()
		out = append(out, wire.Cost{Target: t.String(), Connections: st.Connections, Exchanges: st.Exchanges, Commands: st.Commands})
	}
	return out
}

// result is a spec as reports show it.
func (s *suite) result(r types.SpecReport, name string) report.Result {
	out := report.Result{
		Target: evidence.Clean(s.targetName(s.blockOf(r))), Package: name,
		Text: evidence.Clean(r.LeafNodeText), Labels: r.Labels(),
		Location: location(r.LeafNodeLocation), Start: r.StartTime, Took: r.RunTime,
		Outcome: outcome(r), Evidence: s.traced(r),
	}
	for _, c := range r.ContainerHierarchyTexts {
		if c != "" {
			out.Containers = append(out.Containers, evidence.Clean(c))
		}
	}
	if !r.LeafNodeType.Is(types.NodeTypeIt) {
		out.Node, out.Location = r.LeafNodeType.String(), location(r.LeafNodeLocation)
	}
	if s.dryRun() && out.Outcome == report.Passed {
		// Ginkgo calls it passed.
		out.Outcome, out.Message = report.Skipped, report.WouldRun
	}
	if r.MaxFlakeAttempts > 0 && r.NumAttempts > 1 {
		out.Attempt = r.NumAttempts
		for _, a := range r.AdditionalFailures {
			out.Earlier = append(out.Earlier, evidence.Clean(messageOf(a.Failure)))
		}
	}
	if r.State.Is(types.SpecStateFailureStates | types.SpecStateSkipped) {
		out.Message = evidence.Clean(messageOf(r.Failure))
	}
	if r.State.Is(types.SpecStateFailureStates) {
		at := location(r.Failure.Location)
		switch {
		case s.isOneLiner(r.LeafNodeLocation):
			at = out.Location
		case r.State.Is(types.SpecStatePanicked):
			at = panickedAt(r, out.Location)
		}
		out.FailedAt = &at
		out.Output = evidence.Clean(r.CapturedGinkgoWriterOutput)
		out.Outcome = s.blame(r, out)
	}
	return out
}

func location(l types.CodeLocation) report.Location {
	return report.Location{File: l.FileName, Line: l.LineNumber}
}

// panickedAt finds the author's line in the stack of a panic, of which Ginkgo
// tells the line in the Go runtime: the first one in the file of the spec.
func panickedAt(r types.SpecReport, otherwise report.Location) report.Location {
	for line := range strings.Lines(r.Failure.Location.FullStackTrace) {
		file, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || file != otherwise.File {
			continue
		}
		number, _, _ := strings.Cut(rest, " ")
		if n, err := strconv.Atoi(number); err == nil {
			return report.Location{File: file, Line: n}
		}
	}
	return otherwise
}

func messageOf(f types.Failure) string {
	text := f.Message
	if f.ForwardedPanic != "" {
		text = strings.TrimSpace(text + "\npanic: " + f.ForwardedPanic)
		if stack := strings.TrimSpace(f.Location.FullStackTrace); stack != "" {
			text += "\n\n" + firstLines(stack, maxStack)
		}
	}
	for a := f.AdditionalFailure; a != nil; a = a.Failure.AdditionalFailure {
		text += "\n" + a.Failure.Message
	}
	return text
}

// maxStack is how many lines of a panic's stack are told, two for each call: one of
// endless recursion has very many.
const maxStack = 60

// firstLines is the beginning of a text of many lines.
func firstLines(text string, most int) string {
	lines := strings.SplitN(text, "\n", most+1)
	if len(lines) <= most {
		return text
	}
	return strings.Join(lines[:most], "\n") + "\n..."
}

func outcome(r types.SpecReport) report.Outcome {
	switch {
	case r.State.Is(types.SpecStatePassed):
		return report.Passed
	case r.State.Is(types.SpecStatePending):
		return report.Pending
	case r.State.Is(types.SpecStateSkipped):
		return report.Skipped
	}
	return report.Failed
}

// blame tells a wrong answer from one that could not be told: the last question
// of the spec says.
func (s *suite) blame(r types.SpecReport, out report.Result) report.Outcome {
	if t, err := s.target(s.blockOf(r)); err == nil && unreachable(t.Dead()) {
		return report.Unreachable
	}
	// What was interrupted has no answer.
	if r.State.Is(types.SpecStateInterrupted) {
		return report.NotTold
	}
	if n := len(out.Evidence); n > 0 && out.Evidence[n-1].Unknown && !r.State.Is(types.SpecStatePanicked) {
		return report.NotTold
	}
	return report.Failed
}

// isOneLiner reports whether a spec was declared by a one-liner, whose place is
// its author's line also when it fails.
func (s *suite) isOneLiner(l types.CodeLocation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.authored[types.CodeLocation{FileName: l.FileName, LineNumber: l.LineNumber}]
}
