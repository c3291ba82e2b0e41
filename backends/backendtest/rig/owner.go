package rig

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An owner is the process that a container belongs to. A PID alone is not
// enough: it is used again, and means something else in another PID namespace.
type owner struct {
	pid       int
	started   string
	namespace string
}

func thisProcess() (owner, error) {
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return owner{}, err
	}
	started, err := startTime(os.Getpid())
	return owner{os.Getpid(), started, namespace}, err
}

func (o owner) String() string { return fmt.Sprintf("%d %s %s", o.pid, o.started, o.namespace) }

func parseOwner(s string) (o owner, err error) {
	_, err = fmt.Sscan(s, &o.pid, &o.started, &o.namespace)
	return o, err
}

// dead reports whether the owner certainly runs no more, as far as self can see.
func (o owner) dead(self owner) bool {
	if o.namespace != self.namespace {
		return false
	}
	started, err := startTime(o.pid)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	return err == nil && started != o.started
}

// startTime reads field 22 of proc_pid_stat(5), in clock ticks since the boot.
func startTime(pid int) (string, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", err
	}
	// The name before the last ")" may hold anything.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return "", fmt.Errorf("cannot read /proc/%d/stat: %q", pid, stat)
	}
	return string(fields[19]), nil
}

// OwnName makes of a name for an image or a container one that no other has, and by which
// Sweep removes what bears it when this process has died. For an image that is its
// repository, with whatever tags. The name is made lower-case, and begins with
// "hostspec-test".
func OwnName(tb testing.TB, name string) string {
	tb.Helper()
	self, err := thisProcess()
	must(tb, err)
	own := self.name(name)
	if _, ok := readName(own); !ok {
		tb.Fatalf("%q is not a name for an image or a container of a test", name)
	}
	return own
}

func (o owner) name(begin string) string {
	begin = strings.ToLower(begin)
	namespace := strings.TrimSuffix(strings.TrimPrefix(o.namespace, "pid:["), "]")
	return fmt.Sprintf("%s-of-%d-%s-%s-%s", begin, o.pid, o.started, namespace, strings.ToLower(rand.Text()))
}

var ownName = regexp.MustCompile(`^hostspec-test[a-z0-9_/.-]*-of-([0-9]{1,10})-([0-9]+)-([0-9]+)-[0-9a-z]+(:[\w.-]+)?$`)

// readName reads whose a thing of this name is; ok is false if it is nobody's.
func readName(name string) (o owner, ok bool) {
	m := ownName.FindStringSubmatch(name)
	if m == nil {
		return owner{}, false
	}
	pid, err := strconv.Atoi(m[1])
	return owner{pid, m[2], "pid:[" + m[3] + "]"}, err == nil
}

// Sweep removes what test processes on this host have left behind that are dead: the
// machines, and what has a name of OwnName or is a container of such an image, as those
// are that hostspec tdd was to keep.
func Sweep(ctx context.Context) error {
	self, err := thisProcess()
	if err != nil {
		return err
	}
	left := func(names ...string) bool {
		for _, name := range names {
			if o, ok := readName(name); ok && o.dead(self) {
				return true
			}
		}
		return false
	}
	list, err := docker(ctx, nil, "ps", "--all", "--no-trunc", "--format", `{{.ID}}|{{.Image}}|{{.Names}}|{{.Label "`+ownerLabel+`"}}`)
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(list) {
		words := strings.Split(strings.TrimSpace(line), "|")
		o, err := parseOwner(words[len(words)-1])
		if err == nil && o.dead(self) || left(words[1:]...) {
			errs = append(errs, removeContainer(ctx, words[0]))
		}
	}
	if list, err = docker(ctx, nil, "images", "--format", "{{.Repository}}:{{.Tag}}"); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for name := range strings.Lines(list) {
		if name = strings.TrimSpace(name); left(name) {
			_, err := docker(ctx, nil, "rmi", "--force", name)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// removeContainer also removes its anonymous volumes. One that is being removed by
// somebody else is as good as removed; one that is gone is not an error of --force.
func removeContainer(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	_, err := docker(ctx, nil, "rm", "--force", "--volumes", id)
	if err != nil && strings.Contains(err.Error(), "already in progress") {
		return nil
	}
	return err
}
