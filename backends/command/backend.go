package command

import (
	"context"
	"fmt"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

const (
	// places is how many processes run at once. An sshd begins to turn away new
	// connections at 10 (MaxStartups), and refuses an eleventh session.
	places = 8
	// killGrace bounds each step of killing what does not end by itself, and
	// killPatience the killing on the target.
	killGrace, killPatience = 3 * time.Second, 15 * time.Second
)

// backend is a prefix.
type backend struct {
	*remote.Connection
	// words are the prefix and sh.
	words []string
	slots chan struct{}
	// spare holds the shell that told that the target can be reached.
	spare chan *shell
}

// newBackend makes a backend of a prefix; ctx lends its values only.
func newBackend(ctx context.Context, prefix []string) *backend {
	return &backend{
		Connection: remote.NewConnection(ctx, killPatience),
		words:      append(prefix[:len(prefix):len(prefix)], "/bin/sh"),
		slots:      make(chan struct{}, places), spare: make(chan *shell, 1),
	}
}

// Start implements backends.Backend.
func (b *backend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	m := newMarks()
	text, err := shellText(cmd, m)
	if err != nil {
		return nil, err
	}
	return b.Connection.Start(ctx, cmd, "", func(ctx context.Context, p *remote.Process) (remote.Transport, error) {
		s, err := b.shell(ctx)
		if err != nil {
			return nil, err
		}
		s.out.expect(m.out, m.end, &p.Stdout)
		s.err.expect(m.err, m.end, &p.Stderr)
		return &transport{Process: p, shell: s, b: b, text: text, fed: make(chan struct{})}, nil
	})
}

// shellText is what a shell reads that is to run a command. The shell stays, instead of
// becoming the command, to tell how that ended. Shells read ahead of what they run, by
// block or by byte, but all of what stands between braces before they run any of it:
// once the marks are seen, what comes on stdin is the command's alone.
func shellText(cmd backends.Command, m marks) (string, error) {
	script, err := remote.Script(cmd, m.err)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("{\necho %s$$; (%s); s=$?\necho '%[3]s'$s >&2; echo '%[3]s'$s; exit 0\n}\n", m.out, script, m.end), nil
}

// shell takes a place, and the spare shell or a new one. Both are given back by the
// process.
func (b *backend) shell(ctx context.Context) (*shell, error) {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if s := b.takeSpare(); s != nil {
		return s, nil
	}
	s, err := b.launch()
	if err != nil {
		<-b.slots
		return nil, fmt.Errorf("%w: %w", backends.ErrLost, err)
	}
	return s, nil
}

// takeSpare returns the spare shell when it is there and lives.
func (b *backend) takeSpare() *shell {
	select {
	case s := <-b.spare:
		if !remote.IsClosed(s.Ended) {
			return s
		}
		s.quit()
	default:
	}
	return nil
}

// Close implements backends.Backend.
func (b *backend) Close() error {
	b.Connection.Close()
	if s := b.takeSpare(); s != nil {
		s.leave(b.Ctx)
	}
	// Each process is killed within killPatience, and no new one starts.
	b.Wait()
	return nil
}
