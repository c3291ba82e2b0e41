package target

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// watched is how a shell goes on that is asked question after question: the inner sh
// reads our scripts from a pipe, behind a line with the process that writes to it. Closing
// its input from our side makes cat end, and then what still runs is killed, also behind
// sudo, in a container, or after the connection was lost. Where nothing runs the inner
// shell has ended before its descendants are found, and ends the search. That it has
// ended, which cat would hide, is told by the mark of the greeting with the number -1. A
// ksh93 waits for both sides of the pipe only with pipefail. VAR is a name that no
// variable has.
var watched = "case ${KSH_VERSION-} in Version*) set -o pipefail;; esac\n" +
	`{ { read -r VAR </proc/self/stat; } 2>/dev/null && set -- "${VAR%% *}" ${VAR##*")" }; [ "${3-}" = $$ ] || set -- ""; echo "$1"; cat; ` + backends.KillDescendants(true) + "} | " +
	`{ read -r VAR; set -- "$1" "$VAR"; unset VAR; sh; set -- "$1" "$2" $?; ` + frameEnd("$1 -1 $3") + `; [ -z "$2" ] || kill -s TERM $2; }`

// environment is set before anything else: tools of system administration are often not
// in the PATH of an account, and translated messages cannot be read.
const environment = backends.AddToPath + "LC_ALL=C; export LC_ALL; "

// maxOutput bounds what is kept of one answer. More than this is told as
// truncated and never used.
const maxOutput = 64 << 20

// closeGrace is how long a shell may take to end after its input was closed, which is
// longer than it kills what it has started.
const closeGrace = 10 * time.Second

// maxNoiseKept is how much is kept of what comes before the first frame.
const maxNoiseKept = 64 << 10

var (
	errShellDied  = errors.New("the shell on the target died while this was asked")
	errShellEnded = fmt.Errorf("%w: it exited", errShellDied)
	errDeadline   = errors.New("no answer in time")
)

// A shell is a POSIX sh that stays open on a target and answers one script after
// the other. What each prints is framed by a random word, so that bytes arrive
// exactly, and so that nothing printed before, between or after can be taken
// for an answer. The word travels on the shell's input only and is never seen in
// a list of processes.
type shell struct {
	nonce  string
	stdin  *io.PipeWriter
	cancel context.CancelFunc
	out    *frames
	err    *frames

	done    chan struct{} // closed when the process has ended
	status  backends.Status
	waitErr error
	asked   int // questions sent so far
	uid     int // of the account it runs as
}

// openShell starts a shell and has it answer greeting, a script, in the same
// request. The greeting's variables have names that begin with VAR. What the target prints before the first frame is discarded. Questions are
// asked in the root directory: programs such as find fail where the account may not
// enter the directory that it starts in.
func openShell(ctx context.Context, b backends.Backend, greeting string) (*shell, Output, error) {
	return startShell(ctx, b, "cd /; "+forProbes+"{ "+greeting+"\n} </dev/null; set -- \"$1\" $?; "+frameEnd("$1 0 $2")+"\n"+watched)
}

// frameEnd is shell text that ends an answer on both streams. What it prints comes at
// once, so that a shell that is killed has printed all of it or nothing.
func frameEnd(mark string) string {
	return fmt.Sprintf("echo \"\n%[1]s\"; echo \"\n%[1]s\" >&2", mark)
}

// bootScript returns the script, preceded by what begins each of our shells. That prints
// the mark on both streams: what comes before it is noise. The two halves of the mark meet only in
// the output: what lists processes and is read back as an answer must not hold it. It is
// the shell's first argument, since a variable could be one that the account exports, and
// would then be seen. VAR in the script becomes a name that no variable has.
func bootScript(script string) (text, mark string) {
	head, tail := rand.Text(), rand.Text()
	script = strings.ReplaceAll(script, "VAR", "v"+rand.Text())
	return environment + "set -- " + head + `; set -- "$1"` + tail + `; echo "$1"; echo "$1" >&2; ` + script, head + tail
}

