package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// The first line of what a guarded script prints: action was done, and what it notes
// about that may follow, or the file is not what the question is about, and stdout then
// says what it is.
const (
	asAsked = "as asked"
	another = "another"
)

// guarded is a Stateless script that does action where test(1) says so of a path, and else
// says what there is instead. It keeps tools from waiting at pipes and devices.
func guarded(test, stat, path, action string) string {
	return guardedNoting(test, stat, path, "echo "+asAsked+"; "+action)
}

// guardedNoting is guarded where action itself prints the first line.
func guardedNoting(test, stat, path, action string) string {
	p := backends.Quote(path)
	return fmt.Sprintf("if [ %s %s ]; then %s; else echo %s; %s -c '%s' %s; fi", test, p, action, another, stat, fact.StatFormat, p)
}

// eachPath asks about each path in a question of its own, which is Stateless. show is the
// command that people are shown.
func eachPath(show string, script func(path string) string) func(target.System, []string) ([]target.Question, error) {
	return func(_ target.System, paths []string) ([]target.Question, error) {
		out := make([]target.Question, len(paths))
		for i, p := range paths {
			out[i] = target.Question{Names: []string{p}, Script: script(p), Show: show + " " + backends.Quote(p), Stateless: true}
		}
		return out, nil
	}
}

// guardedAnswer parses the answer to a guarded script. is what the file is known
// to be when action was done, and note what it noted; otherwise read is given what there
// is instead, and no output.
func guardedAnswer[F any](read func(path, note string, o target.Output, s fileStat) (F, error), is fact.Stat) func(target.System, target.Question, target.Output) (map[string]target.Answer[F], error) {
	return func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[F], error) {
		path := q.Names[0]
		s := fileStat{exists: true, Stat: is}
		first, rest, _ := bytes.Cut(o.Stdout, []byte("\n"))
		o.Stdout = rest
		note, ok := strings.CutPrefix(string(first), asAsked)
		switch {
		case ok && o.Status.Code == 0:
		case string(first) == another:
			all, err := fact.ParseStat(o.Stdout, o.Stderr, q.Names)
			if err != nil {
				return nil, err
			}
			a, ok := all[path]
			if !ok {
				return nil, nil
			}
			answer := statAnswer(a)
			if answer.Err != nil {
				return nil, answer.Err
			}
			s, o.Stdout = answer.Fact, nil
		default:
			return nil, fact.ParseErrno(o.Stderr)
		}
		f, err := read(path, strings.TrimSpace(note), o, s)
		return map[string]target.Answer[F]{path: {Fact: f, Err: err}}, nil
	}
}

// readRegular copies a regular file to w through a FileReader. Of anything else
// it returns what it is, and copies nothing.
func readRegular(ctx context.Context, r backends.FileReader, path string, limit int64, w io.Writer) (fileStat, error) {
	s, err := readStat(ctx, r, path, true)
	if err != nil || !s.exists || !s.IsRegular() || s.Size > limit {
		return s, err
	}
	f, err := r.Open(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return fileStat{}, nil // it went away meanwhile
	}
	if err != nil {
		return s, err
	}
	defer f.Close()
	_, err = io.Copy(w, io.LimitReader(&untilDone{ctx, f}, limit))
	return s, err
}

// untilDone is a reader that ends with a context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}
