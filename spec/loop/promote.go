package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends/sandbox"
	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/snapshot"
)

// running is the label of specs about what converge leaves running, which is in no image.
const running = "running"

// promote makes an image of what was tested, when all held, and tags it when all holds
// in a fresh container of it.
func (l *run) promote(ctx context.Context) StageResult {
	switch {
	case l.suite.Promote == "":
		return StageResult{Outcome: Skipped, Summary: "the suite names no tag to promote to"}
	case l.draft == nil:
		return StageResult{Outcome: Skipped, Summary: "the target is not a container"}
	case l.used:
		return StageResult{Outcome: Skipped, Summary: "not promoted: the container was used before, so what is in it may come from another converge; leave out --reuse"}
	}
	for _, s := range l.result.Stages {
		if s.Outcome == Failed || s.Outcome == Broken {
			return StageResult{Outcome: Skipped, Summary: fmt.Sprintf("not promoted: %s %s", s.Stage, s.Outcome)}
		}
	}
	if err := l.draft.CheckTag(ctx, l.suite.Promote, l.opt.Force); err != nil {
		return l.notPromoted(err)
	}
	if len(l.suite.Converge) == 0 {
		// It is in use as docker build has made it.
		id, err := l.draft.Tag(ctx, l.suite.Promote, l.opt.Force)
		if err != nil {
			return l.notPromoted(err)
		}
		return l.promoted(id)
	}
	out, err := l.outside.changed(ctx, l)
	if err != nil {
		return broken("looking at what no image takes along", err)
	}
	if out.Outcome != Held {
		return out
	}
	return l.commit(ctx, out.Details)
}

func (l *run) notPromoted(err error) StageResult {
	if errors.Is(err, sandbox.ErrTagInUse) {
		err = fmt.Errorf("%w; --force takes it over", err)
	}
	return broken("promoting", err)
}

func (l *run) promoted(id string) StageResult {
	l.result.Image = id
	return StageResult{Outcome: Held, Summary: l.suite.Promote + " is " + id}
}

// commit makes the image, asks the specs of a container of it, and tags it if they hold.
func (l *run) commit(ctx context.Context, details []string) (out StageResult) {
	// Processes of ours are not to be in the image.
	if err := errors.Join(l.target.Close(), l.eyes.Close()); err != nil {
		return broken("promoting", err)
	}
	made, err := l.draft.Commit(ctx, l.labels())
	if err != nil {
		return l.notPromoted(err)
	}
	defer func() {
		if err := made.Close(); err != nil {
			out.Outcome, out.Details = Broken, append(out.Details, err.Error())
		}
	}()
	verdict := l.askImage(ctx, made)
	verdict.Details = append(verdict.Details, details...)
	if verdict.Outcome != Held {
		return verdict
	}
	if err := made.Tag(ctx, l.suite.Promote, l.opt.Force); err != nil {
		return l.notPromoted(err)
	}
	out = l.promoted(made.ID())
	out.Details = verdict.Details
	return out
}

// askImage asks the specs of a fresh container of the image. What holds only there where
// converge has run is not in the image.
func (l *run) askImage(ctx context.Context, image sandbox.Image) (out StageResult) {
	fresh, instead, err := image.Run(ctx)
	if err != nil {
		return broken("starting a container of the image", err)
	}
	defer func() {
		if err := fresh.Close(); err != nil {
			out.Outcome, out.Details = Broken, append(out.Details, err.Error())
		}
	}()
	ran := l.hooks.Specs(ctx, Promote, fresh.URI())
	var notes []string
	ran.Results = slices.DeleteFunc(ran.Results, func(r report.Result) bool {
		labelled := slices.Contains(r.Labels, running)
		if labelled && r.Node == "" {
			notes = append(notes, fmt.Sprintf("not asked of the image, by Label(%q): %s", running, specLine(r)))
		}
		return labelled
	})
	out = judge(ran)
	if out.Outcome != Held {
		out.Summary = "not promoted: in a fresh container of the image: " + out.Summary
		out.Details = append(out.Details, fmt.Sprintf("Label(%q) is for specs about what converge leaves running, which is in no image", running))
	}
	if instead != nil {
		notes = append(notes, "a process waited in the container in place of the image's own command: "+instead.Error())
	}
	out.Details = append(out.Details, notes...)
	return out
}

