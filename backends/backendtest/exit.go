package backendtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hostspec/hostspec/backends"
)

var exitChecks = []Check{
	{"exit codes", exitCodes},
	{"death by a signal", signalled},
	{"program that does not exist", missingProgram},
	{"program that may not be executed", forbiddenProgram},
	{"a shell's own words are not programs", shellWords},
}

// codes are the exit codes that mean something to a shell, to a program that starts
// others or to nobody, and those beside them. All 256 would be as many processes.
var codes = []int{
	0, 1, 2, 3, 7, 8, 63, 64, 65, 78, 99, 100, 123, 124, 125, 126, 127, 128,
	128 + 1, 128 + 2, 128 + 9, 128 + 13, 128 + 15, 128 + 64, 193, 200, 253, 254, 255,
}

func exitCodes(ctx context.Context, s *session) error {
	return together(len(codes), 8, func(i int) error {
		code := codes[i]
		r, err := run(ctx, s, sh(fmt.Sprintf("exit %d", code)))
		if err != nil {
			return fmt.Errorf("exit %d: %w", code, err)
		}
		if r.Status != (backends.Status{Code: code}) {
			return fmt.Errorf("expected exit %d, found %v (%+v)", code, r.Status, r.Status)
		}
		return nil
	})
}

// signalled leaves out SIGHUP, SIGINT and SIGQUIT: what is started by nohup or in the
// background of a script has them ignored, and so have its children.
func signalled(ctx context.Context, s *session) error {
	var errs []error
	for name, number := range map[string]int{"KILL": 9, "TERM": 15, "USR1": 10, "ALRM": 14} {
		r, err := run(ctx, s, sh(`kill -s "$1" $$; sleep 60`, name))
		if err != nil {
			errs = append(errs, fmt.Errorf("SIG%s: %w", name, err))
			continue
		}
		told := r.Status == backends.Status{Code: 128 + number, Signal: name}
		byCode := r.Status == backends.Status{Code: 128 + number} && !s.opts.Signals
		if !told && !byCode {
			errs = append(errs, fmt.Errorf("SIG%s: expected code %d and that signal, found %+v", name, 128+number, r.Status))
		}
	}
	return errors.Join(errs...)
}

func missingProgram(ctx context.Context, s *session) error {
	var errs []error
	for _, name := range []string{"no-such-program-" + marker(), "/no/such/program", "no such 'program'", "$HOME", "-x", "--help"} {
		errs = append(errs, s.cannotRun(ctx, 127, name, "--version"))
	}
	return errors.Join(errs...)
}

func forbiddenProgram(ctx context.Context, s *session) error {
	dir, err := s.tempDir(ctx)
	if err != nil {
		return err
	}
	script := dir + "/script"
	if _, err := must(ctx, s, `printf '#!/bin/sh\necho ran\n' >"$1" && chmod 600 "$1"`, script); err != nil {
		return err
	}
	return errors.Join(s.cannotRun(ctx, 126, script), s.cannotRun(ctx, 126, dir))
}

// shellWords are something to a shell and nothing to execve: a backend that hands
// a line to a shell must not let it run them.
func shellWords(ctx context.Context, s *session) error {
	var errs []error
	for _, word := range []string{"shift", "if", "{", "A=b", "(exit 0)", "# no", ":;"} {
		errs = append(errs, s.cannotRun(ctx, 127, word))
	}
	return errors.Join(errs...)
}

// cannotRun wants an error of Start that is not about the connection, or the exit
// code, and nothing on stdout.
func (s *session) cannotRun(ctx context.Context, code int, args ...string) error {
	r, err := run(ctx, s, backends.Command{Args: args})
	lost := errors.Is(err, backends.ErrLost) || errors.Is(err, backends.ErrClosed)
	started := err != nil && !strings.HasPrefix(err.Error(), "start: ")
	switch {
	case lost || started:
		return fmt.Errorf("program %q: expected an error of Start or exit %d, found %w", args[0], code, err)
	case err == nil && r.Status != backends.Status{Code: code}:
		return fmt.Errorf("program %q: expected an error of Start or exit %d, found %v", args[0], code, r.Status)
	case r.stdout != "":
		return fmt.Errorf("program %q: expected no output, found %q", args[0], excerpt(r.stdout))
	}
	return nil
}
