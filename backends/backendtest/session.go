package backendtest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// A session is one check's connection and what it has to tidy up.
type session struct {
	backends.Backend
	open     Opener
	opts     Options
	cleanups []func(context.Context) error
}

// cleanupTime bounds what is done on the target after a check has ended.
func (s *session) cleanupTime() time.Duration { return min(time.Minute, s.opts.Timeout) }

// patience is how long processes that were killed may take to be gone.
func (s *session) patience() time.Duration { return s.cleanupTime() / 3 }

// A result is how a process ended and what it printed.
type result struct {
	backends.Status
	stdout, stderr string
}

// run runs a command to its end and collects what it prints, unless the command
// brings its own writers. A backend may still write when Wait has given up on a
// process, so what is collected is guarded.
func run(ctx context.Context, b backends.Backend, cmd backends.Command) (result, error) {
	stdout, stderr := newWatcher(), newWatcher()
	if cmd.Stdout == nil {
		cmd.Stdout = stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = stderr
	}
	status, err := runBare(ctx, b, cmd)
	return result{status, stdout.String(), stderr.String()}, err
}

// runBare is run without writers of ours.
func runBare(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Status, error) {
	p, err := b.Start(ctx, cmd)
	if err != nil {
		return backends.Status{}, fmt.Errorf("start: %w", err)
	}
	status, err := p.Wait()
	if err != nil {
		return status, fmt.Errorf("wait: %w", err)
	}
	return status, nil
}

// sh is the command that runs a script with arguments.
func sh(script string, args ...string) backends.Command {
	return backends.Command{Args: append([]string{"sh", "-c", script, "sh"}, args...)}
}

// must runs a script that is only a means: it has to succeed, and its output is
// returned.
func must(ctx context.Context, b backends.Backend, script string, args ...string) (string, error) {
	r, err := run(ctx, b, sh(script, args...))
	if err != nil {
		return "", fmt.Errorf("running %q: %w", excerpt(script), err)
	}
	if !r.Success() {
		return "", fmt.Errorf("running %q: %v: %s", excerpt(script), r.Status, excerpt(r.stderr))
	}
	return r.stdout, nil
}

// cleanup has f done after the check, the last one first.
func (s *session) cleanup(f func(context.Context) error) { s.cleanups = append(s.cleanups, f) }

// cleanUp runs even when the check's time is over.
func (s *session) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cleanupTime())
	defer cancel()
	var errs []error
	for len(s.cleanups) > 0 {
		last := len(s.cleanups) - 1
		f := s.cleanups[last]
		s.cleanups = s.cleanups[:last]
		errs = append(errs, f(ctx))
	}
	return errors.Join(errs...)
}

// afresh runs f over another connection, since the check's own may be closed.
func (s *session) afresh(ctx context.Context, f func(backends.Backend) error) error {
	b, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("cannot open again: %w", err)
	}
	return errors.Join(f(b), b.Close())
}

// tempDir makes a folder on the target, by its real name, and has it removed
// after the check.
func (s *session) tempDir(ctx context.Context) (string, error) {
	dir := s.opts.TempDir + "/backendtest-" + rand.Text()
	s.cleanup(func(ctx context.Context) error {
		return s.afresh(ctx, func(b backends.Backend) error {
			_, err := must(ctx, b, `chmod -R u+rwx "$1" 2>/dev/null; rm -rf "$1"`, dir)
			return err
		})
	})
	out, err := must(ctx, s, `mkdir "$1" && cd "$1" && pwd -P`, dir)
	return strings.TrimSuffix(out, "\n"), err
}

// marker is a number of seconds, longer than any check, that nobody else sleeps
// for: it marks the processes of one check in /proc.
func marker() string {
	var b [4]byte
	rand.Read(b[:])
	return strconv.Itoa(100_000_000 + int(binary.BigEndian.Uint32(b[:])%800_000_000))
}

// survivors returns the ids of the processes on the target that have the marker
// as an argument. The marker is looked for on our side, so that the look does not
// find itself. One process shows all command lines, each below its name.
func survivors(ctx context.Context, b backends.Backend, mark string) ([]string, error) {
	out, err := must(ctx, b, `cd /proc && { tail -c +1 [0-9]*/cmdline 2>/dev/null; :; }`)
	if err != nil {
		return nil, err
	}
	names := commandLine.FindAllStringSubmatchIndex(out, -1)
	var pids []string
	for i, at := range names {
		end := len(out)
		if i+1 < len(names) {
			end = names[i+1][0]
		}
		if slices.Contains(strings.Split(out[at[1]:end], "\x00"), mark) {
			pids = append(pids, out[at[2]:at[3]])
		}
	}
	return pids, nil
}

