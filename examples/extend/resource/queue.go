// Package queue has a resource of its own for specs: a queue that keeps each job in a file
// of a folder, as mail servers and many workers do.
//
//	queue.Queue("/var/spool/mail-out").Should(queue.HaveDepth(BeNumerically("<", 100)))
package queue

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/matchers/match"
	"github.com/hostspec/hostspec/spec"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// A Spool is a queue: the files of a folder, but for those whose names begin with a dot,
// which are being written. It embeds a Base, which gives it Should, ShouldNot, Sudo, AsUser and
// WithTimeout, and names it in reports.
type Spool struct{ resource.Base[Spool] }

// Queue is the queue in a folder. This is what specs call: spec.Ambient asks whatever
// target the specs run against.
func Queue(folder string) *Spool { return NewQueue(spec.Ambient(), folder) }

// NewQueue is Queue for tests, which bring a target of their own.
func NewQueue(a resource.Asker, folder string) *Spool {
	q := &Spool{}
	q.Base = resource.New(a, "Queue", folder, q)
	return q
}

// A state is what is known of one queue. That there is none is an answer, too.
type state struct {
	exists bool
	depth  int
}

// queues is the kind of fact that is asked about queues: about all of them in one script,
// which answers with a line for each. It is POSIX shell and starts no process.
var queues = &target.Kind[state]{
	Name: "queue",
	Check: func(folder string) error {
		if !path.IsAbs(folder) || strings.Contains(folder, "\n") {
			return fmt.Errorf("%q is not the absolute path of a folder", folder)
		}
		return nil
	},
	Ask: func(_ target.System, folders []string) ([]target.Question, error) {
		script := "for q in " + backends.Quote(folders...) + `; do
	if [ ! -d "$q" ]; then echo missing
	elif [ ! -r "$q" ] || [ ! -x "$q" ]; then echo unreadable
	else n=0; for f in "$q"/*; do if [ -f "$f" ]; then n=$((n + 1)); fi; done; echo $n; fi
done`
		return []target.Question{{Names: folders, Script: script, Show: "count the files in " + strings.Join(folders, " ")}}, nil
	},
	Parse: func(_ target.System, q target.Question, o target.Output) (map[string]target.Answer[state], error) {
		lines := bytes.Fields(o.Stdout)
		if !o.Status.Success() || len(lines) != len(q.Names) {
			return nil, fmt.Errorf("%d folders were asked about, and %d answers came (%v)", len(q.Names), len(lines), o.Status)
		}
		out := map[string]target.Answer[state]{}
		for i, folder := range q.Names {
			out[folder] = parse(string(lines[i]))
		}
		return out, nil
	},
}

// parse reads the line about one queue. What is not a fact is an error: nothing is guessed.
func parse(line string) target.Answer[state] {
	switch line {
	case "missing":
		return target.Answer[state]{}
	case "unreadable":
		return target.Answer[state]{Err: errors.New("the folder may not be read; ask as its owner, or with .Sudo(true)")}
	}
	depth, err := strconv.Atoi(line)
	return target.Answer[state]{Fact: state{exists: true, depth: depth}, Err: err}
}

// say puts a state into words, for failure texts and reports.
func say(s state) (found, near string) {
	if !s.exists {
		return "there is no such folder", ""
	}
	return strconv.Itoa(s.depth) + " jobs", ""
}

// Exists reports whether there is such a queue. The matcher Exist asks for it.
func (q *Spool) Exists() (bool, error) {
	s, err := resource.Ask(&q.Base, "Exists", queues, q.Name(), say)
	return s.exists, err
}

// Depth is how many jobs wait. A queue that does not exist has no depth, not even 0.
func (q *Spool) Depth() (int, error) {
	l := resource.NewLook(&q.Base, "Depth")
	s, err := resource.Fact(l, queues, q.Name(), say)
	switch {
	case err != nil:
		return 0, err
	case !s.exists:
		return 0, l.Missing()
	}
	return s.depth, nil
}

// HaveDepth succeeds when as many jobs wait as given, or a number that satisfies a matcher.
//
// The subject needs the method
//
//	Depth() (int, error)
func HaveDepth(want any) types.GomegaMatcher {
	return match.Value("HaveDepth", "have depth", want, func(s interface{ Depth() (int, error) }) (int, error) { return s.Depth() })
}
