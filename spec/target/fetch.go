package target

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// minSingleDeadline is what each name gets when the question about all of them
// together did not come back, unless its timeout is shorter.
const minSingleDeadline = 2 * time.Second

// Fetch asks for all wants in one exchange and keeps the answers for the epoch.
// The error says that nothing could be asked; what could not be told about a
// single want is told to whoever asks for it.
func (t *Target) Fetch(ctx context.Context, as Identity, wants []Want, epoch int64) error {
	_, err := t.fetch(ctx, as, wants, epoch, 0)
	return err
}

// Knows reports whether the answer to a want is known in the epoch.
func (t *Target) Knows(as Identity, w Want, epoch int64) bool {
	_, ok := t.cache.get(as, w, epoch)
	return ok
}

// A pending question belongs to a kind and waits for its answer.
type pending struct {
	Question
	kind     asker
	sys      System // as the one who asks sees it
	deadline time.Duration
}

func (t *Target) fetch(ctx context.Context, as Identity, wants []Want, epoch int64, timeout time.Duration) (map[Want]reply, error) {
	if timeout == 0 {
		timeout = t.timeout
	}
	if err := t.take(ctx); err != nil {
		return nil, err
	}
	defer t.give()
	replies, err := t.answer(ctx, as, wants, timeout)
	if err != nil {
		return nil, err
	}
	for _, w := range wants {
		if _, ok := replies[w]; !ok {
			replies[w] = t.unknown(evidence.Evidence{}, fmt.Sprintf("the target did not answer about %s %q", w.Kind.kindName(), w.Name), nil)
		}
	}
	t.cache.put(as, replies, epoch)
	return replies, nil
}

// answer reads files where the backend can and the kind may, and asks the shell for
// all else in one exchange.
func (t *Target) answer(ctx context.Context, as Identity, wants []Want, timeout time.Duration) (map[Want]reply, error) {
	if err := t.connect(ctx); err != nil {
		return nil, err
	}
	replies := make(map[Want]reply, len(wants))
	if t.noProcess != nil {
		t.answerOffline(ctx, as, wants, timeout, replies)
		return replies, context.Cause(ctx)
	}
	files, ok := t.backend.(backends.FileReader)
	if as = t.effective(as); !ok || as.Sudo {
		return replies, t.exchange(ctx, as, wants, timeout, replies)
	}
	if t.system == nil {
		if _, err := t.shell(ctx, as); err != nil {
			return nil, err
		}
	}
	sys := t.systemAs(as)
	var read, ask []Want
	for _, w := range wants {
		if w.Kind.readable(sys) {
			read = append(read, w)
		} else {
			ask = append(ask, w)
		}
	}
	var opening sync.WaitGroup
	var err error
	if len(ask) > 0 {
		// A shell that greets with nothing starts no process but itself, which is not
		// seen in the list of processes.
		opening.Go(func() { _, err = t.shell(ctx, as) })
	}
	ask = append(ask, t.readFiles(ctx, files, sys, read, timeout, replies)...)
	opening.Wait()
	if err == nil {
		err = context.Cause(ctx) // whoever asks next is not to be told that somebody gave up
	}
	if err != nil {
		return nil, err
	}
	return replies, t.exchange(ctx, as, ask, timeout, replies)
}

// exchange asks the shell, if there is anything to ask. What hangs or kills the
// shell is told as such, and the rest is asked again without it.
func (t *Target) exchange(ctx context.Context, as Identity, wants []Want, timeout time.Duration, replies map[Want]reply) error {
	if len(wants) == 0 {
		return nil
	}
	if _, err := t.shell(ctx, as); err != nil {
		return err
	}
	todo := t.compose(as, wants, timeout, replies)
	t.openSpares(ctx, as)
	for reconnected := false; len(todo) > 0; {
		sh, err := t.shell(ctx, as)
		if err != nil {
			return err
		}
		n, partial, err := sh.ask(ctx, questions(todo),
			func(i int) time.Duration { return todo[i].deadline },
			func(i int, o Output) { t.judge(todo[i], o, replies) })
		t.count(func(s *Stats) { s.Exchanges++ })
		if err == nil {
			return nil
		}
		delete(t.shells, t.effective(as))
		todo = todo[n:]
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, backends.ErrLost) && !reconnected:
			reconnected = true
			t.hangUp()
		case errors.Is(err, backends.ErrLost):
			t.giveUp(todo, err, replies)
			return nil
		default:
			todo = append(t.hung(todo[0], partial, err, replies), todo[1:]...)
		}
	}
	return nil
}

