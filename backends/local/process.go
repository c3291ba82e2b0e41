package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
)

// killGrace is how long Wait goes on after a kill for a process that the kernel
// does not let die, such as one that waits for a dead NFS server, or for a writer
// that does not return.
const killGrace = 2 * time.Second

// A process is one that runs, or one that could not be executed and so has ended
// already.
type process struct {
	pid     int
	guarded bool // by Run, which kills what it has started, and waits for nobody else
	outputs []*output

	mu     sync.Mutex
	ended  bool  // the pid is free for others, nobody may signal it any more
	killed error // why it was killed before it ended
	guard  *guard

	over   context.Context // is done when all is
	end    context.CancelFunc
	killCh chan struct{} // is closed by the kill
	status backends.Status
	err    error
}

// start starts the command, or tells why that cannot be.
func start(ctx context.Context, cmd backends.Command, guarded bool) (*process, error) {
	run, err := prepare(cmd)
	if err != nil {
		return nil, err
	}
	p := &process{guarded: guarded, killCh: make(chan struct{})}
	// It ends when the process does, and not with the caller's context.
	p.over, p.end = context.WithCancel(context.WithoutCancel(ctx))
	if run.refused != nil {
		p.refuse(cmd, run.refused)
		return p, nil
	}
	files := files{}
	defer files.closeTheirs()
	stdin, err := files.input(cmd.Stdin)
	if err == nil {
		p.outputs, err = files.outputs(cmd)
	}
	if guarded {
		for _, out := range p.outputs {
			out.lingers = backends.Drain
		}
	}
	if err != nil {
		files.closeOurs()
		return nil, fmt.Errorf("pipes for %s: %w", cmd.Args[0], err)
	}
	proc, err := os.StartProcess(run.path, cmd.Args, &os.ProcAttr{
		Dir: cmd.Dir, Env: run.env, Files: files.theirs,
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if refused := refusal(err).of(cmd.Args[0]); refused != nil {
		files.closeOurs()
		if refused.code == 127 {
			// The file itself was there a moment ago.
			refused.err = errNoInterpreter
		}
		p.refuse(cmd, refused)
		return p, nil
	}
	if err != nil {
		files.closeOurs()
		return nil, fmt.Errorf("start %s: %w", cmd.Args[0], err)
	}
	p.pid = proc.Pid
	go p.supervise(ctx, proc, stdin, cmd.Stdin)
	return p, nil
}

// refuse ends a process that never was, in the way of a shell.
func (p *process) refuse(cmd backends.Command, why *refusedError) {
	p.ended = true
	p.status = backends.Status{Code: why.code}
	if cmd.Stderr != nil {
		_, p.err = fmt.Fprintf(cmd.Stderr, "%v\n", why)
	}
	p.end()
}

// supervise goes with the process to its end, whether anybody waits or not.
func (p *process) supervise(ctx context.Context, proc *os.Process, stdin *os.File, from io.Reader) {
	defer p.end()
	stop := context.AfterFunc(ctx, func() { p.kill(context.Cause(ctx)) })
	if stdin != nil {
		go feed(stdin, from)
	}
	var copies sync.WaitGroup
	for _, out := range p.outputs {
		copies.Go(out.copy)
	}
	p.watch(func() { p.reap(proc) })
	stop()
	if stdin != nil {
		// A feed that waits for its reader is left to it; one that writes ends now.
		stdin.Close()
	}
	// A descendant may hold the pipes for as long as it likes.
	expire := func() {
		for _, out := range p.outputs {
			out.expire()
		}
	}
	if p.guarded {
		expire()
	} else {
		defer time.AfterFunc(backends.Drain, expire).Stop()
	}
	copies.Wait()
	if p.err != nil {
		return
	}
	for _, out := range p.outputs {
		p.err = errors.Join(p.err, out.err)
	}
}

// reap waits for the process and takes its status. It first waits without
// reaping: as long as the process is a zombie its number is its own, so that kill
// never hits another's group.
func (p *process) reap(proc *os.Process) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, p.pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	state, err := proc.Wait()
	p.ended = true
	switch {
	case p.killed != nil:
		p.err = p.killed
	case err != nil:
		p.err = &backends.NoStatusError{Reason: err.Error()}
	}
	if err == nil {
		p.status = statusOf(state.Sys().(syscall.WaitStatus))
	}
}

func statusOf(ws syscall.WaitStatus) backends.Status {
	if !ws.Signaled() {
		return backends.Status{Code: ws.ExitStatus()}
	}
	name := strings.TrimPrefix(unix.SignalName(ws.Signal()), "SIG")
	if name == "" {
		// Real-time signals have numbers only.
		name = strconv.Itoa(int(ws.Signal()))
	}
	return backends.Status{Code: 128 + int(ws.Signal()), Signal: name}
}

// kill kills the process and all of its group, once.
func (p *process) kill(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.killed != nil || !hasGroup(p.pid) {
		return
	}
	p.killed = cause
	if p.guarded {
		killFamily(p.pid)
	}
	// It has a group of its own and is not reaped, so the group exists, and the
	// only error left is that somebody in it is not ours to kill (a program of
	// sudo): there is nothing more to be done about that.
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	close(p.killCh)
}

// hasGroup says whether -pid names the group of one process: to kill(2), 0 is our
// own group and -1 everybody.
func hasGroup(pid int) bool { return pid > 1 }

// Wait implements backends.Process. Where a writer of the command failed, what
// the process printed after that is thrown away, and the error is the writer's,
// beside the status.
func (p *process) Wait() (backends.Status, error) {
	select {
	case <-p.over.Done():
		return p.status, p.err
	case <-p.killCh:
	}
	select {
	case <-p.over.Done():
		return p.status, p.err
	case <-time.After(killGrace):
		p.mu.Lock()
		defer p.mu.Unlock()
		return backends.Status{}, p.killed
	}
}