// startShell starts sh with a script that answers as question 0 what it is to
// answer at once, and then reads on.
//
// A session that the server closes unasked is opened again: dropbear up to 2022.83 closes
// all that run nothing yet when a process of another one ends, and the request to run
// something may be on its way then. Such a shell has done nothing, as it reads what to do.
func startShell(ctx context.Context, b backends.Backend, script string) (s *shell, o Output, err error) {
	const tries = 5
	for range tries {
		var none *noShellError
		if s, o, err = startShellOnce(ctx, b, script); !errors.As(err, &none) || none.closed == nil || !none.closed.Unanswered {
			break
		}
	}
	return s, o, err
}

func startShellOnce(ctx context.Context, b backends.Backend, script string) (*shell, Output, error) {
	start := time.Now()
	boot, mark := bootScript(script)
	s := &shell{nonce: rand.Text(), done: make(chan struct{})}
	s.out, s.err = newFrames(mark), newFrames(mark)
	r, w := io.Pipe()
	s.stdin = w
	p, err := s.start(ctx, b, backends.Command{Args: []string{"sh", "-c", boot}, Stdin: r, EndsWithStdin: true, Stdout: s.out, Stderr: s.err})
	if err != nil {
		r.CloseWithError(errShellDied)
		return nil, Output{}, err
	}
	go func() {
		s.status, s.waitErr = p.Wait()
		r.CloseWithError(errShellDied)
		s.cancel()
		close(s.done)
	}()
	o, err := s.await(ctx, 0, start)
	if err != nil {
		s.kill()
		<-s.done
		var refused *RefusedError
		if errors.As(s.waitErr, &refused) && !errors.Is(err, errDeadline) {
			return nil, Output{}, refused
		}
		none := &noShellError{printed: s.out.noise() + s.err.noise(), status: s.status, err: err}
		_ = errors.As(s.waitErr, &none.closed)
		return nil, Output{}, none
	}
	s.out.expect(s.nonce)
	s.err.expect(s.nonce)
	s.asked = 1
	return s, o, nil
}

// start starts the process of the shell. Until it has started it ends with the context,
// and from then on when the shell is told to.
func (s *shell) start(ctx context.Context, b backends.Backend, cmd backends.Command) (backends.Process, error) {
	life, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	s.cancel = func() { cancel(nil) }
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer stop()
	p, err := b.Start(life, cmd)
	if err != nil {
		s.cancel()
	}
	return p, err
}

// A noShellError says that the target let us in and gave us no shell.
type noShellError struct {
	printed string
	status  backends.Status
	// closed is set where nobody told how it ended.
	closed *backends.NoStatusError
	err    error
}

func (e *noShellError) Error() string {
	switch {
	case e.closed != nil && errors.Is(e.err, errShellDied):
		return fmt.Sprintf("no shell was started there: %v%s", e.closed, said(e.printed))
	case errors.Is(e.err, errShellDied):
		return fmt.Sprintf("no shell was started there (%v)%s", e.status, said(e.printed))
	}
	return fmt.Sprintf("no shell was started there: %v%s", e.err, said(e.printed))
}

func (e *noShellError) Unwrap() error { return e.err }

// said appends what a target printed, when it printed something.
func said(printed string) string {
	printed = strings.TrimSpace(printed)
	if printed == "" {
		return "; it printed nothing"
	}
	return "; it printed: " + excerpt(printed)
}

// send writes to the shell's input. An error means that the shell is gone, which
// whoever awaits the answer is told.
func (s *shell) send(text string) { _, _ = io.WriteString(s.stdin, text) }

