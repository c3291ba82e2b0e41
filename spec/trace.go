package spec

import (
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/hostspec/hostspec/spec/evidence"
)

// A specID tells one attempt at one spec from every other.
type specID struct {
	text    string
	start   time.Time
	attempt int
}

func idOf(r types.SpecReport) specID {
	return specID{text: r.FullText(), start: r.StartTime, attempt: r.NumAttempts}
}

// A trace is what was asked during the spec that runs.
type trace struct {
	mu       sync.Mutex
	id       specID
	evidence []evidence.Evidence
}

// follow begins a new trace when another spec has begun.
func (s *suite) follow(r types.SpecReport) {
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	if id := idOf(r); id != s.trace.id {
		s.trace.id, s.trace.evidence = id, nil
	}
}

// maxTrace bounds what is kept of one spec: one that polls for long asks often.
const maxTrace = 100

// record takes the evidence of one answer, at the moment it was given.
func (s *suite) record(r *record, e evidence.Evidence) {
	s.trace.mu.Lock()
	if len(s.trace.evidence) == maxTrace {
		s.trace.evidence = append(s.trace.evidence[:maxTrace/2], s.trace.evidence[maxTrace/2+1:]...)
	}
	s.trace.evidence = append(s.trace.evidence, e)
	s.trace.mu.Unlock()
	if !s.is(running) || r.ctx.Err() != nil {
		return
	}
	visibility := ginkgo.ReportEntryVisibilityFailureOrVerbose
	if r.quiet {
		visibility = ginkgo.ReportEntryVisibilityNever
	}
	e.Resource = evidence.Resource{} // for whoever compares, and not for people
	ginkgo.AddReportEntry(e.Subject+" "+e.Question, visibility, entry{e})
}

// entry is evidence as Ginkgo shows it.
type entry struct{ evidence.Evidence }

func (e entry) String() string { return e.Text("") }

// traced returns what was asked during a spec.
func (s *suite) traced(r types.SpecReport) []evidence.Evidence {
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	if s.trace.id != idOf(r) {
		return nil
	}
	return append([]evidence.Evidence(nil), s.trace.evidence...)
}
