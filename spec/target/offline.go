package target

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
)

// connectOffline reads what system a target is on which no process can be started.
func (t *Target) connectOffline(ctx context.Context) error {
	files, ok := t.backend.(backends.FileReader)
	if !ok {
		return t.unusable(ctx, "", t.noProcess)
	}
	if t.system == nil {
		limited, cancel := context.WithTimeoutCause(ctx, t.timeout, errDeadline)
		defer cancel()
		system, err := offlineSystem(limited, files)
		if err != nil {
			return t.unusable(ctx, "read os-release", err)
		}
		system.NoProcess = t.noProcess
		t.system = system
	}
	t.usable = true
	return nil
}

// offlineSystem reads os-release(5), which not all images have. Nothing is booted
// there.
func offlineSystem(ctx context.Context, r backends.FileReader) (*System, error) {
	if p, ok := r.(backends.Prefetcher); ok {
		r = p.Prefetch(ctx, osReleases)
	}
	s := System{Kernel: "Linux"}
	if err := s.readRelease(ctx, r); err != nil {
		return nil, err
	}
	return &s, nil
}

// answerOffline answers by files on a target where no process can be started. What
// files cannot tell could not be told, and so could nothing as another user.
func (t *Target) answerOffline(ctx context.Context, as Identity, wants []Want, timeout time.Duration, replies map[Want]reply) {
	kinds, names := group(wants)
	if t.effective(as).Sudo {
		for _, k := range kinds {
			t.cannotAsk(k, as, names[k], replies)
		}
		return
	}
	late := fmt.Errorf("no answer within %v", timeout)
	limited, cancel := context.WithTimeoutCause(ctx, timeout, late)
	defer cancel()
	files := t.backend.(backends.FileReader) // see connectOffline
	if p, ok := files.(backends.Prefetcher); ok {
		var paths []string
		for _, k := range kinds {
			paths = append(paths, k.files(*t.system, names[k])...)
		}
		if len(paths) > 0 {
			files = p.Prefetch(limited, paths)
		}
	}
	t.count(func(s *Stats) { s.Exchanges++ })
	for _, k := range kinds {
		t.readOffline(limited, files, k, as, names[k], replies)
	}
}

// readOffline answers about the names of one kind.
func (t *Target) readOffline(ctx context.Context, files backends.FileReader, k asker, as Identity, names []string, replies map[Want]reply) {
	start := time.Now()
	facts, err := k.offline(ctx, files, *t.system, names)
	if errors.Is(err, ErrAsk) {
		t.cannotAsk(k, as, names, replies)
		return
	}
	took := time.Since(start)
	for _, name := range names {
		a, ok := facts[name]
		e := evidence.Evidence{Target: t.String(), Asked: evidence.Excerpt(a.Asked, 200), Took: took}
		switch {
		case err != nil:
			replies[Want{k, name}] = t.unknown(e, "", err)
		case !ok:
			replies[Want{k, name}] = t.unknown(e, fmt.Sprintf("its files did not tell about %s %q", k.kindName(), name), nil)
		case errors.Is(a.Err, ErrAsk):
			t.cannotAsk(k, as, []string{name}, replies)
		case a.Err != nil:
			replies[Want{k, name}] = t.unknown(e, "", a.Err)
		default:
			replies[Want{k, name}] = forget(Want{k, name}, reply{fact: a.Fact, evidence: e}, len(names) > 1)
		}
	}
}

// cannotAsk says that a process would be needed.
func (t *Target) cannotAsk(k asker, as Identity, names []string, replies map[Want]reply) {
	for _, name := range names {
		replies[Want{k, name}] = t.processless(as)
	}
}

// processless is the reply to what needs a process where none can be started, be it
// only to ask as another user.
func (t *Target) processless(as Identity) reply {
	reason := t.noProcess.Error()
	if as = t.effective(as); as.User != "" {
		reason += ": nothing can be asked as " + as.User + " there"
	}
	return t.unknown(evidence.Evidence{}, reason, t.noProcess)
}
