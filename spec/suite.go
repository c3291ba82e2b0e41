package spec

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega/format"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/environ"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/password"
	"github.com/hostspec/hostspec/spec/target"
	"github.com/hostspec/hostspec/spec/wire"
)

// A phase is what the suite is doing.
type phase int32

const (
	loading  phase = iota // the package's variables are being initialised
	building              // Run was called, containers are being entered
	running               // a node has started
	over                  // Run has returned
)

// suite is all that this package remembers. Ginkgo has one tree of specs in a
// process, and so there is one suite.
type suite struct {
	phase atomic.Int32
	// now is the record of the node that started last.
	now atomic.Pointer[record]
	// epoch is the age of the facts that one-liners share. Whatever may have
	// changed a target makes it one older.
	epoch atomic.Int64

	mu        sync.Mutex
	targets   map[string]*target.Target // by the text they were named with
	on        []*onBlock                // being entered, outermost first
	blocks    map[blockKey]*onBlock
	holds     []*condition // of the OnlyOn being entered
	oneLiners []*oneLiner
	authored  map[types.CodeLocation]bool // where one-liners stand
	batches   map[*target.Target]*batches
	filters   *filters                  // set when they were first wanted
	failedOn  map[*target.Target]string // the spec that told of an unreachable target
	// password is what sudo is told; passwordErr is why there is none.
	password    *password.Source
	passwordErr error
	test        ginkgo.GinkgoTestingT
	events      *events
	console     *console
	trace       *trace
	writer      ginkgoWriter
	title       string
	labels      []string
}

// theSuite is this package's one variable.
var theSuite = &suite{
	targets:  map[string]*target.Target{},
	blocks:   map[blockKey]*onBlock{},
	batches:  map[*target.Target]*batches{},
	failedOn: map[*target.Target]string{},
	authored: map[types.CodeLocation]bool{},
	trace:    &trace{},
}

// targetFlag is what -hostspec.target says, or nil where it was not given.
var targetFlag *string

func init() {
	theSuite.epoch.Store(1)
	// Flags are parsed before any test runs.
	flag.Func(wire.TargetFlag, "what specs run against: local://, ssh://user@host, ... (default $HOSTSPEC_TARGET, else local://)", func(text string) error {
		targetFlag = &text
		return nil
	})
}

func (s *suite) is(p phase) bool { return phase(s.phase.Load()) == p }