// labels record what was tested.
func (l *run) labels() map[string]string {
	out := map[string]string{
		"hostspec.suite":     l.suite.Name,
		"hostspec.specs":     count(l.green).String(),
		"hostspec.time":      time.Now().UTC().Format(time.RFC3339),
		"hostspec.made-from": l.draft.ImageID(),
	}
	if c := l.result.Coverage; c != nil {
		out["hostspec.coverage"] = c.String()
	}
	return out
}

// An outside is what a commit leaves out: volumes, and what the engine mounts.
type outside struct {
	mounted []sandbox.Mounted
	before  *snapshot.Snapshot
}

// ofEngine are files that the engine makes for each container.
var ofEngine = []string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}

// lookOutside hashes what a commit would leave out, before converge.
func (l *run) lookOutside(ctx context.Context) (err error) {
	if l.suite.Promote == "" || l.draft == nil || len(l.suite.Converge) == 0 {
		return nil
	}
	if l.outside.mounted, err = l.draft.Mounted(ctx); err != nil {
		return err
	}
	l.outside.before, err = l.outside.take(ctx, l)
	return err
}

func (o *outside) take(ctx context.Context, l *run) (*snapshot.Snapshot, error) {
	names := slices.Clone(ofEngine)
	for _, m := range o.mounted {
		names = append(names, m.Path)
	}
	return snapshot.Files(ctx, l.eyes, names)
}

// owner says what holds a file that is in no image.
func (o *outside) owner(name string) string {
	for _, m := range o.mounted {
		if name == m.Path || strings.HasPrefix(name, m.Path+"/") {
			return m.Kind + " " + m.Path
		}
	}
	return "the engine's own " + name
}

// changed compares what a commit leaves out with what it was. Outcome is Held if
// converge has changed nothing there, but for what the suite ignores.
func (o *outside) changed(ctx context.Context, l *run) (StageResult, error) {
	now, err := o.take(ctx, l)
	if err != nil {
		return StageResult{}, err
	}
	all := snapshot.Diff(o.before, now, snapshot.DiffOptions{})
	if len(all.Unknown) > 0 {
		return StageResult{Outcome: Broken, Summary: "could not tell whether converge changed what is in no image", Details: describe(all.Unknown)}, nil
	}
	lost := snapshot.Diff(o.before, now, snapshot.DiffOptions{Ignore: l.suite.Ignore}).Items
	mounts := snapshot.Diff(l.history.before, l.history.last, snapshot.DiffOptions{Ignore: l.suite.Ignore}).Items
	var owners, details []string
	for _, i := range lost {
		if name := o.owner(i.Name); !slices.Contains(owners, name) {
			owners = append(owners, name)
		}
		details = append(details, "not in the image: "+i.String())
	}
	for _, i := range mounts {
		if i.Kind == snapshot.KindMount {
			owners = append(owners, "mount "+i.Name)
			details = append(details, "not in the image: "+i.String())
		}
	}
	if len(owners) > 0 {
		details = append(shortened(details), "what lies there is in no image; have converge write elsewhere, or name it under ignore if the image can do without")
		return StageResult{Outcome: Failed, Summary: "not promoted: converge changed what is in no image: " + strings.Join(owners, ", "), Details: details}, nil
	}
	var notes []string
	for _, i := range all.Items {
		notes = append(notes, "not in the image, and ignored: "+i.String())
	}
	return StageResult{Outcome: Held, Details: shortened(notes)}, nil
}

// shortened keeps the first lines of many.
func shortened(lines []string) []string {
	const most = 10
	if len(lines) <= most {
		return lines
	}
	return append(lines[:most:most], fmt.Sprintf("and %d more", len(lines)-most))
}
