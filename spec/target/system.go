package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/spec/fact"
)

// greeting asks what system this is, along with the request that opens the
// shell: the kernel, our user, the first process, what runs the services, and
// os-release(5).
var greeting = "uname -snrm; " + askUID + "; " + askInit +
	`cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null || :`

// askUID prints what id -u does, without a process where there is proc_pid_status(5).
const askUID = `VARu=; while read -r VARk VARr VARu VARx && case $VARk in Uid:) false;; esac; do VARu=; done 2>/dev/null </proc/self/status; ` +
	`if [ "$VARu" ]; then echo "$VARu"; else id -u; fi`

// A System is what a target is.
type System struct {
	Kernel   string // "Linux"
	Hostname string // as uname -n says it
	Release  string // of the kernel: "6.1.0-25-amd64"
	Machine  string // "x86_64"
	UID      int    // of the account we are there
	// Init is what runs the services: "systemd", "openrc", "runit", "sysvinit", "s6",
	// "supervisor", or empty where nothing is known to.
	Init string
	// PID1 is the name of the first process, by proc(5), /proc/1/comm; empty where
	// it was not told.
	PID1 string
	// NoProcess is why no process can be started there, or nil. Of such a target
	// only what stands in os-release(5) is known.
	NoProcess error
	fact.OSRelease
}

// families are the distributions that others derive from, told by the ID or
// ID_LIKE of os-release.
var families = map[string]string{
	"debian": "debian", "ubuntu": "debian",
	"rhel": "rhel", "fedora": "rhel", "centos": "rhel",
	"suse": "suse", "sles": "suse", "opensuse": "suse",
	"alpine": "alpine",
	"arch":   "arch",
}

// Family is the family of distributions: "debian", "rhel", "suse", "alpine",
// "arch"; else the ID itself, and where there is none the kernel's name in lower
// case.
func (s System) Family() string {
	for _, id := range append([]string{s.ID}, s.IDLike...) {
		if f, ok := families[id]; ok {
			return f
		}
	}
	if s.ID != "" {
		return s.ID
	}
	return strings.ToLower(s.Kernel)
}

// Is reports whether the system has this ID, is like it, or belongs to the family
// of that name.
func (s System) Is(name string) bool {
	return s.ID == name || s.Family() == name || slices.Contains(s.IDLike, name)
}

// String names the system for people.
func (s System) String() string {
	if s.PrettyName != "" {
		return s.PrettyName
	}
	return strings.TrimSpace(s.Kernel + " " + s.Release)
}

// A unamer is a backend that knows by itself what uname and id -u would say.
type unamer interface {
	Uname(ctx context.Context) (words [4]string, uid int, err error)
}

// readSystem finds out without a process what system this is, where the backend
// can tell; else it returns nil, and the greeting tells.
func readSystem(ctx context.Context, b backends.Backend) *System {
	u, ok := b.(unamer)
	r, ok2 := b.(backends.FileReader)
	if !ok || !ok2 {
		return nil
	}
	words, uid, err := u.Uname(ctx)
	if err != nil {
		return nil
	}
	s := System{Kernel: words[0], Hostname: words[1], Release: words[2], Machine: words[3], UID: uid}
	if err := s.readInit(ctx, r); err != nil {
		return nil
	}
	if err := s.readRelease(ctx, r); err != nil || s.OSRelease.ID == "" {
		return nil
	}
	return &s
}

// readSystem is readSystem for as long as a question may take. What files cannot tell
// in time is asked of a shell.
func (t *Target) readSystem(ctx context.Context, b backends.Backend) *System {
	limited, cancel := context.WithTimeoutCause(ctx, t.timeout, errDeadline)
	defer cancel()
	s, _ := patiently(limited, func(ctx context.Context) (*System, error) { return readSystem(ctx, b), nil })
	return s
}

// readInit is askInit without a shell.
func (s *System) readInit(ctx context.Context, r backends.FileReader) error {
	if f, err := r.Open(ctx, "/proc/1/comm"); err == nil {
		defer f.Close()
		text, _ := io.ReadAll(io.LimitReader(f, 64))
		s.PID1 = strings.TrimSuffix(string(text), "\n")
	}
	files, err := existing(ctx, r)
	s.Init = initOf(s.PID1, files)
	return err
}

// osReleases are where os-release(5) may be, the first that exists counts.
var osReleases = []string{"/etc/os-release", "/usr/lib/os-release"}

// readRelease reads os-release(5); a system that has none stays without.
func (s *System) readRelease(ctx context.Context, r backends.FileReader) error {
	for _, name := range osReleases {
		f, err := r.Open(ctx, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, backends.ErrNotRegular) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", name, err)
		}
		defer f.Close()
		s.OSRelease, err = fact.ParseOSRelease(f)
		return err
	}
	return nil
}

func parseSystem(o Output) (System, error) {
	lines := strings.SplitN(string(o.Stdout), "\n", 5)
	if len(lines) < 5 {
		return System{}, fmt.Errorf("cannot tell what system this is: uname and id answered %q %q", excerpt(string(o.Stdout)), excerpt(string(o.Stderr)))
	}
	words := strings.Fields(lines[0])
	if len(words) != 4 {
		return System{}, fmt.Errorf("cannot read the answer of uname -snrm: %q", lines[0])
	}
	uid, err := strconv.Atoi(lines[1])
	if err != nil {
		return System{}, fmt.Errorf("cannot read the answer of id -u: %q", lines[1])
	}
	osr, err := fact.ParseOSRelease(strings.NewReader(lines[4]))
	if err != nil {
		return System{}, err
	}
	return System{Kernel: words[0], Hostname: words[1], Release: words[2], Machine: words[3], UID: uid, PID1: lines[2], Init: initOf(lines[2], strings.Fields(lines[3])), OSRelease: osr}, nil
}
