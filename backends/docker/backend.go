package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/remote"
)

// backend starts processes in one container. Its Connection ends with the container,
// too; the cause is then an ErrLost.
type backend struct {
	*remote.Connection
	api  *client.Client
	id   string
	user string // empty for the container's own
	sh   string // /bin/sh, or the one that its PATH leads to where that is missing
	// started is when the container was, in the engine's words: another time means
	// that it was restarted since.
	started string
	// remove takes the container away at Close; nil leaves it.
	remove func() error
}

// newBackend takes a client over; ctx lends its values only.
func newBackend(ctx context.Context, api *client.Client, user string, c container.InspectResponse, remove func() error) *backend {
	return &backend{
		Connection: remote.NewConnection(ctx, killPatience),
		api:        api, id: c.ID, user: user, sh: binSh, started: c.State.StartedAt, remove: remove,
	}
}

// Start implements backends.Backend.
func (b *backend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	mark := remote.NewMark()
	args, ahead, err := remote.Argv(b.sh, cmd, mark)
	if err != nil {
		return nil, err
	}
	cmd.Stdin = remote.Stdin(cmd, ahead)
	return b.Connection.Start(ctx, cmd, mark, func(ctx context.Context, p *remote.Process) (remote.Transport, error) {
		id, conn, err := b.exec(ctx, b.user, args, cmd.Stdin != nil)
		switch {
		case err == nil:
			return &transport{Process: p, b: b, id: id, conn: conn}, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
		return nil, b.gone(ctx, err)
	})
}

// exec starts words in the container and returns the connection to their streams.
func (b *backend) exec(ctx context.Context, user string, args []string, stdin bool) (id string, conn types.HijackedResponse, err error) {
	began := time.Now()
	created, err := b.api.ContainerExecCreate(ctx, b.id, container.ExecOptions{
		User: user, Cmd: args, AttachStdin: stdin, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return "", conn, err
	}
	b.RTT.Took(time.Since(began))
	conn, err = attach(ctx, b.api, created.ID)
	return created.ID, conn, err
}

// attach starts an exec. From here on it may run, so that a context that ends must not
// make us lose sight of it: whoever asked gets the connection all the same, and kills.
// Only an engine that does not answer at all is left to itself.
func attach(ctx context.Context, api client.APIClient, id string) (types.HijackedResponse, error) {
	type attached struct {
		conn types.HijackedResponse
		err  error
	}
	result := make(chan attached, 1)
	go func() {
		// The client looks at the context only while it dials.
		conn, err := api.ContainerExecAttach(context.WithoutCancel(ctx), id, container.ExecAttachOptions{})
		result <- attached{conn, err}
	}()
	late := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(killPatience, func() { close(late) }) })
	defer stop()
	slow := time.NewTimer(answerTimeout)
	defer slow.Stop()
	var err error
	select {
	case r := <-result:
		return r.conn, r.err
	case <-late:
		err = context.Cause(ctx)
	case <-slow.C:
		err = fmt.Errorf("the engine did not start a process within %v", answerTimeout)
	}
	go func() {
		if r := <-result; r.err == nil {
			r.conn.Close()
		}
	}()
	return types.HijackedResponse{}, err
}

// gone says why nothing can be asked of the container any more. An error that is
// about something else is returned as it is.
func (b *backend) gone(ctx context.Context, err error) error {
	switch {
	case errdefs.IsNotFound(err), errdefs.IsConflict(err), client.IsErrConnectionFailed(err), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
	case b.lives(ctx) == nil:
		return err
	}
	return b.lose(ctx, err)
}

// lose remembers that the container has gone, and says how.
func (b *backend) lose(ctx context.Context, err error) error {
	lost := fmt.Errorf("%w: %w", backends.ErrLost, err)
	if c, e := b.api.ContainerInspect(ctx, b.id); e == nil && c.State != nil && !c.State.Running {
		lost = fmt.Errorf("%w: the container has ended (%s)", backends.ErrLost, ending(c.State))
		if b.remove != nil {
			// Nobody can look for himself when it is removed.
			lost = fmt.Errorf("%w\n%s", lost, lastWordsOf(ctx, b.api, b.id))
		}
	}
	b.End(lost)
	return context.Cause(b.Ctx)
}

// lives reports whether the container still runs, and is the one that it was.
func (b *backend) lives(ctx context.Context) error {
	c, err := b.api.ContainerInspect(ctx, b.id)
	switch {
	case err != nil:
		return err
	case c.State == nil || !c.State.Running:
		return errors.New("the container does not run any more")
	case c.State.StartedAt != b.started:
		return errors.New("the container was restarted")
	}
	return nil
}

// Close implements backends.Backend.
func (b *backend) Close() error {
	if !b.Connection.Close() {
		b.Wait()
		return nil
	}
	var err error
	if b.remove != nil {
		// All that runs there ends with it.
		err = b.remove()
	}
	b.Wait()
	_ = b.api.Close()
	return err
}
