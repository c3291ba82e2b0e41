// Package resource holds what specs speak of: packages, services, ports, files.
// There is one file for each kind of resource, with its questions in the plural
// and its methods; how tools' answers are read is in package fact.
//
// A resource is a pointer to a struct that embeds Base. Its methods answer one
// question each and return (value, error); matchers ask them. Where it is asked,
// and as whom, comes from an Asker at the moment of the question, so that one
// value serves on several targets. Resources of other people are made the same
// way:
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
package resource

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/target"
)

// An Asker connects resources with the run they are used in.
type Asker interface {
	// View says where and how to ask at this moment. A context with a
	// recorder (see package evidence) is handed each answer.
	View() (context.Context, target.View, error)
	// Should declares one spec for each matcher, or asserts at once, whichever
	// the moment asks for. skip counts the callers between it and the author.
	Should(subject any, negated bool, matchers []types.GomegaMatcher) bool
}

// Base is what every resource has: a name, the account it is asked with, and
// the one-liners Should and ShouldNot. T is the resource's own type.
type Base[T any] struct {
	asker    Asker
	kind     string
	numbered bool // the name is a number, and is shown without quotes
	name     string
	via      string // what was asked for in place of the target's own, as By("pip") does
	self     *T
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
	return Base[T]{asker: a, kind: kind, name: name, self: self, answers: &answers{last: map[string]evidence.Evidence{}}}
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
func (b *Base[T]) Name() string { return b.name }

// String names the resource as people read it: Package "nginx". A secret in its name is
// masked.
func (b *Base[T]) String() string {
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
func (b *Base[T]) Answered(question string) evidence.Evidence {
	b.answers.mu.Lock()
	defer b.answers.mu.Unlock()
	return b.answers.last[question]
}

// Explain is Answered for people: where that may help them it looks for what is near
// what was not found, or tells more of what was. That is asked at most once, for a short
// time, and whatever comes of it changes no answer.
func (b *Base[T]) Explain(question string) evidence.Evidence {
	b.answers.mu.Lock()
	e, look := b.answers.last[question], b.answers.hints[question]
	delete(b.answers.hints, question)
	b.answers.mu.Unlock()
	if look == nil {
		return e
	}
	ctx, v, err := b.view()
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

// hint has Explain look for what is near the last answer to a question.
func (b *Base[T]) hint(question string, look func(context.Context, target.View) string) {
	b.detail(question, func(ctx context.Context, v target.View) (found, near string) { return "", look(ctx, v) })
}

// detail has Explain put the last answer to a question into better words. What look
// leaves empty stays as it is.
func (b *Base[T]) detail(question string, look func(context.Context, target.View) (found, near string)) {
	b.answers.mu.Lock()
	defer b.answers.mu.Unlock()
	if b.answers.hints == nil {
		b.answers.hints = map[string]func(context.Context, target.View) (found, near string){}
	}
	b.answers.hints[question] = look
}

// Usable returns why the resource can never be asked, or nil.
func (b *Base[T]) Usable() error {
	if b.settings.timeout < 0 {
		return b.refuse(fmt.Errorf("WithTimeout(%v): want a time above zero such as 10*time.Second", b.settings.timeout))
	}
	if err := b.settings.asErr; err != nil {
		return b.refuse(fmt.Errorf("AsUser: %w", err))
	}
	return nil
}

// view says where to ask at this moment.
func (b *Base[T]) view() (context.Context, target.View, error) {
	if err := b.Usable(); err != nil {
		return nil, target.View{}, err
	}
	ctx, v, err := b.asker.View()
	if err != nil {
		return nil, v, err
	}
	v.As = b.settings.identity(v.As)
	if b.settings.timeout > 0 {
		v.Timeout = b.settings.timeout
	}
	return ctx, v, nil
}

// together is view with the answers to several wants, which are asked in one exchange.
func (b *Base[T]) together(wants ...target.Want) (context.Context, target.View, error) {
	ctx, v, err := b.view()
	if err != nil {
		return ctx, v, err
	}
	v, err = v.Together(ctx, wants...)
	return ctx, v, err
}

// Ask asks one fact on behalf of a method of the resource. question is the
// method's name; say puts the fact into words: what was found, and what is near
// it when it is not what people look for.
func Ask[T, F any](b *Base[T], question string, k *target.Kind[F], name string, say func(F) (found, near string)) (F, error) {
	var none F
	ctx, v, err := b.view()
	if err != nil {
		return none, err
	}
	return AskView(ctx, v, b, question, k, name, say)
}

// AskView is Ask through a View that the caller has, for questions that need
// more than one fact.
func AskView[T, F any](ctx context.Context, v target.View, b *Base[T], question string, k *target.Kind[F], name string, say func(F) (found, near string)) (F, error) {
	f, e, err := target.Ask(ctx, v, k, name)
	if err == nil && say != nil {
		e.Found, e.Near = say(f)
	}
	return f, b.answered(ctx, v, question, e, err)
}

// answered keeps the evidence of an answer, hands it to the recorder, and
// completes the error.
func (b *Base[T]) answered(ctx context.Context, v target.View, question string, e evidence.Evidence, err error) error {
	if errors.Is(err, target.ErrPlanned) {
		return err
	}
	if mistake := (*evidence.Mistake)(nil); errors.As(err, &mistake) {
		return &evidence.Mistake{Subject: b.String(), Err: mistake.Err}
	}
	e.Subject, e.Question = b.String(), question
	e.Resource = evidence.Resource{Kind: b.kind, Name: evidence.Mask(b.name), Via: b.via}
	e.Found, e.Near, e.Subject = evidence.Clean(e.Found), evidence.Clean(e.Near), evidence.Clean(e.Subject)
	if err != nil {
		e.Unknown = true
		err = told(e, err)
	}
	b.answers.mu.Lock()
	b.answers.last[question] = e
	delete(b.answers.hints, question)
	b.answers.mu.Unlock()
	if v.Plan == nil {
		evidence.Record(ctx, e)
	}
	return err
}

// told makes the error of "could not tell" out of whatever went wrong, with the
// evidence in it. That a target cannot be used at all stays what it is.
func told(e evidence.Evidence, err error) error {
	var unreachable *backends.UnreachableError
	if errors.As(err, &unreachable) {
		return err
	}
	var unknown *evidence.Unknown
	if errors.As(err, &unknown) {
		c := *unknown
		c.Evidence = e
		return &c
	}
	return &evidence.Unknown{Evidence: e, Err: err}
}

// missing is the error of asking for an attribute of what does not exist.
func (b *Base[T]) missing(question string) error {
	return &evidence.Missing{Evidence: b.Explain(question), What: b.String()}
}

// refuse is the error of a question that makes no sense, whatever holds on the
// target.
func (b *Base[T]) refuse(err error) error {
	return &evidence.Mistake{Subject: b.String(), Err: err}
}

// askAsRoot begins the advice to ask as root, which is not given to root. needsPtrace
// goes on with what else that takes in a container.
const (
	askAsRoot   = "ask as root"
	needsPtrace = "; in a container root needs the capability SYS_PTRACE for it"
)

// unknown is the error of a question that was answered, in a way that does not
// tell what was asked for. advice is what the reader can do, and may be empty.
func (b *Base[T]) unknown(question, reason, advice string) error {
	ctx, v, err := b.view()
	if err != nil {
		return err
	}
	if rest, ok := strings.CutPrefix(advice, askAsRoot); ok && v.IsRoot(ctx) {
		advice = "root asked, and may not see it there: in a container that takes the capability SYS_PTRACE" + strings.TrimPrefix(rest, needsPtrace)
	}
	e := b.Explain(question)
	return b.answered(ctx, v, question, e, &evidence.Unknown{Reason: evidence.Clean(reason), Advice: advice})
}
