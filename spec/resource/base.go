// Package resource holds what specs speak of: packages, services, ports, files.
// There is one file for each kind of resource, with its questions in the plural
// and its methods; how tools' answers are read is in package fact.
//
// A resource is a pointer to a struct that embeds Base. Its methods answer one
// question each and return (value, error); matchers ask them. Where it is asked,
// and as whom, comes from an Asker at the moment of the question, so that one
// value serves on several targets. Resources of other people are made of the same
// things, all of which are exported:
//
//	type Vault struct{ resource.Base[Vault] }
//
//	func NewVault(name string) *Vault {
//		v := &Vault{}
//		v.Base = resource.New(spec.Ambient(), "Vault", name, v)
//		return v
//	}
//
//	func (v *Vault) Sealed() (bool, error) {
//		s, err := resource.Ask(&v.Base, "Sealed", vaults, v.Name(), func(s status) (found, near string) {
//			return s.String(), ""
//		})
//		return s.Sealed, err
//	}
//
// vaults is a target.Kind, which says how many vaults are asked about in one script; a
// FileTable makes one of a file. A method that needs more than one fact, or has more to
// say than what was found, takes a Look. What can be listed whole (see package catalogue)
// takes part in snapshots, and in the coverage of hostspec tdd.
//
// # The dry run
//
// Before one-liners are asked, each matcher runs with an Asker that only notes what would
// be asked, so that all of it goes to the target in one exchange; then it runs once more.
// A method of a resource must therefore
//
//   - do nothing but ask: it may run several times, or never be answered;
//   - return each error that it is given, without a fact of its own: target.ErrPlanned is
//     what ends it in the dry run;
//   - ask for all facts that it needs in any case by one NewLook, since what is only asked
//     after an answer takes one more exchange.
//
// # Three answers
//
// A fact that holds or not is (true, nil) or (false, nil). Whatever keeps it from being
// told is an error, for which Look.Unknown is there; that an attribute was asked for of
// what does not exist is Look.Missing, and what makes no sense on any target is Refuse.
package resource

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/target"
)

// An Asker connects resources with the run they are used in.
type Asker interface {
	// View says where and how to ask at this moment. A context with a
	// recorder (see package evidence) is handed each answer.
	View() (context.Context, target.View, error)
	// Should declares one spec for each matcher, or asserts at once, whichever
	// the moment asks for.
	Should(subject any, negated bool, matchers []types.GomegaMatcher) bool
}

// Base is what every resource has: a name, the account it is asked with, and
// the one-liners Should and ShouldNot. T is the resource's own type.
type Base[T any] struct {
	core
	self *T
}

// A core is what a Base knows that has nothing to do with its type.
type core struct {
	asker    Asker
	kind     string
	numbered bool // the name is a number, and is shown without quotes
	name     string
	via      string // what was asked for in place of the target's own, as By("pip") does
	settings settings
	answers  *answers
}

type settings struct {
	as      *target.Identity
	asErr   error
	timeout time.Duration
}

// identity is who asks, where otherwise ambient would.
func (s settings) identity(ambient target.Identity) target.Identity {
	if s.as != nil {
		return *s.as
	}
	return ambient
}

// answers holds the evidence of the last answer to each question, for Explain.
type answers struct {
	mu   sync.Mutex
	last map[string]evidence.Evidence
	// hints look for more that people may want to know, when it is asked for.
	hints map[string]func(context.Context, target.View) (found, near string)
}

// New makes the Base of a resource: kind is what it is called ("Package"), name
// what the author gave, and self the resource that embeds it.
func New[T any](a Asker, kind, name string, self *T) Base[T] {
	return Base[T]{self: self, core: core{asker: a, kind: kind, name: name, answers: &answers{last: map[string]evidence.Evidence{}}}}
}

// NewNumbered is New for what has a number in place of a name, as a port has.
func NewNumbered[T any](a Asker, kind string, number int, self *T) Base[T] {
	b := New(a, kind, strconv.Itoa(number), self)
	b.numbered = true
	return b
}

func (b *Base[T]) base() *Base[T] { return b }

// Derive returns a copy of the resource that change has been applied to. It is
// how chains such as By("pip") are made: the resource they are called on stays
// as it is.
func (b *Base[T]) Derive(change func(*T)) *T {
	c := *b.self
	nb := any(&c).(interface{ base() *Base[T] }).base()
	nb.self, nb.answers = &c, &answers{last: map[string]evidence.Evidence{}}
	change(&c)
	return &c
}