// ask puts questions and calls answered with each answer, in order, as it
// arrives. It returns how many were answered and, when these are not all, why
// the next one was not; what that one had printed is in the last Output. The
// shell cannot be used again after an error.
func (s *shell) ask(ctx context.Context, questions []Question, deadline func(int) time.Duration, answered func(int, Output)) (n int, partial Output, err error) {
	var text strings.Builder
	// A shell remembers where it has found programs (POSIX, hash). One may be gone, or
	// stand elsewhere, since it was asked last.
	text.WriteString("hash -r 2>/dev/null\n")
	for i, q := range questions {
		// A subshell keeps what the script does from the next one, and is a process.
		begin, end := "(", ")"
		if q.Stateless {
			begin, end = "{ ", "}"
		}
		// The newline before the end ends a comment or a here-document that the
		// script may have left open.
		fmt.Fprintf(&text, "%seval %s\n%s </dev/null; set -- $?; %s; shift\n", begin, backends.Quote(q.Script), end, frameEnd(fmt.Sprintf("%s %d $1", s.nonce, s.asked+i)))
	}
	go s.send(text.String())
	for i := range questions {
		start := time.Now()
		limited, cancel := context.WithTimeoutCause(ctx, deadline(i), errDeadline)
		o, err := s.await(limited, s.asked, start)
		cancel()
		if err != nil {
			return i, s.abandon(o, s.asked, start), err
		}
		s.asked++
		answered(i, o)
	}
	return len(questions), Output{}, nil
}

// abandon ends a shell whose answer number n did not come, and adds to what came of it
// what was printed meanwhile.
func (s *shell) abandon(o Output, n int, start time.Time) Output {
	s.kill()
	<-s.done
	o.Stdout, o.Stderr = append(o.Stdout, s.out.rest(n)...), append(o.Stderr, s.err.rest(n)...)
	o.Took = time.Since(start)
	return o
}

// await waits for the frame of question number n on both streams.
func (s *shell) await(ctx context.Context, n int, start time.Time) (Output, error) {
	var o Output
	for _, stream := range []*frames{s.out, s.err} {
		f, err := s.next(ctx, stream)
		if err != nil {
			return o, err
		}
		if stream == s.out {
			o.Stdout = f.text
		} else {
			o.Stderr = f.text
		}
		o.Status = backends.Status{Code: f.code}
		o.Truncated = o.Truncated || f.truncated
		if f.number == ended {
			return o, errShellEnded
		}
		if f.number != n {
			return o, fmt.Errorf("answer %d came where %d was awaited", f.number, n)
		}
	}
	o.Took = time.Since(start)
	return o, nil
}

func (s *shell) next(ctx context.Context, stream *frames) (frame, error) {
	for {
		if f, ok := stream.pop(); ok {
			return f, nil
		}
		select {
		case <-stream.ready:
		case <-ctx.Done():
			return frame{}, context.Cause(ctx)
		case <-s.done:
			if f, ok := stream.pop(); ok {
				return f, nil
			}
			if s.waitErr != nil && errors.Is(s.waitErr, backends.ErrLost) {
				return frame{}, s.waitErr
			}
			return frame{}, errShellDied
		}
	}
}

// kill ends the shell and what it has started, by closing its input. Where that
// does not help, the backend is told to kill.
func (s *shell) kill() {
	s.stdin.CloseWithError(io.EOF)
	go func() {
		t := time.NewTimer(closeGrace)
		defer t.Stop()
		select {
		case <-s.done:
		case <-t.C:
			s.cancel()
		}
	}()
}

// close ends the shell and waits until it has ended.
func (s *shell) close() {
	s.kill()
	<-s.done
}

// frames reads one stream of a shell and cuts it into answers. It is the writer
// that a backend copies the stream to.
type frames struct {
	ready chan struct{} // has room for one: there may be something to pop

	mu        sync.Mutex
	start     []byte // what must be seen first; nil once it was
	mark      []byte // ends every frame, followed by "number code\n"
	bye       []byte // the mark of the frame that is the last one
	buf       []byte
	scanned   int // no mark begins before this offset of buf
	truncated bool
	complete  []frame
	live      io.Writer // gets what is in a frame as it comes; may be nil
	told      int       // so much of buf was told to live
}

// ended is the number of the frame that says that the shell has ended.
const ended = -1

type frame struct {
	number, code int
	text         []byte
	truncated    bool
}

func newFrames(nonce string) *frames {
	return &frames{
		ready: make(chan struct{}, 1),
		start: []byte(nonce + "\n"),
		mark:  []byte("\n" + nonce + " "),
	}
}

// expect sets the mark of the frames to come. The one in use until then is the
// mark of the last frame.
func (f *frames) expect(nonce string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bye, f.mark = f.mark, []byte("\n"+nonce+" ")
}