// A record is what one node of Ginkgo knows of itself: where it asks, and
// whether it may share answers.
type record struct {
	ctx context.Context
	// block is the On block the node belongs to; nil means the ambient target.
	block *onBlock
	// epoch allows answers of that epoch; zero asks anew each time.
	epoch int64
	// marked is the epoch that this node started by making facts stale.
	marked int64
	// plan, when set, notes questions in place of asking them; checks says that
	// this is done to find mistakes, before there are targets.
	plan   *target.Plan
	checks bool
	// attempt counts the runs of one spec that Ginkgo repeats or retries.
	attempt int
	// run is set for the one-liners of a command, and is the same for those that
	// share a run.
	run any
	// quiet keeps evidence out of Ginkgo's console output, for one-liners,
	// whose failures tell it anyway.
	quiet bool
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

// aroundNode runs around every node of the suite. It makes a fresh record, marks
// all facts as stale, and skips specs of a target that cannot be used.
func (s *suite) aroundNode(ctx context.Context) context.Context {
	s.phase.Store(int32(running))
	// Goroutines of nodes that have ended wait for their turn behind those of the nodes
	// that follow, and hold their stacks meanwhile.
	runtime.Gosched()
	s.writer.install()
	r := &record{marked: s.epoch.Add(1)}
	ctx = context.WithValue(ctx, recordKey{}, r)
	report := ginkgo.CurrentSpecReport()
	r.attempt = report.NumAttempts
	s.follow(report)
	r.ctx = evidence.WithRecorder(ctx, func(e evidence.Evidence) { s.record(r, e) })
	s.now.Store(r)
	if report.LeafNodeType.Is(types.NodeTypeIt) && report.State == types.SpecStateInvalid {
		s.skipIfDead(s.blockOf(report))
	}
	return ctx
}

// takeBack undoes the mark of a node that changes nothing.
func (s *suite) takeBack(r *record) { s.epoch.CompareAndSwap(r.marked, r.marked-1) }

// skipIfDead skips a spec whose target was found unusable by an earlier one.
func (s *suite) skipIfDead(b *onBlock) {
	s.mu.Lock()
	t := s.targets[s.targetText(b)]
	first := s.failedOn[t]
	s.mu.Unlock()
	if t == nil || first == "" {
		return
	}
	if unreachable(t.Dead()) {
		ginkgo.Skip(fmt.Sprintf("%s UNREACHABLE, see %s", t, first))
	}
}

func unreachable(err error) bool {
	var u *backends.UnreachableError
	return errors.As(err, &u)
}

// targetText is how the target of a block was named.
func (s *suite) targetText(b *onBlock) string {
	if b != nil {
		return b.text
	}
	text, _ := s.ambient() // what is wrong with it is told by Run, and by target
	return text
}

// ambient returns the target of what stands in no On.
func (s *suite) ambient() (string, error) {
	switch {
	case targetFlag == nil:
		return environ.Target()
	case strings.TrimSpace(*targetFlag) == "":
		return "", errors.New("-hostspec.target is empty; name a target such as local:// or ssh://user@host")
	}
	return *targetFlag, nil
}

// checkEnvironment looks at the environment once: it does not change.
var checkEnvironment = sync.OnceValue(func() error { return environ.Check(os.Environ()) })

// target returns the target of a block, made at its first use.
func (s *suite) target(b *onBlock) (*target.Target, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.targetText(b)
	if t := s.targets[text]; t != nil {
		return t, nil
	}
	if err := checkEnvironment(); err != nil {
		return nil, err
	}
	if _, err := s.ambient(); b == nil && err != nil {
		return nil, err
	}
	uri, err := parseTarget(text)
	if err != nil {
		return nil, err
	}
	timeout, err := timeoutFromEnvironment()
	if err != nil {
		return nil, err
	}
	t, err := s.newTarget(uri, timeout)
	if err != nil {
		return nil, err
	}
	s.targets[text] = t
	return t, nil
}

// parseTarget reads a target's text, and who it is to be asked as.
func parseTarget(text string) (*backends.URI, error) {
	uri, err := backends.Parse(text)
	if err == nil {
		_, err = target.IdentityOf(uri)
	}
	return uri, err
}

func timeoutFromEnvironment() (time.Duration, error) {
	text := os.Getenv("HOSTSPEC_TIMEOUT")
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("HOSTSPEC_TIMEOUT=%s: want a time above zero such as 30s or 2m", text)
	}
	return d, nil
}

// close ends the connections. It may be called more than once. Whoever still asks
// may need the suite's lock, so a target is never closed under it.
func (s *suite) close() error {
	s.mu.Lock()
	targets := slices.Collect(maps.Values(s.targets))
	s.mu.Unlock()
	var errs []error
	for _, t := range targets {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}

// Secret remembers v and masks it in everything that hostspec shows from now on, as
// ***: names of specs, failure texts, evidence, reports, what was written to
// GinkgoWriter. It returns v.
//
//	var token = Secret(os.Getenv("API_TOKEN"))
//
// Masked are v as it is, v without the white space around it, and each of its lines of
// four characters or more, as they stand and as shells, Go, JSON, XML, URLs and base64
// write them. A v of less than three characters is not masked, since it stands in too
// many words. What a spec prints to stdout by itself is not masked either.
// Reports that Ginkgo makes by itself are masked where one process runs the suite:
// under ginkgo -p it is another one that makes them.
func Secret(v string) string {
	// What Gomega cuts to show where texts differ may be a part of a secret.
	if v != "" && format.TruncatedDiff {
		format.TruncatedDiff = false
	}
	evidence.Remember(v)
	return v
}
