package remote

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
)

// A Child is a program of this machine by way of which a target is reached. It has a
// session of its own: no terminal, so that nothing it asks for can wait there for
// somebody to type, and a process group that ends as one.
type Child struct {
	// Stdin is our end of its input, Stdout and Stderr of its outputs. They are
	// the caller's to close.
	Stdin, Stdout, Stderr *os.File
	// Ended is closed when it has ended; State is set then.
	Ended chan struct{}
	State *os.ProcessState

	proc *os.Process
	mu   sync.Mutex
	// reaped says that its number may be another's already.
	reaped bool
}

// StartChild starts a program that is looked up in PATH. The passwords in our own
// environment are not in its.
func StartChild(words []string) (*Child, error) {
	path, err := exec.LookPath(words[0])
	if err != nil {
		return nil, err
	}
	var theirs, ours [3]*os.File
	defer func() { closeAll(theirs[:]) }()
	for i := range theirs {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(ours[:])
			return nil, err
		}
		if theirs[i], ours[i] = r, w; i > 0 {
			theirs[i], ours[i] = w, r
		}
	}
	proc, err := os.StartProcess(path, words, &os.ProcAttr{
		Env: backends.Environ(), Files: theirs[:], Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		closeAll(ours[:])
		return nil, err
	}
	c := &Child{Stdin: ours[0], Stdout: ours[1], Stderr: ours[2], Ended: make(chan struct{}), proc: proc}
	go c.reap()
	return c, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// reap first waits without reaping: as long as the child is a zombie its number is its
// own, so that a signal never hits another.
func (c *Child) reap() {
	defer close(c.Ended)
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, c.proc.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.State, _ = c.proc.Wait()
	c.reaped = true
}

// SignalGroup sends a signal to the child and its process group, unless it has ended.
func (c *Child) SignalGroup(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped && c.proc.Pid > 1 {
		// Who does not get it is not ours to signal, such as a program of sudo.
		_ = syscall.Kill(-c.proc.Pid, s)
	}
}

// Signal sends a signal to the child alone, unless it has ended.
func (c *Child) Signal(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		_ = c.proc.Signal(s)
	}
}
