package target

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// A Kind is one sort of fact and how to ask for many of it at once: all
// packages, all units, all paths in one script. Values are immutable package
// variables of whoever defines the resource; F is what one answer holds. That
// something does not exist is usually an answer and has its place in F.
type Kind[F any] struct {
	// Name is what the kind is called in messages: "package".
	Name string
	// Check, where set, says what is wrong with a name that nothing can be called.
	// Such a name is an evidence.Mistake, and is asked of nobody.
	Check func(name string) error
	// Ask composes the questions about names, as few as possible. Each is
	// POSIX sh that only reads. An error says that this system cannot be asked
	// for it, and becomes "could not tell".
	Ask func(sys System, names []string) ([]Question, error)
	// Parse reads the answer to one question. A name that is missing from the
	// map could not be told. Exit codes 126, 127 and those of signals never come
	// here; any other code is for Parse to judge.
	Parse func(sys System, q Question, o Output) (map[string]Answer[F], error)
	// Read, where set, answers about names by files where the backend is a
	// backends.FileReader, and is all there is where no process can be started
	// (System.NoProcess). ErrAsk, as its error or that of an Answer, says that files
	// cannot tell what a process can. A name that is missing from the map could not be
	// told. OneByOne makes it of a function for a single name.
	Read ReadFunc[F]
	// Reads says what Read looks at, for the evidence, where an Answer does not:
	// "stat /etc/hosts".
	Reads func(name string) string
	// Files are the files that Read looks at, for backends that look at many at once
	// (see backends.Prefetcher). It may name too many or too few. A kind without them
	// looks at what only a process sees, such as /proc, and is not read where none can
	// be started; elsewhere Read may look there.
	Files func(sys System, names []string) []string
	// Size, where set, is how many bytes an answer holds. One of more than MaxTogether
	// is not kept, and neither is what goes beyond what a target keeps; it is asked for
	// alone when it is needed. With several names Parse and Read give ErrLater for one.
	Size func(F) int
}

// Bounds on what is kept of the answers of kinds with a Size.
const (
	// MaxTogether is what one answer may hold that is asked for with others.
	MaxTogether = 1 << 20
	maxKept     = 8 << 20
)

// ErrLater is the error of an answer that is too large to be given together with
// others, and is asked for alone when it is needed.
var ErrLater = errors.New("this is asked for alone")

// ErrAsk is the error of Kind.Read where a process has to be asked.
var ErrAsk = errors.New("reading files is not enough to tell")

// A Question is one script and the names it asks about.
type Question struct {
	Names  []string
	Script string
	// Show is the script as people are shown it; the script itself if empty.
	Show string
	// Stateless promises that the script leaves the shell that runs it as it was: it
	// sets nothing there but positional parameters, does not exit, and defines no
	// function. It costs a process less.
	Stateless bool
	// Secret keeps people from being shown what had come of an answer that broke off.
	Secret bool
}

// An Answer is a fact about one name, or why it could not be told.
type Answer[F any] struct {
	Fact F
	Err  error
	// Asked says what Read looked at, where that is not Kind.Reads.
	Asked string
}

// A Want is one fact that somebody wants to know.
type Want struct {
	Kind asker
	Name string
}

// asker is a Kind of whatever type.
type asker interface {
	kindName() string
	check(name string) error
	compose(sys System, names []string) ([]Question, error)
	judge(sys System, q Question, o Output) (map[string]Answer[any], error)
	readable(sys System) bool
	files(sys System, names []string) []string
	read(ctx context.Context, r backends.FileReader, sys System, names []string) (map[string]Answer[any], error)
	reads(name string) string
	size(fact any) int
}

func (k *Kind[F]) kindName() string { return k.Name }

func (k *Kind[F]) check(name string) error {
	if k.Check == nil {
		return nil
	}
	return k.Check(name)
}

func (k *Kind[F]) compose(sys System, names []string) ([]Question, error) { return k.Ask(sys, names) }

func (k *Kind[F]) judge(sys System, q Question, o Output) (map[string]Answer[any], error) {
	typed, err := k.Parse(sys, q, o)
	if err != nil {
		return nil, err
	}
	return untyped(typed), nil
}

func untyped[F any](typed map[string]Answer[F]) map[string]Answer[any] {
	out := make(map[string]Answer[any], len(typed))
	for name, a := range typed {
		out[name] = Answer[any]{Fact: a.Fact, Err: a.Err, Asked: a.Asked}
	}
	return out
}

// readable reports whether reading files may answer.
func (k *Kind[F]) readable(sys System) bool {
	return k.Read != nil && (sys.NoProcess == nil || k.Files != nil)
}

func (k *Kind[F]) files(sys System, names []string) []string {
	if k.Files == nil {
		return nil
	}
	return k.Files(sys, names)
}

func (k *Kind[F]) read(ctx context.Context, r backends.FileReader, sys System, names []string) (map[string]Answer[any], error) {
	typed, err := patiently(ctx, func(ctx context.Context) (map[string]Answer[F], error) { return k.Read(ctx, r, sys, names) })
	return untyped(typed), err
}

func (k *Kind[F]) reads(name string) string {
	if k.Reads == nil {
		return k.Name + " " + name
	}
	return k.Reads(name)
}

// A ReadFunc is a Kind.Read.
type ReadFunc[F any] func(ctx context.Context, r backends.FileReader, sys System, names []string) (map[string]Answer[F], error)

// OneByOne makes a Kind.Read of a function that answers about one name.
func OneByOne[F any](read func(ctx context.Context, r backends.FileReader, name string) (F, error)) ReadFunc[F] {
	return func(ctx context.Context, r backends.FileReader, _ System, names []string) (map[string]Answer[F], error) {
		out := make(map[string]Answer[F], len(names))
		for _, name := range names {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			f, err := read(ctx, r, name)
			out[name] = Answer[F]{Fact: f, Err: err}
		}
		return out, nil
	}
}

