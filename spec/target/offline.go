package target

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// answerOffline answers by files on a target where no process can be started. What
// files cannot tell could not be told, and so could nothing as another user.
func (t *Target) answerOffline(ctx context.Context, as Identity, wants []Want, timeout time.Duration, replies map[Want]reply) {
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	kinds, names := group(wants)
	files := t.backend.(backends.FileReader) // see connectOffline
	if p, ok := files.(backends.Prefetcher); ok {
		var paths []string
		for _, k := range kinds {
			paths = append(paths, k.files(*t.system, names[k])...)
		}
		files = p.Prefetch(limited, paths)
	}
	t.count(func(s *Stats) { s.Exchanges++ })
	for _, k := range kinds {
		if t.effective(as).Sudo {
			t.cannotAsk(k, names[k], replies)
			continue
		}
		t.readOffline(limited, files, k, names[k], timeout, replies)
	}
}

// readOffline answers about the names of one kind.
func (t *Target) readOffline(ctx context.Context, files backends.FileReader, k asker, names []string, timeout time.Duration, replies map[Want]reply) {
	start := time.Now()
	facts, asked, err := k.offline(ctx, files, *t.system, names)
	e := evidence.Evidence{Target: t.String(), Asked: t.mask(evidence.Excerpt(asked, 200)), Took: time.Since(start)}
	switch {
	case errors.Is(err, ErrAsk):
		t.readEach(ctx, files, k, names, timeout, replies)
		return
	case err != nil:
		for _, name := range names {
			replies[Want{k, name}] = t.unknown(e, "", err)
		}
		return
	}
	for _, name := range names {
		switch a, ok := facts[name]; {
		case !ok:
			replies[Want{k, name}] = t.unknown(e, fmt.Sprintf("its files did not tell about %s %q", k.kindName(), name), nil)
		case errors.Is(a.Err, ErrAsk):
			t.cannotAsk(k, []string{name}, replies)
		case a.Err != nil:
			replies[Want{k, name}] = t.unknown(e, "", a.Err)
		default:
			replies[Want{k, name}] = reply{fact: a.Fact, evidence: e}
		}
	}
}

// readEach answers about each name by Read of its kind.
func (t *Target) readEach(ctx context.Context, files backends.FileReader, k asker, names []string, timeout time.Duration, replies map[Want]reply) {
	if ok, _ := k.readable(); !ok {
		t.cannotAsk(k, names, replies)
		return
	}
	wants := make([]Want, len(names))
	for i, name := range names {
		wants[i] = Want{k, name}
	}
	for _, w := range t.readFiles(ctx, files, wants, timeout, replies) {
		t.cannotAsk(k, []string{w.Name}, replies)
	}
}

// cannotAsk says that a process would be needed.
func (t *Target) cannotAsk(k asker, names []string, replies map[Want]reply) {
	for _, name := range names {
		replies[Want{k, name}] = t.unknown(evidence.Evidence{}, t.noShell.Error(), t.noShell)
	}
}
