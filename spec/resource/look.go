package resource

import (
	"context"
	"errors"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/target"
)

// A Look is one question of a resource while it is being answered. A method that has more
// to do than to Ask begins with one:
//
//	l := resource.NewLook(&q.Base, "Depth")
//	f, err := resource.Fact(l, queues, q.Name(), say)
//	switch {
//	case err != nil:
//		return 0, err
//	case !f.exists:
//		return 0, l.Missing()
//	}
//	return f.depth, nil
type Look struct {
	ctx      context.Context
	view     target.View
	err      error
	of       *core
	question string
}

// NewLook begins to answer a question of a resource. question is the name of the method
// that asks; wants are the facts that it needs, which are asked for in one exchange. Where
// that cannot be, every Fact of the Look is the error that says why, as is Err.
func NewLook[T any](b *Base[T], question string, wants ...target.Want) *Look {
	l := &Look{of: &b.core, question: question}
	if l.ctx, l.view, l.err = b.viewNow(); len(wants) > 0 {
		_ = l.Together(wants...) // Err has it
	}
	return l
}

// Err is why nothing can be asked, or nil.
func (l *Look) Err() error { return l.err }

// Context ends when the question is to be given up.
func (l *Look) Context() context.Context { return l.ctx }

// View is how the target is looked at.
func (l *Look) View() target.View { return l.view }

// Together asks for more facts that the question needs, in one exchange.
func (l *Look) Together(wants ...target.Want) error {
	if l.err == nil {
		l.view, l.err = l.view.Together(l.ctx, wants...)
	}
	return l.err
}

// As has what is asked from now on asked as another account.
func (l *Look) As(as target.Identity) { l.view.As = as }

// Explain is the evidence of the last answer, with what is near what was not found.
func (l *Look) Explain() evidence.Evidence { return l.of.Explain(l.question) }

// Peek asks one fact on the way to an answer, which is given by Answer or Fact: what was
// come by here stands in no report yet.
func Peek[F any](l *Look, k *target.Kind[F], name string) (F, evidence.Evidence, error) {
	if l.err != nil {
		var none F
		return none, evidence.Evidence{}, l.err
	}
	return target.Ask(l.ctx, l.view, k, name)
}

// Fact asks one fact for a Look. say puts it into words: what was found, and what is near
// it when it is not what people look for; it may be nil.
func Fact[F any](l *Look, k *target.Kind[F], name string, say func(F) (found, near string)) (F, error) {
	if l.err != nil {
		var none F
		return none, l.err
	}
	f, e, err := Peek(l, k, name)
	if err == nil && say != nil {
		e.Found, e.Near = say(f)
	}
	return f, l.Answer(e, err)
}

// Answer keeps the evidence of an answer that was come by in another way than by Fact, for
// failure texts and reports, and completes its error, which is to be returned.
func (l *Look) Answer(e evidence.Evidence, err error) error {
	return l.of.answered(l.ctx, l.view, l.question, e, err)
}

// Detail has more asked when a failure text is shown, at most once and for a short time:
// better words for what was found, and what is near it. What look leaves empty stays as it
// is, and whatever comes of it changes no answer.
func (l *Look) Detail(look func(context.Context, target.View) (found, near string)) {
	l.of.detail(l.question, look)
}

// Missing is the error of asking for an attribute of what does not exist. It fails Should
// and ShouldNot alike, and is counted as a wrong answer, since it is known.
func (l *Look) Missing() error { return l.of.missing(l.question) }

// Unknown is the error of a question that was answered, in a way that does not tell what
// was asked for: "could not tell". advice is what the reader can do, and may be empty.
func (l *Look) Unknown(reason, advice string) error { return l.of.unknown(l.question, reason, advice) }

// Refuse is the error of a question that makes no sense, whatever holds on the target. It
// is wrong usage, and told before anything is asked.
func Refuse[T any](b *Base[T], err error) error { return b.refuse(err) }

// Ask asks one fact on behalf of a method of the resource. question is the
// method's name; say puts the fact into words: what was found, and what is near
// it when it is not what people look for. Where found is empty no line says it.
func Ask[T, F any](b *Base[T], question string, k *target.Kind[F], name string, say func(F) (found, near string)) (F, error) {
	return Fact(NewLook(b, question), k, name, say)
}

// viewNow says where to ask at this moment.
func (b *core) viewNow() (context.Context, target.View, error) {
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

// answered keeps the evidence of an answer, hands it to the recorder, and
// completes the error.
func (b *core) answered(ctx context.Context, v target.View, question string, e evidence.Evidence, err error) error {
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
func (b *core) missing(question string) error {
	return &evidence.Missing{Evidence: b.Explain(question), What: b.String()}
}

// refuse is the error of a question that makes no sense, whatever holds on the
// target.
func (b *core) refuse(err error) error {
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
func (b *core) unknown(question, reason, advice string) error {
	ctx, v, err := b.viewNow()
	if err != nil {
		return err
	}
	if rest, ok := strings.CutPrefix(advice, askAsRoot); ok && v.IsRoot(ctx) {
		advice = "root asked, and may not see it there: in a container that takes the capability SYS_PTRACE" + strings.TrimPrefix(rest, needsPtrace)
	}
	e := b.Explain(question)
	return b.answered(ctx, v, question, e, &evidence.Unknown{Reason: evidence.Clean(reason), Advice: advice})
}