// patiently calls f in a goroutine that is left to itself when it has not returned
// by the end of the context: on a dead network file system it never does.
func patiently[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := f(backends.Patient(ctx))
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

func (k *Kind[F]) size(fact any) int {
	f, ok := fact.(F)
	if k.Size == nil || !ok {
		return 0
	}
	return k.Size(f)
}

// Of makes a Want.
func (k *Kind[F]) Of(name string) Want { return Want{Kind: k, Name: name} }

// A View is how somebody looks at a target at this moment.
type View struct {
	Target *Target
	// As is the account to ask as.
	As Identity
	// Epoch, when not zero, allows answers that were given in the same epoch,
	// and keeps new ones for it. Zero asks anew each time.
	Epoch int64
	// Timeout bounds each question; 0 means the target's.
	Timeout time.Duration
	// Plan, when set, only notes what would be asked.
	Plan *Plan
	// together holds answers that were fetched for this look alone.
	together map[factKey]reply
}

// IsRoot reports whether questions are asked as root, as far as that is known.
func (v View) IsRoot(ctx context.Context) bool {
	t := v.Target
	if err := t.take(ctx); err != nil {
		return false
	}
	defer t.give()
	return t.system != nil && t.systemAs(v.As).UID == 0
}

// A Plan collects what would be asked.
type Plan struct {
	Wants []Want
	As    []Identity
}

// ErrPlanned is what a question returns whose View has a Plan, unless its answer
// is known already.
var ErrPlanned = errors.New("this question is only planned")

// reply is an answer with how it came about.
type reply struct {
	fact     any
	err      error
	evidence evidence.Evidence
	// later says that the answer is not kept, and is to be asked for alone.
	later bool
}

// Ask asks one fact. The error is an *evidence.Unknown where it could not be
// told, and a *backends.UnreachableError where the target cannot be used at all.
func Ask[F any](ctx context.Context, v View, k *Kind[F], name string) (F, evidence.Evidence, error) {
	var none F
	if err := k.check(name); err != nil {
		return none, evidence.Evidence{}, &evidence.Mistake{Err: err}
	}
	r, err := v.lookup(ctx, k.Of(name))
	if err != nil {
		// Whoever may not ask was not answered, and is told where.
		var unknown *evidence.Unknown
		if errors.As(err, &unknown) {
			return none, unknown.Evidence, err
		}
		return none, evidence.Evidence{}, err
	}
	if r.err != nil {
		return none, r.evidence, r.err
	}
	f, ok := r.fact.(F)
	if !ok {
		return none, r.evidence, fmt.Errorf("%s %q: the answer is a %T", k.Name, name, r.fact)
	}
	return f, r.evidence, nil
}

// Together fetches several facts in one exchange and returns a View that
// answers with them. It is for a question that needs more than one fact.
// A name that nothing can be called is not asked about, and Ask says so.
func (v View) Together(ctx context.Context, wants ...Want) (View, error) {
	wants = slices.DeleteFunc(slices.Clone(wants), func(w Want) bool { return w.Kind.check(w.Name) != nil })
	if v.Plan != nil || v.Epoch != 0 {
		var missing []Want
		for _, w := range wants {
			if r, ok := v.Target.cache.get(v.As, w, v.Epoch); !ok && !r.later {
				missing = append(missing, w)
			}
		}
		if len(missing) == 0 {
			return v, nil
		}
		if v.Plan != nil {
			for _, w := range missing {
				v.Plan.add(v.As, w)
			}
			return v, ErrPlanned
		}
		_, err := v.Target.fetch(ctx, v.As, missing, v.Epoch, v.Timeout)
		return v, err
	}
	replies, err := v.Target.fetch(ctx, v.As, wants, 0, v.Timeout)
	if err != nil {
		return v, err
	}
	v.together = maps.Clone(v.together)
	if v.together == nil {
		v.together = map[factKey]reply{}
	}
	for w, r := range replies {
		v.together[factKey{v.As, w}] = r
	}
	return v, nil
}

func (p *Plan) add(as Identity, w Want) {
	for i := range p.Wants {
		if p.Wants[i] == w && p.As[i] == as {
			return
		}
	}
	p.Wants, p.As = append(p.Wants, w), append(p.As, as)
}

func (v View) lookup(ctx context.Context, w Want) (reply, error) {
	if r, ok := v.together[factKey{v.As, w}]; ok && !r.later {
		return r, nil
	}
	r, ok := v.Target.cache.get(v.As, w, v.Epoch)
	switch {
	case ok:
		return r, nil
	case v.Plan != nil && !r.later:
		v.Plan.add(v.As, w)
		return reply{}, ErrPlanned
	case v.Plan != nil:
		return reply{}, ErrPlanned
	}
	replies, err := v.Target.fetch(ctx, v.As, []Want{w}, v.Epoch, v.Timeout)
	if err != nil {
		return reply{}, err
	}
	return replies[w], nil
}

// group sorts wants by kind, keeping the order in which kinds and names first
// came.
func group(wants []Want) (kinds []asker, names map[asker][]string) {
	names = map[asker][]string{}
	seen := make(map[Want]bool, len(wants))
	for _, w := range wants {
		if seen[w] {
			continue
		}
		seen[w] = true
		if names[w.Kind] == nil {
			kinds = append(kinds, w.Kind)
		}
		names[w.Kind] = append(names[w.Kind], w.Name)
	}
	return kinds, names
}
