// Package backends starts processes on targets: this machine, a host over SSH,
// a container, or whatever else a driver is registered for.
//
// A Backend is one connection to one target and can do a single thing, start a
// process. Everything else (shells that stay open, questions in the plural,
// deadlines, reconnecting) is written once above it, in spec/target. What some
// backends can do better is asked for by optional interfaces: FileReader, Runner and
// Dialer.
//
// A target is named by a URI and opened through the registry:
//
//	b, err := backends.Open(ctx, "ssh://deploy@web1")
//	...
//	defer b.Close()
//	p, err := b.Start(ctx, backends.Command{Args: []string{"uname", "-r"}, Stdout: os.Stdout})
//	...
//	status, err := p.Wait()
//
// An implementation proves itself with backends/backendtest.
package backends

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"time"
)

// A Backend starts processes on one target. Its methods are safe for concurrent
// use.
type Backend interface {
	// Start starts cmd and returns as soon as it runs, or as soon as the
	// request to run it is on its way: that a program does not exist may come as
	// an error of Start, or as exit code 127 of Wait, and one that may not be
	// executed as 126.
	//
	// When ctx is done before the process has ended, the process and all that
	// it started within its process group are killed on the target, and Wait
	// returns the cause of ctx. A backend that cannot kill says so in its
	// documentation.
	//
	// Start waits for a free place when the target allows only so many
	// processes at once. After Close it returns ErrClosed, and once the
	// connection is gone an error that is ErrLost.
	Start(ctx context.Context, cmd Command) (Process, error)

	// Close kills what still runs and releases the connection. It may be called
	// more than once; later calls return nil.
	Close() error
}

// A Command is a process to be started. Nothing in it is ever interpreted: each
// word of Args, Env and Dir arrives on the target byte for byte, whatever
// quotes, newlines, dollar signs or leading dashes it holds. A NUL byte, which no
// process can be given, is an error of Start.
type Command struct {
	// Args are the program, looked up in the target's PATH, and its arguments.
	Args []string
	// Env holds NAME=value pairs that are added to the target's environment.
	Env []string
	// Dir is the working directory; empty means where the target starts its
	// processes (a home directory over SSH).
	Dir string
	// Stdin is copied to the process; nil means empty. Wait never waits for it.
	Stdin io.Reader
	// EndsWithStdin promises that the process and all that it starts end by
	// themselves when Stdin does, or when the connection closes. A backend that
	// kills at some cost may then end the input instead.
	EndsWithStdin bool
	// Stdout and Stderr receive what the process prints; nil discards it. Each
	// is written to by one goroutine at a time, but by two different ones.
	Stdout, Stderr io.Writer
}

// A Process is a started Command.
type Process interface {
	// Wait returns when the process itself has ended and what it printed has
	// been written to Stdout and Stderr. Where a descendant lives on and holds
	// the pipes open, Wait gives it the short time of Drain and returns then.
	//
	// The error is nil when the target told how the process ended, whatever
	// the exit code was. It is the cause of the context of Start when that ended
	// first, it is ErrLost when the connection or the target went away, and a
	// NoStatusError when the target did not say how the process ended. Wait may
	// be called once.
	Wait() (Status, error)
}

// Drain is how long Wait goes on reading after a process has ended while some
// descendant of it still holds its output open. A busy server that has said how the
// process ended may need that long to pass on what it had printed.
const Drain = 500 * time.Millisecond

// A Status is how a process ended.
type Status struct {
	// Code is the exit code; 128 plus the signal's number, as shells say it,
	// when Signal is set and the number is known.
	Code int
	// Signal is the name without SIG ("KILL", "TERM") of the signal that ended
	// the process, where the transport can tell; else empty.
	Signal string
}

// Success reports whether the process exited with code 0.
func (s Status) Success() bool { return s.Code == 0 && s.Signal == "" }

func (s Status) String() string {
	if s.Signal != "" {
		return "killed by SIG" + s.Signal
	}
	return fmt.Sprintf("exit %d", s.Code)
}

// A FileReader is a Backend that reads the target's files without starting a
// process. Names are absolute. Errors are those of io/fs where they apply:
// errors.Is finds fs.ErrNotExist (also for a path below something that is no
// directory) and fs.ErrPermission.
type FileReader interface {
	Backend
	// Stat describes the file; follow says whether a symbolic link at the end
	// of the name is followed.
	Stat(ctx context.Context, name string, follow bool) (FileInfo, error)
	// Open opens a file for reading, following links. It never blocks on a
	// named pipe, and refuses what is not a regular file.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// ReadDir returns the names in a directory, sorted, without . and ..
	ReadDir(ctx context.Context, name string) ([]string, error)
	// ReadLink returns the target of a symbolic link as it is written there.
	ReadLink(ctx context.Context, name string) (string, error)
}

// A Runner is a Backend that by itself keeps an eye on what it has started, as a
// watchdog in the shell does on other targets. A command of an author is then run
// without one.
type Runner interface {
	Backend
	// Run starts cmd and waits for its end, as Start and Wait do, and keeps two more
	// promises.
	//
	// When the process ends, what it has left in the background is left alone, and
	// is not waited for: all that the process itself has printed is written to
	// Stdout and Stderr by then, and what others print later need not be.
	//
	// When ctx is done before that, or when this process itself dies, the process,
	// its group and all its descendants are killed, of which none goes on meanwhile, and
	// nobody else is.
	Run(ctx context.Context, cmd Command) (Status, error)
}

