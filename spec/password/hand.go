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

	"github.com/hostspec/hostspec/spec/wire"
)

// hello is what a test binary is told at once, and answer what it is told when it
// asks, by a JSON string with the target's name.
type hello struct {
	Known  string
	CanAsk bool
	// Tries says that whoever handed the password keeps count of its tries, and
	// understands a request.
	Tries bool
}

type answer struct {
	Password, Error string
	Claim           claim             `json:",omitempty"`
	Refused         map[string]string `json:",omitempty"`
}

// A request is about the tries of the password.
type request struct {
	Op, Login, Target string
	Heard, Accepted   bool
}

const opClaim, opSettle, opRefused = "claim", "settle", "refused"

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
	cmd.Env = append(cmd.Environ(), fmt.Sprintf("%s=%d", wire.PasswordVariable, 3+len(cmd.ExtraFiles)))
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
	if enc.Encode(hello{s.Known, s.CanAsk(), true}) != nil {
		return
	}
	claimed := map[request]bool{}
	defer func() {
		for r := range claimed {
			s.tries.settle(r.Login, r.Target, false, false)
		}
	}()
	for {
		var message json.RawMessage
		if dec.Decode(&message) != nil {
			return
		}
		a, ok := s.answer(ctx, message, claimed)
		if !ok || enc.Encode(a) != nil {
			return
		}
	}
}

// answer answers a target's name, which asks for the password, or a request. claimed are
// the tries that the other side has not settled.
func (s *Source) answer(ctx context.Context, message json.RawMessage, claimed map[request]bool) (answer, bool) {
	var target string
	if json.Unmarshal(message, &target) == nil {
		text, err := s.Ask(ctx, target)
		if err != nil {
			return answer{Error: err.Error()}, true
		}
		return answer{Password: text}, true
	}
	var r request
	if json.Unmarshal(message, &r) != nil {
		return answer{}, false
	}
	try := request{Login: r.Login, Target: r.Target}
	switch r.Op {
	case opClaim:
		c, why := s.tries.claim(r.Login, r.Target)
		if c == granted {
			claimed[try] = true
		}
		return answer{Claim: c, Error: why}, true
	case opSettle:
		delete(claimed, try)
		s.tries.settle(r.Login, r.Target, r.Heard, r.Accepted)
		return answer{}, true
	case opRefused:
		return answer{Refused: s.tries.refused(r.Target)}, true
	}
	return answer{}, false
}

// parent is the connection to the hostspec run that started this process.
type parent struct {
	turn chan struct{} // held by whoever waits for an answer
	enc  *json.Encoder
	dec  *json.Decoder
	conn net.Conn
}

// call sends a message and waits for the answer, which comes at once, except that to a
// target's name.
func (p *parent) call(ctx context.Context, message any) (answer, error) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return answer{}, context.Cause(ctx)
	}
	defer func() { <-p.turn }()
	var a answer
	err := errors.Join(p.enc.Encode(message), p.dec.Decode(&a))
	switch {
	case ctx.Err() != nil:
		return answer{}, context.Cause(ctx)
	case err != nil:
		return answer{}, fmt.Errorf("hostspec run does not answer: %w", err)
	}
	return a, nil
}

// Received returns the Source that `hostspec run` has handed to this process, or nil
// where it has not. Programs that this process starts do not inherit it.
func Received() (*Source, error) {
	text := os.Getenv(wire.PasswordVariable)
	if text == "" {
		return nil, nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 3 {
		return nil, fmt.Errorf("%s=%q: want the number of a file descriptor", wire.PasswordVariable, text)
	}
	if err := os.Unsetenv(wire.PasswordVariable); err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "password")
	defer f.Close() // the connection has a descriptor of its own
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("%s=%s: %w", wire.PasswordVariable, text, err)
	}
	p := &parent{turn: make(chan struct{}, 1), enc: json.NewEncoder(conn), dec: json.NewDecoder(conn), conn: conn}
	var h hello
	if err := p.dec.Decode(&h); err != nil {
		return nil, fmt.Errorf("%s=%s: %w", wire.PasswordVariable, text, err)
	}
	s := &Source{Known: h.Known}
	if h.Tries {
		s.parent = p
	}
	if h.CanAsk {
		s.ask = func(ctx context.Context, target string) (string, error) {
			stop := context.AfterFunc(ctx, func() { _ = p.conn.Close() })
			defer stop()
			a, err := p.call(ctx, target)
			if err == nil && a.Error != "" {
				err = errors.New(a.Error)
			}
			return a.Password, err
		}
	}
	return s, nil
}
