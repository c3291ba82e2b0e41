package password

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// handVariable holds the number of the descriptor over which a test binary is told.
const handVariable = "HOSTSPEC_PASSWORD_FD"

// hello is what a test binary is told at once, and answer what it is told when it
// asks, by a JSON string with the target's name.
type hello struct {
	Known  string
	CanAsk bool
}

type answer struct{ Password, Error string }

// Hand has cmd, which has not been started, ask this Source. It returns a function
// that is to be called after cmd.Start, also where that failed, and that serves the
// process until it or ctx has ended.
func (s *Source) Hand(cmd *exec.Cmd) (serve func(ctx context.Context), err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "password"), os.NewFile(uintptr(fds[1]), "password")
	defer ours.Close() // the connection has a descriptor of its own
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, err
	}
	// The first descriptor after standard error is number 3.
	cmd.Env = append(cmd.Environ(), fmt.Sprintf("%s=%d", handVariable, 3+len(cmd.ExtraFiles)))
	cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
	return func(ctx context.Context) {
		_ = theirs.Close() // the process has its own
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer stop()
		defer conn.Close()
		s.serve(ctx, conn)
	}, nil
}

// serve answers until the other side has gone, which is how it ends.
func (s *Source) serve(ctx context.Context, conn net.Conn) {
	enc, dec := json.NewEncoder(conn), json.NewDecoder(conn)
	if enc.Encode(hello{s.Known, s.CanAsk()}) != nil {
		return
	}
	for {
		var target string
		if dec.Decode(&target) != nil {
			return
		}
		var a answer
		text, err := s.Ask(ctx, target)
		if a.Password = text; err != nil {
			a = answer{Error: err.Error()}
		}
		if enc.Encode(a) != nil {
			return
		}
	}
}

// Received returns the Source that `hostspec run` has handed to this process, or nil
// where it has not. Programs that this process starts do not inherit it.
func Received() (*Source, error) {
	text := os.Getenv(handVariable)
	if text == "" {
		return nil, nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 3 {
		return nil, fmt.Errorf("%s=%q: want the number of a file descriptor", handVariable, text)
	}
	if err := os.Unsetenv(handVariable); err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "password")
	defer f.Close() // the connection has a descriptor of its own
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("%s=%s: %w", handVariable, text, err)
	}
	enc, dec := json.NewEncoder(conn), json.NewDecoder(conn)
	var h hello
	if err := dec.Decode(&h); err != nil {
		return nil, fmt.Errorf("%s=%s: %w", handVariable, text, err)
	}
	s := &Source{Known: h.Known}
	if h.CanAsk {
		s.ask = func(ctx context.Context, target string) (string, error) {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer stop()
			var a answer
			err := errors.Join(enc.Encode(target), dec.Decode(&a))
			switch {
			case ctx.Err() != nil:
				return "", context.Cause(ctx)
			case err != nil:
				return "", fmt.Errorf("hostspec run does not answer: %w", err)
			case a.Error != "":
				return "", errors.New(a.Error)
			}
			return a.Password, nil
		}
	}
	return s, nil
}