type patient struct{}

// Patient returns a context that tells a FileReader that its caller can wait, in a
// goroutine that may be left to itself. A call may then last longer than the
// context, as system calls on a dead network file system do, and needs no
// goroutine of its own for that, which costs more than most calls.
func Patient(ctx context.Context) context.Context {
	return context.WithValue(ctx, patient{}, true)
}

// IsPatient reports whether a context comes from Patient.
func IsPatient(ctx context.Context) bool { return ctx.Value(patient{}) != nil }

type reconnect struct{}

// Reconnect returns a context that tells a Driver that the target was used before
// and that the connection was lost. What was made for the length of a connection, such
// as a container, must not be made anew then: it would be another target.
func Reconnect(ctx context.Context) context.Context {
	return context.WithValue(ctx, reconnect{}, true)
}

// IsReconnect reports whether a context comes from Reconnect.
func IsReconnect(ctx context.Context) bool { return ctx.Value(reconnect{}) != nil }

// FileInfo is what stat(2) says about a file.
type FileInfo struct {
	// Mode is st_mode as Linux has it: type and permission bits in one number.
	Mode uint32
	// UID and GID are the numeric owner and group; -1 where the backend does not
	// know them.
	UID, GID int
	// Owner and Group are their names; empty where the backend does not know
	// them.
	Owner, Group string
	// Size is in bytes.
	Size int64
	// ModTime is when the content last changed.
	ModTime time.Time
}

// A Prefetcher is a FileReader to which each call is dear, and which can look at many
// files at once.
type Prefetcher interface {
	FileReader
	// Prefetch looks at the named files in few calls and returns a FileReader that
	// answers about them, and about what their links lead to, as they were then;
	// about other files it asks anew. A name that ends in a slash stands for a
	// directory whose files are going to be read. What could not be read is told
	// by the FileReader's answers. The FileReader is good until ctx ends.
	Prefetch(ctx context.Context, names []string) FileReader
}

// A Limited backend also reaches targets on which no process can be started, such
// as a stopped container or one without a shell. It is a FileReader, then.
type Limited interface {
	Backend
	// NoProcess says why no process can be started ("no shell in this container"),
	// or is nil. It is known when the backend is open and does not change.
	NoProcess() error
}

// A Dialer is a Backend that connects to addresses as the target sees them.
type Dialer interface {
	Backend
	// DialContext connects from the target's network, as net.Dialer does from
	// ours.
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// A Noter is a Backend with something to say about how its target was reached that
// every report is to tell, once.
type Noter interface {
	Backend
	// Notes are sentences without a point at their end. They do not change once the
	// backend is open.
	Notes() []string
}

// A Decorator is a Backend around another one, such as one that runs commands as
// somebody else.
//
// Of the optional interfaces it has those that it implements itself: files that are read
// and commands that are run around it are read and run as others would not be. What is
// about the connection alone (Noter, Limited, Dialer) holds for all that is around it, and
// is found by As.
type Decorator interface {
	Backend
	// Unwrap returns the backend that this one is around.
	Unwrap() Backend
}

// As returns the outermost backend that is a T of a backend and those that it is around.
func As[T Backend](b Backend) (found T, ok bool) {
	for b != nil {
		if found, ok = b.(T); ok {
			return found, true
		}
		d, is := b.(Decorator)
		if !is {
			break
		}
		b = d.Unwrap()
	}
	return found, false
}

var (
	// ErrClosed is what a Backend returns after Close.
	ErrClosed = errors.New("the connection to the target is closed")
	// ErrLost is what a Backend returns when its connection, or the target
	// itself, went away while something was asked.
	ErrLost = errors.New("the connection to the target was lost")
	// ErrNotRegular is what FileReader.Open returns for a directory, a pipe, a
	// socket or a device.
	ErrNotRegular = fmt.Errorf("not a regular file: %w", fs.ErrInvalid)
)

// A NoStatusError says that a process ended and nobody told how.
type NoStatusError struct {
	// Unanswered says that the target never confirmed that it had started the process. It
	// may have been started all the same.
	Unanswered bool
	// Reason is what was seen instead of a status.
	Reason string
}

func (e *NoStatusError) Error() string {
	if e.Reason == "" {
		return "the process ended without an exit status"
	}
	return "the process ended without an exit status: " + e.Reason
}

// An UnreachableError says that a target cannot be used at all: it was not
// found, refused the connection, showed a wrong host key, did not let us in.
type UnreachableError struct {
	// Target is the URI as it is shown to people.
	Target string
	// Tried is what was attempted, in words: "dial tcp 10.0.0.7:22".
	Tried string
	// Err is the cause.
	Err error
	// Advice is what the reader can do about it, possibly of several lines;
	// may be empty.
	Advice string
}

func (e *UnreachableError) Error() string {
	s := e.Target + " is UNREACHABLE: "
	if e.Tried != "" {
		s += e.Tried + ": "
	}
	s += e.Err.Error()
	if e.Advice != "" {
		s += "\n" + e.Advice
	}
	return s
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }
