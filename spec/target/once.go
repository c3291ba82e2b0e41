package target

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hostspec/hostspec/backends"
)

// once is the script of a shell that is opened for one command; VAR is a name that no
// variable has. It reads the nonce, then the command's lines, each behind a colon, up to a
// line that is a point. While it waits it is one process, which ends with its input. For
// the time of the command a watchdog reads on: closing the input from our side makes its
// loop end, and it kills all that the command has started. When the command has ended the
// watchdog goes first, so that what was left in the background is left alone. What a shell
// says of children that were killed is not the command's. SIGUSR1 ends the watchdog as
// well as SIGTERM does, which mksh catches, and misses just before it reads. A subshell of
// ksh93 is not a process of its own, and would wait for the watchdog, until ulimit makes
// it one. The blank behind $! keeps csh from taking what follows for its history.
//
// The command sees no variable of ours, and we change none that it may have been given:
// our words are the shell's arguments.
var once = frameEnd("$1 0 0") + `; IFS= read -r VAR; set -- "$VAR"
while IFS= read -r VAR && [ "$VAR" != . ]; do set -- "$1" "${2-}${VAR#:}
"; done
[ "$VAR" = . ] || exit
unset VAR
exec 3<&0 4>&2 </dev/null 2>/dev/null
{ while read -r VAR; do :; done; ` + backends.KillDescendants(false) + `}  <&3 >/dev/null 4>&- &
set -- "$@" $! 
(case ${KSH_VERSION-} in Version*) ulimit -S -c $(ulimit -S -c);; esac; eval "$2") 2>&4 3<&- 4>&-
set -- "$1" $? "$3"
kill -s USR1 $3; kill -s TERM $3; wait $3
exec 2>&4 4>&-; ` + frameEnd("$1 1 $2")

// openOnce opens a shell that is good for one command.
func openOnce(ctx context.Context, b backends.Backend) (*shell, error) {
	s, _, err := startShell(ctx, b, once)
	return s, err
}

// run has the shell run a command. Where the command ended the shell itself, as
// kill $$ does, that is how it ended. An error comes with what was printed until
// then.
func (s *shell) run(ctx context.Context, script string, timeout time.Duration) (Output, error) {
	start := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDeadline)
	defer cancel()
	go s.send(s.nonce + "\n" + inLines(script))
	o, err := s.await(limited, 1, start)
	if err == nil {
		return o, nil
	}
	o = s.abandon(o, 1, start)
	if errors.Is(err, errShellDied) && s.waitErr == nil {
		o.Status, err = s.status, nil
	}
	return o, err
}

// inLines is a script as once and alone read it.
func inLines(script string) string {
	return ":" + strings.ReplaceAll(script, "\n", "\n:") + "\n.\n"
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
