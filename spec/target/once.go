package target

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// once is the script of a shell that is opened for one command. It reads the
// nonce, then the command's lines, each behind a colon, up to a line that is a
// point. While it waits it is one process, which ends with its input. For the time
// of the command a keeper of its own reads on: closing the input from our side
// makes its loop end, and the kill that follows ends all that the command has
// started. When the command has ended the keeper goes first, so that what was left
// in the background is left alone. A subshell of ksh93 is no process of its own,
// and would wait for the keeper, until ulimit makes it one.
var once = frameEnd("$h 0 0") + `; IFS= read -r N; c=
while IFS= read -r l && [ "$l" != . ]; do c=$c${l#:}'
'; done
[ "$l" = . ] || exit
exec 3<&0 </dev/null
{ while read -r l; do :; done; kill -9 0; } <&3 >/dev/null 2>&1 &
k=$!
(case ${KSH_VERSION-} in Version*) ulimit -S -c $(ulimit -S -c);; esac; eval "$c") 3<&-
s=$?; ` + frameEnd("$N 1 $s") + `; kill -9 $k`

// openOnce opens a shell that is good for one command.
func openOnce(ctx context.Context, b backends.Backend) (*shell, error) {
	s, _, err := startShell(ctx, b, once)
	return s, err
}

// run has the shell run a command. Where the command ended the shell itself, as
// kill $$ does, that is how it ended. An error comes with what was printed until
// then.
func (s *shell) run(ctx context.Context, script string, timeout time.Duration) (Output, error) {
	var text strings.Builder
	text.WriteString(s.nonce + "\n")
	for line := range strings.SplitSeq(script, "\n") {
		text.WriteString(":" + line + "\n")
	}
	text.WriteString(".\n")
	start := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	go s.send(text.String())
	o, err := s.await(limited, 1, start)
	if err == nil {
		return o, nil
	}
	o = s.abandon(o, start)
	if errors.Is(err, errShellDied) && s.waitErr == nil {
		o.Status, err = s.status, nil
	}
	return o, err
}

// release waits for the end of a shell that has run its command.
func (s *shell) release() {
	t := time.NewTimer(closeGrace)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
		s.kill()
	}
}
