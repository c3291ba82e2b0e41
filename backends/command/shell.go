package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

// A shell is a run of PREFIX sh that reads what it has to do from its stdin.
type shell struct {
	*remote.Child
	out, err section
	// reading says that the outputs are being copied.
	reading bool
	// drained is closed when both outputs have ended.
	drained chan struct{}
}

func (b *backend) launch() (*shell, error) {
	c, err := remote.StartChild(b.words)
	if err != nil {
		return nil, err
	}
	return &shell{Child: c, drained: make(chan struct{})}, nil
}

// read copies the outputs, unless they are being copied already. What is expected was
// said before.
func (s *shell) read() {
	if s.reading {
		return
	}
	s.reading = true
	var outputs sync.WaitGroup
	outputs.Go(func() { _, _ = io.Copy(&s.out, s.Stdout); s.out.close() })
	outputs.Go(func() { _, _ = io.Copy(&s.err, s.Stderr); s.err.close() })
	go func() { outputs.Wait(); close(s.drained) }()
}

// completed says whether both marks behind a process were seen.
func (s *shell) completed() bool { return remote.IsClosed(s.out.ended) && remote.IsClosed(s.err.ended) }

// await waits for both marks behind a process, for the end of all output, or for the
// end of the prefix while somebody else holds the outputs.
func (s *shell) await(ctx context.Context) {
	for _, end := range []chan struct{}{s.out.ended, s.err.ended} {
		select {
		case <-end:
		case <-s.drained:
			// A program may close its outputs and go on.
			select {
			case <-s.Ended:
			case <-ctx.Done():
			}
			return
		case <-s.Ended:
			// All it printed is in our pipes: who is slow now is this machine.
			remote.Drain(s.out.to, s.err.to, lingering, s.drained, nil, ctx.Done())
			return
		case <-ctx.Done():
			return
		}
	}
}

// lingering is how long a prefix may take to end after its process has, and then again
// after it was asked to.
const lingering = time.Second

// leave waits for the prefix to end, and asks it to when ctx has ended. It leaves alone
// what the process has left behind on purpose: where the prefix became the shell, that
// is in the prefix's own group. While others run, a prefix that stays may be what they
// need, such as an ssh that shares its connection.
func (s *shell) leave(ctx context.Context) {
	_ = s.Stdin.Close()
	select {
	case <-s.Ended:
	case <-ctx.Done():
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if !s.ends(lingering) {
			s.Signal(signal)
		}
	}
	s.hangUp()
}

// ends waits for the prefix to end.
func (s *shell) ends(within time.Duration) bool {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-s.Ended:
		return true
	case <-t.C:
		return false
	}
}

// quit kills the prefix and all of its group.
func (s *shell) quit() {
	_ = s.Stdin.Close()
	s.SignalGroup(syscall.SIGKILL)
	s.hangUp()
}

// hangUp listens no more. A prefix that is not ours to kill, such as sudo, may take its
// time to see that.
func (s *shell) hangUp() {
	s.ends(killGrace)
	_, _ = s.Stdout.Close(), s.Stderr.Close()
}

// how is how the prefix ended, and what it said.
func (s *shell) how() string {
	text := "it ended with " + s.State.String()
	words := strings.TrimSpace(s.err.noise.String() + "\n" + s.out.noise.String())
	if words != "" {
		text += ": " + words
	}
	return text
}

// A failure says why a prefix leads to no shell.
type failure struct {
	err    error
	advice string
}

// probeText prints marks on both streams. Before a terminal, where both are one, the
// number at the end is 1.
const probeText = `{ echo %[2]s$$ >&2; echo %[1]s$$; s=0; if test -t 1; then s=1; fi; echo '%[3]s'$s >&2; echo '%[3]s'$s; }
`

// probe starts a shell, which can then run one process.
func (b *backend) probe(ctx context.Context) (*shell, *failure) {
	s, err := b.launch()
	if err != nil {
		return nil, &failure{err, "It runs on this machine: is it installed here, and in the PATH?"}
	}
	m := newMarks()
	s.out.expect(m.out, m.end, &remote.Gate{})
	s.err.expect(m.err, m.end, &remote.Gate{})
	s.read()
	go func() { _, _ = fmt.Fprintf(s.Stdin, probeText, m.out, m.err, m.end) }()
	// Where the streams are one, only stdout completes.
	select {
	case <-s.out.ended:
	case <-s.drained:
	case <-s.Ended:
	case <-ctx.Done():
	}
	const merged = "The streams have to be apart: leave out -t (docker, podman, kubectl) or -tt (ssh)."
	switch {
	case remote.IsClosed(s.out.ended) && s.out.code != 0:
		s.quit()
		return nil, &failure{errors.New("it gives its command a terminal, in which stdout and stderr are one"), merged}
	case remote.IsClosed(s.out.ended) && strings.Contains(s.out.noise.String(), m.err):
		s.quit()
		return nil, &failure{errors.New("it passes stderr on as stdout"), merged}
	}
	s.await(ctx)
	if s.completed() {
		return s, nil
	}
	return nil, s.fail(ctx)
}

// fail ends a shell that did not answer, and says why that was.
func (s *shell) fail(ctx context.Context) *failure {
	if !s.ends(backends.Drain) && ctx.Err() != nil {
		s.quit()
		f := &failure{context.Cause(ctx), "It may wait for a password, and nothing can be typed in here; connect_timeout=30s waits longer."}
		if remote.IsClosed(s.out.ended) {
			f.advice = "Its stdout comes, and its stderr does not."
		}
		if words := strings.TrimSpace(s.err.noise.String() + "\n" + s.out.noise.String()); words != "" {
			f.err = fmt.Errorf("%w; it said: %s", f.err, words)
		}
		return f
	}
	s.quit()
	f := &failure{err: errors.New(s.how())}
	switch code := s.State.ExitCode(); {
	case strings.Contains(s.err.noise.String(), "not a TTY"):
		f.advice = "Nobody types there: leave out -t."
	case code == 0:
		f.advice = "No shell read its stdin. Does the prefix pass it on? docker, podman and kubectl exec want -i."
	case code == 126 || code == 127:
		f.advice = "Is there an sh? Files of a container without one can be checked by docker://NAME."
	}
	return f
}
