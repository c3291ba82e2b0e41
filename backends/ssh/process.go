package ssh

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/internal/remote"
)

// process is a session that was asked to run something.
type process struct {
	*session
	b *backend
	// answered is closed when the server has answered the exec request, or will not any
	// more; refused as well when it said no, and accepted when it said yes.
	answered, refused, accepted chan struct{}

	// endsWithStdin says that closing the channel is enough to kill.
	endsWithStdin bool

	stdout, stderr remote.Gate
	// drained is closed when both outputs have ended.
	drained chan struct{}

	// done is closed when result and err are set.
	done   chan struct{}
	result backends.Status
	err    error
}

func newProcess(b *backend, s *session, mark string, cmd backends.Command) *process {
	p := &process{
		session: s, b: b, endsWithStdin: cmd.EndsWithStdin,
		answered: make(chan struct{}), refused: make(chan struct{}), accepted: make(chan struct{}), drained: make(chan struct{}), done: make(chan struct{}),
	}
	p.stdout.W, p.stderr.W, p.stderr.Mark = cmd.Stdout, cmd.Stderr, mark
	return p
}

// start sends the exec request and returns while its answer is on its way.
func (p *process) start(exec string, stdin io.Reader) {
	var outputs sync.WaitGroup
	outputs.Go(func() { _, _ = io.Copy(&p.stdout, p.ch); p.stdout.End() })
	outputs.Go(func() { _, _ = io.Copy(&p.stderr, p.ch.Stderr()); p.stderr.End() })
	go func() { outputs.Wait(); close(p.drained) }()
	// Asked for now, it is there when the answer to this one is.
	go p.b.prepare()
	go func() {
		began := time.Now()
		ok, err := p.ch.SendRequest("exec", true, execPayload(exec))
		switch {
		case ok:
			close(p.accepted)
		case err == nil:
			close(p.refused)
		}
		close(p.answered)
		if !ok {
			return
		}
		p.b.rtt.Took(time.Since(began))
		if stdin != nil {
			_, _ = io.Copy(p.ch, stdin)
		}
		_ = p.ch.CloseWrite()
	}()
}

// execPayload is the payload of an exec request (RFC 4254, 6.5).
func execPayload(command string) []byte {
	return xssh.Marshal(struct{ Command string }{command})
}

// Wait implements backends.Process.
func (p *process) Wait() (backends.Status, error) {
	<-p.done
	return p.result, p.err
}

// supervise sees to it that the process ends, and says how.
func (p *process) supervise(ctx context.Context) {
	defer close(p.done)
	var givenUp error
	select {
	case <-p.ended:
		p.drain(ctx.Done())
	case <-p.gone:
		<-p.drained // all that will come is here
		<-p.answered
	case <-p.refused:
	case <-ctx.Done():
		givenUp = context.Cause(ctx)
		p.giveUp()
	}
	p.stdout.Shut()
	p.stderr.Shut()
	_ = p.ch.Close()
	p.result, p.err = p.outcome(givenUp)
}

// giveUp kills the process, and waits a little for what it had printed.
func (p *process) giveUp() {
	if p.endsWithStdin {
		return // closing the channel, which comes next, is enough
	}
	p.kill()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.b.ctx), backends.Drain)
	defer cancel()
	p.drain(ctx.Done())
}

func (p *process) outcome(givenUp error) (backends.Status, error) {
	switch {
	case givenUp != nil:
		return backends.Status{}, givenUp
	case remote.IsClosed(p.ended):
		return p.status, errors.Join(p.stdout.Err(), p.stderr.Err())
	case remote.IsClosed(p.refused):
		return backends.Status{}, errors.New("the server refused to run a command")
	}
	return backends.Status{}, p.b.whyGone(&backends.NoStatusError{
		Reason: "the server closed the session without a word about it", Unanswered: !remote.IsClosed(p.accepted),
	})
}

// drain waits for the rest of the output.
func (p *process) drain(stop <-chan struct{}) {
	remote.Drain(&p.stdout, &p.stderr, 2*p.b.rtt.Shortest(), p.drained, p.gone, stop)
}
