package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/password"
	"github.com/hostspec/hostspec/spec/target"
)

// errNoTerminal is why nobody can be asked for the password.
var errNoTerminal = errors.New("nobody can be asked for it here, since there is no terminal; set HOSTSPEC_SUDO_PASSWORD or HOSTSPEC_SUDO_PASSWORD_COMMAND")

// sudoPassword finds out where the password comes from that sudo may want: the
// environment, which is rid of it, else the terminal.
//
// What drivers log in with is masked from now on, too.
func sudoPassword() (*password.Source, error) {
	for _, secret := range backends.Secrets() {
		evidence.Remember(secret)
	}
	return password.FromEnvironment(askTerminal)
}

// hideTyping has a terminal show nothing of what is typed (termios(3), ECHO).
func hideTyping(fd int) error {
	state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	state.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, unix.TCSETS, state)
}

// askTerminal asks on the terminal that we were started from, wherever our own
// output goes, without showing what is typed.
func askTerminal(ctx context.Context, target string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", errNoTerminal
	}
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", errNoTerminal
	}
	// Before the prompt, after which somebody may type at once.
	if err := hideTyping(fd); err != nil {
		return "", errNoTerminal
	}
	fmt.Fprintf(tty, "sudo password, first wanted on %s: ", target)
	type line struct {
		text []byte
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		_ = term.Restore(fd, before) // the terminal may be gone
		fmt.Fprintln(tty)
		tty.Close()
		typed <- line{text, err}
	}()
	select {
	case l := <-typed:
		if l.err != nil && !errors.Is(l.err, io.EOF) {
			return "", fmt.Errorf("cannot read the password from the terminal: %w", l.err)
		}
		return string(l.text), nil
	case <-ctx.Done():
		// The read goes on until this process ends, but the terminal shows what is
		// typed again.
		_ = term.Restore(fd, before)
		return "", context.Cause(ctx)
	}
}

// newTarget makes a target that this process itself asks, as its URI or the
// environment says.
func newTarget(uri *backends.URI, source *password.Source) (*target.Target, error) {
	as, err := target.IdentityOf(uri)
	if err != nil {
		return nil, err
	}
	evidence.Remember(source.Known)
	opt := target.Options{As: as, SudoPassword: source.Known, PasswordTries: source}
	if source.CanAsk() {
		opt.AskSudoPassword = func(ctx context.Context) (string, error) {
			text, err := source.Ask(ctx, uri.String())
			evidence.Remember(text)
			return text, err
		}
	}
	return target.New(uri, opt), nil
}
