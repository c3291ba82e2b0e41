package loop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hostspec/hostspec/backends/sandbox"
	"github.com/hostspec/hostspec/spec/snapshot"
	"github.com/hostspec/hostspec/spec/target"
)

// A history is what the target was like at each moment that matters. In a container
// the files of the whole tree are only listed, and hashed where the kernel says that
// something has written them; what such a file held before is read in a second
// container of the image. A live target has its watched folders hashed each time.
type history struct {
	// image is what the container was made from, by its ID: a name may come to mean
	// another one meanwhile.
	image string
	built string // the image that a Dockerfile made

	// before and after the first converge, and last after the second.
	before, after, last *snapshot.Snapshot
	// early are the hashes of files that something had written before converge, as the
	// boot does, and hashes those of files after it.
	early, hashes map[string]snapshot.Digest

	// origin is a container of the image that nothing happens to.
	origin       sandbox.Sandbox
	originTarget *target.Target
}

func (h *history) close() error {
	var errs []error
	if h.originTarget != nil {
		errs = append(errs, h.originTarget.Close())
	}
	if h.origin != nil {
		errs = append(errs, h.origin.Close())
	}
	return errors.Join(errs...)
}

// look takes a snapshot of the target.
func (l *run) look(ctx context.Context) (*snapshot.Snapshot, error) {
	container := l.draft != nil
	return snapshot.Take(ctx, l.eyes, snapshot.Options{Stamps: container, Whole: container, Container: container, Ignore: l.suite.Ignore})
}

// lookBefore takes the first snapshot. In a later turn what counts is still how it all
// began.
func (l *run) lookBefore(ctx context.Context) (err error) {
	if l.history.before != nil {
		return nil
	}
	h := &l.history
	if h.before, err = l.look(ctx); err != nil || l.draft == nil {
		return err
	}
	h.early, err = l.hashWritten(ctx, h.before)
	return err
}

// hashWritten hashes what has been written since the container was made.
func (l *run) hashWritten(ctx context.Context, s *snapshot.Snapshot) (map[string]snapshot.Digest, error) {
	made, err := l.draft.Created(ctx)
	if err != nil {
		return nil, err
	}
	return snapshot.Hash(ctx, l.eyes, s.Since(made), snapshot.Options{})
}

// lookAfter hashes all that has been written since the container was made: what is
// not among that is as in the image, also when something writes it later.
func (l *run) lookAfter(ctx context.Context) (err error) {
	h := &l.history
	if h.after, err = l.look(ctx); err != nil || l.draft == nil {
		return err
	}
	if len(l.suite.Converge) > 0 {
		h.hashes, err = l.hashWritten(ctx, h.after)
		return err
	}
	// A container of an image that was built has written nothing.
	h.hashes, err = snapshot.Hash(ctx, l.eyes, snapshot.Candidates(h.before, h.after), snapshot.Options{})
	return err
}

// was are the hashes of files as they were before converge: what had been written by
// then, and all else as it is in the image.
func (l *run) was(ctx context.Context, names []string) (map[string]snapshot.Digest, error) {
	out := only(l.history.early, names)
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, ok := out[name]; return ok })
	if len(names) == 0 {
		return out, nil
	}
	origin, err := l.origin(ctx)
	if err != nil {
		return nil, err
	}
	were, err := snapshot.Hash(ctx, origin, names, snapshot.Options{})
	maps.Copy(out, were)
	return out, err
}

// origin is the second container of the image, made when it is first needed.
func (l *run) origin(ctx context.Context) (_ *target.Target, err error) {
	h := &l.history
	if h.origin == nil {
		if h.origin, err = l.opt.Sandboxes.New(ctx, sandbox.Options{Image: h.image, Mounts: mounts(l.suite)}); err != nil {
			return nil, fmt.Errorf("cannot make a second container of %s: %w", l.image, err)
		}
	}
	if h.originTarget == nil {
		h.originTarget, err = newTarget(h.origin.RootURI())
	}
	return h.originTarget, err
}

// changes is what converge has changed.
func (l *run) changes(ctx context.Context) (*snapshot.Difference, error) {
	h := &l.history
	before, after := h.before, h.after
	opt := snapshot.DiffOptions{Ignore: l.suite.Ignore}
	if len(l.suite.Converge) == 0 {
		opt.Ignore = append(slices.Clone(opt.Ignore), ofOneContainer()...)
	}
	if l.draft != nil {
		written := snapshot.Candidates(before, after)
		was, err := l.was(ctx, written)
		if err != nil {
			return nil, err
		}
		before, after = before.WithHashes(was), after.WithHashes(only(h.hashes, written))
	}
	return snapshot.Diff(before, after, opt), nil
}