// compose makes questions out of wants.
func (t *Target) compose(as Identity, wants []Want, timeout time.Duration, replies map[Want]reply) []pending {
	var out []pending
	sys := t.systemAs(as)
	kinds, names := group(wants)
	for _, k := range kinds {
		questions, err := k.compose(sys, names[k])
		if err != nil {
			for _, name := range names[k] {
				replies[Want{k, name}] = t.unknown(evidence.Evidence{Target: t.String()}, "", err)
			}
			continue
		}
		for _, q := range questions {
			out = append(out, pending{Question: q, kind: k, sys: sys, deadline: timeout})
		}
	}
	return out
}

func questions(all []pending) []Question {
	out := make([]Question, len(all))
	for i, q := range all {
		out[i] = q.Question
	}
	return out
}

// judge reads the answer to one question.
func (t *Target) judge(q pending, o Output, replies map[Want]reply) {
	e := t.evidence(q.Question, o)
	var facts map[string]Answer[any]
	reason, err := o.reason(), error(nil)
	if reason == "" {
		facts, err = q.kind.judge(q.sys, q.Question, o)
	}
	for _, name := range q.Names {
		w := Want{q.kind, name}
		a, answered := facts[name]
		switch {
		case reason != "" || err != nil:
			replies[w] = t.unknown(withStderr(e, o), reason, err)
		case !answered:
			replies[w] = t.unknown(withStderr(e, o), fmt.Sprintf("it did not answer about %s %q", q.kind.kindName(), name), nil)
		case errors.Is(a.Err, ErrLater):
			replies[w] = reply{later: true}
		case a.Err != nil:
			replies[w] = t.unknown(withStderr(e, o), "", a.Err)
		default:
			replies[w] = reply{fact: a.Fact, evidence: e}
		}
	}
}

// hung deals with a question that did not come back: alone, it could not be
// told; with several names, each is asked for alone, so that one path on a dead
// file server does not take the others with it.
func (t *Target) hung(q pending, partial Output, err error, replies map[Want]reply) []pending {
	var out []pending
	if len(q.Names) > 1 {
		deadline := min(q.deadline, max(minSingleDeadline, q.deadline/time.Duration(len(q.Names))))
		for _, name := range q.Names {
			questions, err := q.kind.compose(q.sys, []string{name})
			if err != nil {
				replies[Want{q.kind, name}] = t.unknown(evidence.Evidence{Target: t.String()}, "", err)
				continue
			}
			for _, single := range questions {
				out = append(out, pending{Question: single, kind: q.kind, sys: q.sys, deadline: deadline})
			}
		}
		return out
	}
	e := t.evidence(q.Question, partial)
	e.Status = ""
	reason := err.Error()
	if errors.Is(err, errDeadline) {
		reason = fmt.Sprintf("no answer within %v", q.deadline)
	}
	if !q.Secret {
		reason += printed(partial)
	}
	for _, name := range q.Names {
		replies[Want{q.kind, name}] = t.unknown(withStderr(e, partial), reason, err)
	}
	return nil
}

// printed tells what had come before an answer broke off.
func printed(o Output) string {
	if len(o.Stdout) == 0 {
		return ""
	}
	return "; until then it printed: " + excerpt(string(o.Stdout))
}

func (t *Target) giveUp(todo []pending, err error, replies map[Want]reply) {
	for _, q := range todo {
		for _, name := range q.Names {
			replies[Want{q.kind, name}] = t.unknown(t.evidence(q.Question, Output{}), "", err)
		}
	}
}

func (t *Target) evidence(q Question, o Output) evidence.Evidence {
	asked := q.Show
	if asked == "" {
		asked = q.Script
	}
	return evidence.Evidence{Target: t.String(), Asked: evidence.Excerpt(asked, 200), Status: o.Status.String(), Took: o.Took}
}

func withStderr(e evidence.Evidence, o Output) evidence.Evidence {
	e.Stderr = excerpt(string(o.Stderr))
	return e
}

// unknown makes the reply of "could not tell".
func (t *Target) unknown(e evidence.Evidence, reason string, err error) reply {
	e.Unknown = true
	e.Target = t.String()
	if reason == "" && err != nil {
		reason = err.Error()
	}
	return reply{evidence: e, err: &evidence.Unknown{Evidence: e, Reason: evidence.Clean(reason), Err: err}}
}