// Write takes the next piece of the stream. It never fails and never blocks.
func (f *frames) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buf = append(f.buf, p...)
	if f.start != nil && !f.begin() {
		return len(p), nil
	}
	for f.cut() {
		select {
		case f.ready <- struct{}{}:
		default:
		}
	}
	f.tell()
	if len(f.buf) > maxOutput {
		// The mark may have begun in what is here: keep its possible beginning.
		cut := len(f.buf) - len(f.mark) - 32
		f.buf = append([]byte(nil), f.buf[cut:]...)
		f.scanned, f.told, f.truncated = 0, max(0, f.told-cut), true
	}
	return len(p), nil
}

// begin looks for the start, and keeps the last of what came before it.
func (f *frames) begin() bool {
	i := bytes.Index(f.buf[f.scanned:], f.start)
	if i >= 0 {
		f.buf, f.start, f.scanned = f.buf[f.scanned+i+len(f.start):], nil, 0
		return true
	}
	if len(f.buf) > 2*maxNoiseKept {
		f.buf = append(f.buf[:0], f.buf[len(f.buf)-maxNoiseKept:]...)
	}
	f.scanned = max(0, len(f.buf)-len(f.start)+1)
	return false
}

// cut moves one complete frame out of the buffer.
func (f *frames) cut() bool {
	mark := f.mark
	i := bytes.Index(f.buf[f.scanned:], mark)
	if i < 0 && f.bye != nil {
		mark = f.bye
		i = bytes.Index(f.buf[f.scanned:], mark)
	}
	if i < 0 {
		f.scanned = max(0, len(f.buf)-max(len(f.mark), len(f.bye))+1)
		return false
	}
	i += f.scanned
	end := bytes.IndexByte(f.buf[i+len(mark):], '\n')
	if end < 0 {
		f.scanned = i
		return false
	}
	end += i + len(mark)
	var fr frame
	if _, err := fmt.Sscanf(string(f.buf[i+len(mark):end]), "%d %d", &fr.number, &fr.code); err != nil {
		fr.number = ended
	}
	fr.text, fr.truncated = f.buf[:i:i], f.truncated
	f.tellUpTo(i)
	f.complete = append(f.complete, fr)
	f.buf, f.scanned, f.told, f.truncated = f.buf[end+1:], 0, 0, false
	return true
}

// listen has what comes from now on told to w, as it comes.
func (f *frames) listen(w io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.live = w
}

// tell tells what has come, but for an end that may be the beginning of a mark.
func (f *frames) tell() {
	end := len(f.buf)
	for _, mark := range [][]byte{f.mark, f.bye} {
		n := min(len(mark)+32, len(f.buf))
		if i := bytes.Index(f.buf[len(f.buf)-n:], mark); len(mark) > 0 && i >= 0 {
			end = min(end, len(f.buf)-n+i)
			continue
		}
		for n := min(len(mark)-1, len(f.buf)); n > 0; n-- {
			if bytes.HasSuffix(f.buf, mark[:n]) {
				end = min(end, len(f.buf)-n)
				break
			}
		}
	}
	f.tellUpTo(end)
}

func (f *frames) tellUpTo(end int) {
	if f.live == nil || end <= f.told {
		return
	}
	// Whoever listens no longer must not disturb the target.
	_, _ = f.live.Write(f.buf[f.told:end])
	f.told = end
}

func (f *frames) pop() (frame, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.complete) == 0 {
		return frame{}, false
	}
	fr := f.complete[0]
	f.complete = f.complete[1:]
	return fr, true
}

// rest is what came of frame number n, which was not popped, and may never have ended.
func (f *frames) rest(n int) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.start != nil:
		return nil
	case len(f.complete) == 0:
		return f.buf
	case f.complete[0].number == n || f.complete[0].number == ended:
		return f.complete[0].text
	}
	return nil
}

// all is what came of a stream that was not cut into frames and has ended, and whether
// it has begun.
func (f *frames) all() (text []byte, truncated, begun bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.start != nil {
		return nil, false, false
	}
	f.tellUpTo(len(f.buf))
	return f.buf, f.truncated, true
}

// noise is what came before the first frame, when that never began.
func (f *frames) noise() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.start == nil {
		return ""
	}
	return string(f.buf)
}
