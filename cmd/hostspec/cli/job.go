package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/report"
	"github.com/hostspec/hostspec/spec/wire"
)

// A job is one package on one target: a process, and what it tells.
type job struct {
	fleet  *fleet
	target runTarget
	pkg    *specPackage
	// first says that this is the first target of the run, on which blocks
	// that name their own target run.
	first  bool
	output *tail

	called  bool
	refused string
	begin   *report.Begin
	end     *wire.End
	ran     int
	bad     bool
	lost    error
}

// lateEvents is how long a process that has ended may still be read. All it
// wrote is in the pipe by then; but a process it left behind may hold that open.
const lateEvents = time.Second

// run starts the test binary, listens to it until it ends, and returns how it
// ended.
func (j *job) run() error {
	events, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer events.Close() // only read from
	cmd := j.command()
	cmd.ExtraFiles = []*os.File{theirs}
	serve, err := j.fleet.password.Hand(cmd)
	if err != nil {
		return err
	}
	var verbose *prefixer
	if j.fleet.verbose != nil {
		verbose = &prefixer{prefix: j.pkg.path + " on " + j.target.shown + " | ", w: j.fleet.verbose, mu: &j.fleet.mu}
		cmd.Stdout = io.MultiWriter(j.output, verbose)
		cmd.Stderr = cmd.Stdout
	}
	err = cmd.Start()
	go serve(j.fleet.stop.soft)
	if err := theirs.Close(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	listened := make(chan error, 1)
	go func() { listened <- j.listen(events) }()
	ended := make(chan struct{})
	forwarded := make(chan struct{})
	go func() { defer close(forwarded); j.forward(cmd.Process, ended) }()
	err = waitThen(cmd, ended)
	<-forwarded
	if deadline := events.SetReadDeadline(time.Now().Add(lateEvents)); deadline != nil {
		return deadline
	}
	if lost := <-listened; !errors.Is(lost, io.EOF) && !errors.Is(lost, os.ErrDeadlineExceeded) {
		j.lost = lost
	}
	if j.begin != nil {
		j.fleet.collector.done(*j.begin)
	}
	verbose.flush()
	return err
}

// waitThen waits for the process in two steps: ended is closed while the process
// can still be named by its number, so that no signal hits another one.
func waitThen(cmd *exec.Cmd, ended chan struct{}) error {
	// P_PID and WNOWAIT, waitid(2): the process is seen to have ended, and keeps
	// its number until Wait.
	var info unix.Siginfo
	for unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	close(ended)
	err := cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // it ended well, and something it started holds its output
	}
	return err
}

// command is the test binary's command line. It gets a process group of its own:
// Ctrl-C on the terminal reaches it through us alone, and only once.
func (j *job) command() *exec.Cmd {
	p := j.fleet.plan
	args := []string{"-test.paniconexit0", "-" + wire.TargetFlag + "=" + j.target.text}
	args = append(args, p.flags...)
	args = append(args, j.pkg.focus()...)
	args = append(args, p.extra...)
	cmd := exec.Command(j.pkg.binary, args...)
	cmd.Dir = j.pkg.dir
	cmd.Env = append(cmd.Environ(), fmt.Sprintf("%s=%d", wire.EventsVariable, wire.EventsFD), fmt.Sprintf("%s=%d", wire.VersionVariable, wire.Version))
	cmd.Env = append(cmd.Env, backends.SecretEnviron()...)
	cmd.Env = append(cmd.Env, p.env...)
	cmd.Env = append(cmd.Env, j.target.env...)
	if !j.first {
		cmd.Env = append(cmd.Env, wire.OnVariable+"="+wire.SkipOn)
	}
	cmd.Stdout, cmd.Stderr = j.output, j.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = lateEvents
	return cmd
}

// forward passes on to the process that somebody wants an end: first the
// interrupt that makes Ginkgo finish its report, then the kill.
func (j *job) forward(p *os.Process, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-j.fleet.stop.soft.Done():
	}
	_ = p.Signal(os.Interrupt) // it may have ended by itself meanwhile
	select {
	case <-ended:
	case <-j.fleet.stop.hard.Done():
		_ = killGroup(p)
	}
}

// listen reads what the test binary tells until there is no more.
func (j *job) listen(r io.Reader) error {
	dec := json.NewDecoder(r)
	for {
		var e wire.Event
		if err := dec.Decode(&e); err != nil {
			return err
		}
		j.take(e)
	}
}

func (j *job) take(e wire.Event) {
	col := j.fleet.collector
	switch {
	case e.Refused != "":
		j.refused = e.Refused
	case e.Called != nil:
		j.called = true
		if e.Called.Version != wire.Version {
			j.refused = wire.Mismatch(strconv.Itoa(e.Called.Version)).Error()
		}
	case e.Begin != nil && j.begin == nil:
		j.begin = e.Begin
		// People told apart targets by what they wrote.
		j.begin.Target, j.begin.Package = j.target.shown, j.pkg.path
		col.begin(*j.begin)
	case e.Result != nil && j.begin != nil:
		r := *e.Result
		r.Package = j.pkg.path
		j.pkg.placeOf(&r)
		if r.Node == "" {
			j.ran++
		}
		j.bad = j.bad || r.Outcome.Bad()
		col.result(*j.begin, r)
	case e.End != nil:
		j.end = e.End
		col.note(e.End.Notes)
	}
}

// A tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// tailSize is how much of a test binary's output is kept, and tailLines how much
// of that is shown.
const (
	tailSize  = 64 << 10
	tailLines = 40
)

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailSize; over > tailSize {
		t.buf = append([]byte{}, t.buf[over:]...)
	}
	return len(p), nil
}

// all returns all that is kept, without colour: Ginkgo paints what goes wrong before it
// has read its flags.
func (t *tail) all() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimRight(evidence.Uncoloured(string(t.buf)), "\n")
}

func (t *tail) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = nil
}

func (t *tail) String() string {
	lines := strings.Split(t.all(), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
		return "...\n" + strings.Join(lines, "\n")
	}
	return strings.Join(lines, "\n")
}

// A prefixer writes whole lines, each with where it came from.
type prefixer struct {
	prefix string
	w      io.Writer
	mu     *sync.Mutex
	rest   []byte
}

func (p *prefixer) Write(b []byte) (int, error) {
	p.rest = append(p.rest, b...)
	for {
		line, rest, ok := bytes.Cut(p.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		p.line(line)
		p.rest = rest
	}
}

// line writes one line. That nobody reads any more must not disturb the specs.
func (p *prefixer) line(line []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, "%s%s\n", p.prefix, evidence.CleanPlain(string(line)))
}

// flush writes a last line that has no end.
func (p *prefixer) flush() {
	if p != nil && len(p.rest) > 0 {
		p.line(p.rest)
		p.rest = nil
	}
}
