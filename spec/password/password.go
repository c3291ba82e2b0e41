// Package password gets the password that sudo wants on targets: from a variable,
// from a password manager, or from whoever runs `hostspec run`, who hands it to the
// test binaries that want it. It never stands in an argument list, in the
// environment of a process that we start, or in an error.
package password

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	variable        = "HOSTSPEC_SUDO_PASSWORD"
	commandVariable = "HOSTSPEC_SUDO_PASSWORD_COMMAND"
)

// commandTimeout bounds the password manager, which may ask a person itself.
const commandTimeout = 2 * time.Minute

// A Source is where the password comes from.
type Source struct {
	// Known is the password, where it is known already.
	Known string

	ask func(ctx context.Context, target string) (string, error)
	// parent keeps count of the tries where this process was started by hostspec run,
	// and tries does where it was not.
	parent *parent
	tries  tries

	mu   sync.Mutex
	done bool
	text string
	err  error
}

// FromEnvironment takes the password, or the command that prints it, out of the
// environment: what is started from now on does not inherit them. Where neither is
// set, ask is called, which may be nil.
func FromEnvironment(ask func(ctx context.Context, target string) (string, error)) (*Source, error) {
	s := &Source{Known: os.Getenv(variable), ask: ask}
	command := os.Getenv(commandVariable)
	if err := errors.Join(os.Unsetenv(variable), os.Unsetenv(commandVariable)); err != nil {
		return nil, err
	}
	if err := check(s.Known); err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	if command != "" {
		s.ask = func(ctx context.Context, _ string) (string, error) { return run(ctx, command) }
	}
	return s, nil
}

// check refuses what sudo cannot be told.
func check(password string) error {
	switch {
	case strings.ContainsAny(password, "\n\r"):
		return errors.New("a password of more than one line cannot be given to sudo")
	case strings.ContainsRune(password, 0):
		return errors.New("a password with a NUL byte in it cannot be given to sudo")
	}
	return nil
}

// CanAsk reports whether Ask may find out what is not Known.
func (s *Source) CanAsk() bool { return s.Known == "" && s.ask != nil }

// Ask returns the password, for which it asks once in the life of the Source. target
// is who wants it, for people to read.
func (s *Source) Ask(ctx context.Context, target string) (string, error) {
	if !s.CanAsk() {
		return s.Known, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return s.text, s.err
	}
	s.text, s.err = s.ask(ctx, target)
	if s.err == nil {
		s.err = check(s.text)
	}
	if s.err == nil && s.text == "" {
		s.err = errors.New("no password was given")
	}
	s.done = ctx.Err() == nil
	return s.text, s.err
}

// run runs the command of a password manager by /bin/sh on this machine and returns
// the first line that it prints.
func run(ctx context.Context, command string) (string, error) {
	limited, cancel := context.WithTimeoutCause(ctx, commandTimeout, fmt.Errorf("it did not end within %v", commandTimeout))
	defer cancel()
	cmd := exec.CommandContext(limited, "/bin/sh", "-c", command)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	if terminal, err := os.Open("/dev/tty"); err == nil {
		// It may want to ask there, which only the terminal's own group may.
		_ = terminal.Close() // only looked for
	} else {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	}
	err := cmd.Run()
	if limited.Err() != nil {
		err = context.Cause(limited)
	}
	if err != nil {
		if words := strings.TrimSpace(stderr.String()); words != "" {
			return "", fmt.Errorf("%s: %w: %s", commandVariable, err, words)
		}
		return "", fmt.Errorf("%s: %w", commandVariable, err)
	}
	line, _, _ := strings.Cut(stdout.String(), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("%s: its first line is empty", commandVariable)
	}
	return line, nil
}
