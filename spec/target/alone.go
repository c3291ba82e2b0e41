package target

import (
	"context"
	"crypto/rand"
	"io"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// alone is the script of a shell without a watchdog, for a backends.Runner. It reads the
// command as once does, which so stands in no list of processes. In bash a command that
// set -u ends has another exit code where it is not in a subshell, as elsewhere.
const alone = `set --; while IFS= read -r VAR && [ "$VAR" != . ]; do set -- "${1-}${VAR#:}
"; done
[ "$VAR" = . ] || exit
unset VAR; exec </dev/null
case ${BASH_VERSION-} in ?*) (eval "$1");; *) eval "$1";; esac`

// runner is the backend where that runs commands by itself; else nil.
func (t *Target) runner(ctx context.Context, as Identity) (backends.Runner, error) {
	if err := t.take(ctx); err != nil {
		return nil, err
	}
	defer t.give()
	if err := t.connect(ctx); err != nil {
		return nil, err
	}
	if t.noProcess != nil {
		return nil, nil
	}
	r, _ := t.backendAs(as).(backends.Runner)
	return r, nil
}

// runAlone has a backend run a command, and returns as well what marks in its output what was
// not run.
func (s Script) runAlone(ctx context.Context, r backends.Runner, timeout time.Duration) (o Output, nonce string, err error) {
	boot, mark := bootScript(alone)
	nonce = rand.Text()
	stdout, stderr := newFrames(mark), newFrames(mark)
	for f, live := range map[*frames]io.Writer{stdout: s.LiveStdout, stderr: s.LiveStderr} {
		f.mark = []byte("\n" + rand.Text()) // which never comes: only the stream ends
		f.listen(live)
	}
	start := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	o.Status, err = r.Run(limited, backends.Command{
		Args: []string{"sh", "-c", boot}, Stdin: strings.NewReader(inLines(s.composeTo(nonce, "trap - TERM; kill -s TERM $$; exit 143"))), Stdout: stdout, Stderr: stderr,
	})
	o.Took = time.Since(start)
	noise := stdout.noise() + stderr.noise()
	var more, begun bool
	o.Stdout, o.Truncated, begun = stdout.all()
	o.Stderr, more, _ = stderr.all()
	o.Truncated = o.Truncated || more
	if err == nil && !begun {
		err = &noShellError{printed: noise, status: o.Status, err: errShellDied}
	}
	return o, nonce, err
}
