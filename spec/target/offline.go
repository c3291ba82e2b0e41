package target

import (
	"context"
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
	rest := wants
	if !t.effective(as).Sudo {
		limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
		defer cancel()
		files := prefetch(limited, t.backend.(backends.FileReader), *t.system, wants) // see connectOffline
		t.count(func(s *Stats) { s.Exchanges++ })
		rest = t.readFiles(limited, files, *t.system, wants, timeout, replies)
	}
	for _, w := range rest {
		replies[w] = t.processless(as)
	}
}

// prefetch has a backend look at once at all files that the answers stand in, if it can.
func prefetch(ctx context.Context, files backends.FileReader, sys System, wants []Want) backends.FileReader {
	p, ok := files.(backends.Prefetcher)
	if !ok {
		return files
	}
	var paths []string
	kinds, names := group(wants)
	for _, k := range kinds {
		paths = append(paths, k.files(sys, names[k])...)
	}
	if len(paths) == 0 {
		return files
	}
	return p.Prefetch(ctx, paths)
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
