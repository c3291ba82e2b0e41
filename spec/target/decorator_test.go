package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/backends/local"
)

func conformance(t *testing.T, open backendtest.Opener, of func(check string) bool) {
	t.Helper()
	for _, check := range backendtest.Checks() {
		if !of(check.Name) {
			continue
		}
		t.Run(check.Name, func(t *testing.T) {
			err := check.Run(t.Context(), open, backendtest.Options{})
			if na, ok := errors.AsType[*backendtest.NotApplicableError](err); ok {
				t.Log(na)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// killing is what nobody can do who is not the user.
var killing = []string{
	"a cancelled context leaves no orphan", "a deadline leaves no orphan", "signals that are ignored do not save a process",
	"50 commands cancelled at once", "close kills what still runs",
}

// What root starts as somebody else is all that a backend has to be, but for the killing.
func TestElevated_Conformance(t *testing.T) {
	// A directory in PATH that the user may not enter makes it 126 where nothing is found.
	t.Setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	a := rig.NewAccount(t)
	conformance(t, func(context.Context) (backends.Backend, error) {
		return &elevated{backend: local.New(), user: a.Name, account: &account{}}, nil
	}, func(check string) bool { return !slices.Contains(killing, check) })
}

// Sudo that asks for a password gets nothing else for one, whatever is started, and what
// is started gets all of its input.
func TestElevated_AnyCommandBySudo(t *testing.T) {
	const secret = "ri'gh t!"
	a := rig.NewAccount(t, rig.Password(secret))
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL")
	uri := rig.StartSSHD(t).URI(a.Name)
	conformance(t, func(ctx context.Context) (backends.Backend, error) {
		b, err := backends.Open(ctx, uri)
		if err != nil {
			return nil, err
		}
		p := &password{}
		p.learn(secret)
		return &elevated{backend: b, user: "root", password: p, account: &account{}}, nil
	}, func(check string) bool { return slices.Contains(bySudo, check) })
}

// bySudo are the checks that the way to another user could spoil. Sudo puts into the
// environment what it was asked to run, which differs each time.
var bySudo = []string{
	"binary output is exact", "stderr is apart from stdout", "no stdin is an empty one", "stdin is exact", "8 MB of stdin come back",
	"stdin is passed on as it comes", "many and long words", "program with a hostile name", "directory",
	"directory that does not exist", "NUL in a word is an error", "no program is an error", "program that does not exist",
}

// A connected is a backend with something to say about its connection, and with files.
type connected struct{ *local.Backend }

func (connected) Notes() []string { return []string{"a note"} }

// Of the optional interfaces those that are about the connection alone hold for what is
// around it.
func TestElevated_OptionalInterfaces(t *testing.T) {
	inner := connected{local.New()}
	var b backends.Backend = &elevated{backend: &elevated{backend: inner}}
	if _, ok := b.(backends.FileReader); ok {
		t.Error("it reads files as somebody else than it starts processes")
	}
	if _, ok := b.(backends.Runner); ok {
		t.Error("it runs commands as somebody else than it starts processes")
	}
	if n, ok := backends.As[backends.Noter](b); !ok || n.Notes()[0] != "a note" {
		t.Error("its connection has nothing to say")
	}
	if d, ok := backends.As[backends.Dialer](b); !ok || d != backends.Dialer(inner) {
		t.Error("it cannot dial")
	}
	if _, ok := backends.As[backends.Prefetcher](b); ok {
		t.Error("it has what nobody below it has")
	}
	if _, ok := backends.As[backends.Noter](nil); ok {
		t.Error("nothing has something to say")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := inner.Start(t.Context(), backends.Command{Args: []string{"true"}}); !errors.Is(err, backends.ErrClosed) {
		t.Errorf("found %v", err)
	}
}

// An input that is there before sudo has asked is not taken for the password, nor is a
// command that goes there because it is too long for an argument.
func TestElevated_HoldsInputBack(t *testing.T) {
	a := rig.NewAccount(t, rig.Password("right"))
	rig.Sudoers(t, a, "USER ALL=(ALL) ALL", "Defaults:USER passwd_tries=1")
	b, err := backends.Open(t.Context(), rig.StartSSHD(t).URI(a.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	p := &password{}
	p.learn("right")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for _, word := range []string{"", strings.Repeat("'", 40_000)} {
		var out bytes.Buffer
		proc, err := (&elevated{backend: b, user: "root", password: p, account: &account{}}).Start(ctx, backends.Command{
			Args: []string{"sh", "-c", `echo "$(id -u)" ${#1}; cat`, "sh", word}, Stdin: strings.NewReader("for the command\n"), Stdout: &out,
		})
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("0 %d\nfor the command\n", len(word))
		if status, err := proc.Wait(); err != nil || !status.Success() || out.String() != want {
			t.Errorf("%v, %v, %q", status, err, out.String())
		}
	}
}