// commandLine is what tail prints above the command line of a process.
var commandLine = regexp.MustCompile(`(?m)^==> ([0-9]+)/cmdline <==\n`)

// noSurvivors waits a while until nothing on the target has the marker. What is
// still there then is named, and killed, even when the check's time is over. It looks
// twice: while a program is being executed its process has no command line.
func (s *session) noSurvivors(ctx context.Context, mark string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cleanupTime())
	defer cancel()
	return s.afresh(ctx, func(b backends.Backend) error {
		patience := s.patience()
		var pids []string
		none := 0
		err := poll(ctx, patience, func() (done bool, err error) {
			if pids, err = survivors(ctx, b, mark); len(pids) > 0 {
				none = 0
			} else {
				none++
			}
			return none == 2, err
		})
		if err != nil || len(pids) == 0 {
			return err
		}
		return errors.Join(
			fmt.Errorf("expected no process to be left on the target, found %d after %v: pids %s",
				len(pids), patience, strings.Join(pids, " ")),
			killMarked(ctx, b, mark))
	})
}

// killMarked kills what has the marker, process by process.
func killMarked(ctx context.Context, b backends.Backend, mark string) error {
	pids, err := survivors(ctx, b, mark)
	for _, pid := range pids {
		if n, bad := strconv.Atoi(pid); bad != nil || n <= 1 {
			return fmt.Errorf("%q is not a process to be killed", pid)
		}
		// That it has gone in the meantime is as well.
		if _, bad := run(ctx, b, sh(`kill -s KILL "$1" 2>/dev/null`, pid)); bad != nil {
			err = errors.Join(err, bad)
		}
	}
	return err
}

// poll asks until f is done or patience is over, which is not an error.
func poll(ctx context.Context, patience time.Duration, f func() (done bool, err error)) error {
	end := time.After(patience)
	for {
		if done, err := f(); done || err != nil {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-end:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// A watcher is a writer that tells when a text has come.
type watcher struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func newWatcher() *watcher { return &watcher{more: make(chan struct{}, 1)} }

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	select {
	case w.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (w *watcher) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await returns when text has been written.
func (w *watcher) await(ctx context.Context, text string) error {
	for !strings.Contains(w.String(), text) {
		select {
		case <-w.more:
		case <-ctx.Done():
			return fmt.Errorf("expected the process to print %q, found %q: %w",
				text, excerpt(w.String()), context.Cause(ctx))
		}
	}
	return nil
}

// waitSoon is Wait that has to return long before what it must not wait for.
func waitSoon(ctx context.Context, p backends.Process, when string) (backends.Status, error) {
	const soon = 30 * time.Second
	begin := time.Now()
	type end struct {
		status backends.Status
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		status, err := p.Wait()
		ended <- end{status, err}
	}()
	select {
	case e := <-ended:
		return e.status, e.err
	case <-time.After(soon):
	case <-ctx.Done():
	}
	return backends.Status{}, fmt.Errorf("expected Wait to return soon after %s, it still waits after %v",
		when, time.Since(begin).Round(time.Second))
}

// excerpt is a text short enough for an error.
func excerpt(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + fmt.Sprintf("... (%d bytes)", len(s))
	}
	return s
}

// same compares what a process printed with what it should have.
func same(what, expected, found string) error {
	if expected == found {
		return nil
	}
	return fmt.Errorf("expected %s %q, found %q", what, excerpt(expected), excerpt(found))
}

// ok says what is wrong with a process that should have ended well.
func (r result) ok() error {
	if r.Status != (backends.Status{}) {
		return fmt.Errorf("expected exit 0, found %v, stderr %q", r.Status, excerpt(r.stderr))
	}
	return nil
}

// together runs f for 0 to n-1, as many at a time as given, and joins the errors.
func together(n, atATime int, f func(i int) error) error {
	errs := make([]error, n)
	places := make(chan struct{}, atATime)
	var wg sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			errs[i] = f(i)
			<-places
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