// ofOneContainer are what differs between any two containers: an image that was built
// is looked at in another one than what it was built from.
func ofOneContainer() []string {
	return []string{"parameter:kernel.hostname", "/etc/machine-id", "/var/log/journal/*"}
}

func only(sums map[string]snapshot.Digest, names []string) map[string]snapshot.Digest {
	out := map[string]snapshot.Digest{}
	for _, name := range names {
		if d, ok := sums[name]; ok {
			out[name] = d
		}
	}
	return out
}

// idempotent converges once more: nothing may differ then.
func (l *run) idempotent(ctx context.Context) StageResult {
	if len(l.suite.Converge) == 0 {
		return StageResult{Outcome: Skipped, Summary: "an image is built anew each time"}
	}
	ran := l.convergeAll(ctx, rand.Text())
	if ran.Outcome == Broken {
		ran.Summary = "the second " + ran.Summary
		return ran
	}
	again, err := l.look(ctx)
	if err != nil {
		return broken("looking at the target", err)
	}
	l.history.last = again
	diff, err := l.sinceConverge(ctx, again)
	if err != nil {
		return broken("comparing files", err)
	}
	out := l.compared(again, diff, ran.Summary)
	if out.Outcome == Failed || out.Outcome == Broken {
		return out
	}
	// Snapshots do not see all that a spec does: noise, and what the suite ignores.
	if asked := judge(l.hooks.Specs(ctx, Idempotent, l.text)); asked.Outcome != Held {
		asked.Summary = "after the second converge: " + asked.Summary
		return asked
	}
	return out
}

// compared judges what the second converge has changed.
func (l *run) compared(again *snapshot.Snapshot, diff *snapshot.Difference, said string) StageResult {
	out := StageResult{Outcome: Held, Summary: "nothing differs; " + said}
	restarted := snapshot.Restarted(l.history.after, again)
	for _, name := range restarted {
		out.Details = append(out.Details, fmt.Sprintf("service %s was restarted by the second converge", name))
	}
	switch {
	case len(restarted) > 0 && l.opt.Strict:
		out.Outcome = Failed
	case len(restarted) > 0:
		out.Outcome = Warned
	}
	if len(restarted) > 0 {
		out.Summary = fmt.Sprintf("%d restarted; %s", len(restarted), said)
	}
	if len(diff.Items) > 0 {
		out.Outcome, out.Summary = Failed, diff.Summary()+" after the second converge"
		out.Details = append(describe(diff.Items), out.Details...)
	} else if len(diff.Unknown) > 0 && l.newlyUnknown(diff.Unknown) != nil {
		return StageResult{Outcome: Broken, Summary: "could not tell whether anything differs", Details: describe(l.newlyUnknown(diff.Unknown))}
	}
	return out
}

// newlyUnknown leaves out what could not be told at any time, as services without
// systemd: that is told once, by the specs that need it.
func (l *run) newlyUnknown(items []snapshot.Item) []snapshot.Item {
	known := map[string]bool{}
	for _, i := range l.history.after.Unknown() {
		known[i.Kind+"\x00"+i.Name] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(i snapshot.Item) bool {
		return known[i.Kind+"\x00"+i.Name] || known[i.Kind+"\x00"]
	})
}

func describe(items []snapshot.Item) []string {
	var out []string
	for _, i := range items {
		out = append(out, i.String())
	}
	return out
}

// sinceConverge compares the target with what it was after the first converge.
func (l *run) sinceConverge(ctx context.Context, again *snapshot.Snapshot) (*snapshot.Difference, error) {
	h := &l.history
	opt := snapshot.DiffOptions{Ignore: l.suite.Ignore}
	if l.draft == nil {
		return snapshot.Diff(h.after, again, opt), nil
	}
	written := snapshot.Candidates(h.after, again)
	now, err := snapshot.Hash(ctx, l.eyes, written, snapshot.Options{})
	if err != nil {
		return nil, err
	}
	were := only(h.hashes, written)
	was, err := l.was(ctx, slices.DeleteFunc(slices.Clone(written), func(name string) bool { _, ok := were[name]; return ok }))
	if err != nil {
		return nil, err
	}
	maps.Copy(were, was)
	return snapshot.Diff(h.after.WithHashes(were), again.WithHashes(now), opt), nil
}