func (b *Base[T]) set(change func(*settings)) *T {
	return b.Derive(func(c *T) { change(&any(c).(interface{ base() *Base[T] }).base().settings) })
}

// Name is the name that the author gave.
func (b *core) Name() string { return b.name }

// String names the resource as people read it: Package "nginx". A secret in its name is
// masked.
func (b *core) String() string {
	switch {
	case b.name == "":
		return b.kind
	case b.numbered:
		return b.kind + " " + b.name
	}
	name := evidence.Mask(b.name)
	if b.via != "" {
		return fmt.Sprintf("%s %q (%s)", b.kind, name, b.via)
	}
	return fmt.Sprintf("%s %q", b.kind, name)
}

// Sudo says whether the resource is asked with root's rights, or as the account that
// the target is reached with, whatever holds for its target. Where that account may
// not ask as root, it could not be told.
func (b *Base[T]) Sudo(sudo bool) *T {
	return b.set(func(s *settings) { s.as, s.asErr = &target.Identity{Sudo: sudo}, nil })
}

// AsUser asks the resource as another account of the target: by sudo, or by root.
func (b *Base[T]) AsUser(name string) *T {
	return b.set(func(s *settings) {
		s.as, s.asErr = &target.Identity{Sudo: true, User: name}, checkAccount(name)
	})
}

// WithTimeout bounds each question about the resource.
func (b *Base[T]) WithTimeout(d time.Duration) *T { return b.set(func(s *settings) { s.timeout = d }) }

// Should expects all matchers to hold. While the tree of specs is built it
// declares one spec for each matcher; in a running spec it asserts at once. It
// returns true, or whether the assertion held, so that it can stand at the top
// level of a file as var _ = ...
func (b *Base[T]) Should(matchers ...types.GomegaMatcher) bool {
	return b.asker.Should(b.self, false, matchers)
}

// ShouldNot expects none of the matchers to hold, as Should does.
func (b *Base[T]) ShouldNot(matchers ...types.GomegaMatcher) bool {
	return b.asker.Should(b.self, true, matchers)
}

// Answered returns the evidence of the last answer that this value gave to a
// question, the name of a method. It asks nothing.
func (b *core) Answered(question string) evidence.Evidence {
	b.answers.mu.Lock()
	defer b.answers.mu.Unlock()
	return b.answers.last[question]
}

// Explain is Answered for people: where that may help them it looks for what is near
// what was not found, or tells more of what was. That is asked at most once, for a short
// time, and whatever comes of it changes no answer.
func (b *core) Explain(question string) evidence.Evidence {
	b.answers.mu.Lock()
	e, look := b.answers.last[question], b.answers.hints[question]
	delete(b.answers.hints, question)
	b.answers.mu.Unlock()
	if look == nil {
		return e
	}
	ctx, v, err := b.viewNow()
	if err != nil || v.Plan != nil {
		return e
	}
	v.Timeout = hintTimeout
	found, near := look(ctx, v)
	if found != "" {
		e.Found = evidence.Clean(found)
	}
	if near != "" {
		e.Near = evidence.Clean(near)
	}
	b.answers.mu.Lock()
	defer b.answers.mu.Unlock()
	b.answers.last[question] = e
	return e
}

// hintTimeout bounds a question whose answer only helps people to see what they mean.
const hintTimeout = 10 * time.Second

// detail has Explain put the last answer to a question into better words. What look
// leaves empty stays as it is.
func (b *core) detail(question string, look func(context.Context, target.View) (found, near string)) {
	b.answers.mu.Lock()
	defer b.answers.mu.Unlock()
	if b.answers.hints == nil {
		b.answers.hints = map[string]func(context.Context, target.View) (found, near string){}
	}
	b.answers.hints[question] = look
}

// Usable returns why the resource can never be asked, or nil.
func (b *core) Usable() error {
	if b.settings.timeout < 0 {
		return b.refuse(fmt.Errorf("WithTimeout(%v): want a time above zero such as 10*time.Second", b.settings.timeout))
	}
	if err := b.settings.asErr; err != nil {
		return b.refuse(fmt.Errorf("AsUser: %w", err))
	}
	return nil
}
