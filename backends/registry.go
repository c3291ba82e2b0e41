package backends

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// A Driver opens the targets of one scheme.
type Driver struct {
	// Options are the names of the options the scheme has beside the common
	// ones.
	Options []string
	// Files are those of the options that name a file of this machine: see
	// AbsoluteFiles.
	Files []string
	// Literal says that what follows the scheme is taken byte for byte, up to a
	// last "?" that is followed by known options. Otherwise the first "?" begins
	// the options, and an unknown one is an error.
	Literal bool
	// Opaque says that the scheme is followed by ":" alone, as in exec:PREFIX.
	Opaque bool
	// Check, when set, says what is wrong with a target's text. It may tidy the
	// URI, and touches nothing outside this process.
	Check func(*URI) error
	// Container says that targets are containers or are made of images, which share the
	// kernel, and what only that knows, with their host.
	Container bool
	// Launch, when set, makes once what every Open would make for itself, such as a
	// container of an image, for a run in which several processes open the target.
	Launch func(ctx context.Context, u *URI) (Launched, error)
	// Open connects. Its context bounds the connecting alone and is cancelled
	// afterwards, so the Backend must not live by it. An error that means the
	// target cannot be used is an *UnreachableError.
	Open func(ctx context.Context, u *URI) (Backend, error)
}

// A Launched was made for the length of a run.
type Launched interface {
	// Environ is a variable, as NAME=value, by which the target's text means it in
	// another process.
	Environ() string
	// Close removes it. It may be called more than once.
	Close() error
}

// drivers is filled by init functions, as in database/sql.
var drivers = struct {
	sync.RWMutex
	byScheme map[string]Driver
}{byScheme: map[string]Driver{}}

// Register makes a driver available under a scheme. It panics when the scheme is
// taken or the driver cannot open anything, since both are mistakes of the
// program.
func Register(scheme string, d Driver) {
	drivers.Lock()
	defer drivers.Unlock()
	if d.Open == nil {
		panic("backends: Register of scheme " + scheme + " without Open")
	}
	if _, taken := drivers.byScheme[scheme]; taken {
		panic("backends: Register called twice for scheme " + scheme)
	}
	drivers.byScheme[scheme] = d
}

// Schemes returns the registered schemes, sorted.
func Schemes() []string {
	drivers.RLock()
	defer drivers.RUnlock()
	return slices.Sorted(maps.Keys(drivers.byScheme))
}

func lookup(scheme string) (Driver, bool) {
	drivers.RLock()
	defer drivers.RUnlock()
	d, ok := drivers.byScheme[scheme]
	return d, ok
}

// Open parses a target's text and connects to it.
func Open(ctx context.Context, text string) (Backend, error) {
	u, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return u.Open(ctx)
}

// IsContainer reports whether the target is a container, as far as its driver is known here.
func (u *URI) IsContainer() bool {
	d, _ := lookup(u.Scheme)
	return d.Container
}

// Launch makes what all processes share that open the target in one run. It returns nil
// where there is nothing to share.
func (u *URI) Launch(ctx context.Context) (Launched, error) {
	if d, _ := lookup(u.Scheme); d.Launch != nil {
		return d.Launch(ctx, u)
	}
	return nil, nil
}

// Open connects to the target, within ConnectTimeout.
func (u *URI) Open(ctx context.Context) (Backend, error) {
	d, ok := lookup(u.Scheme)
	if !ok {
		return nil, &URIError{Text: u.String(), Reason: fmt.Sprintf("unknown scheme %q", u.Scheme)}
	}
	timeout := u.ConnectTimeout
	if timeout == 0 {
		timeout = DefaultConnectTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	defer cancel()
	return d.Open(ctx, u)
}
