package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"
	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
)

// connect returns a client of the engine that the rig uses.
func connectEngine(t testing.TB) *client.Client {
	t.Helper()
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	return api
}

// execBackend starts processes by the command-line client, so that the checks of
// backendtest can make the files that an archive is to read.
type execBackend struct {
	*archive
	prefetch bool
}

type execProcess struct{ *exec.Cmd }

func (p execProcess) Wait() (backends.Status, error) {
	err := p.Cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return backends.Status{Code: exit.ExitCode()}, nil
	}
	return backends.Status{}, err
}

func (b *execBackend) Start(ctx context.Context, cmd backends.Command) (backends.Process, error) {
	// Words that are not UTF-8 would get lost on their way.
	var octal strings.Builder
	for _, c := range []byte(backends.Quote(cmd.Args...)) {
		fmt.Fprintf(&octal, `\0%03o`, c)
	}
	c := exec.CommandContext(ctx, "docker", "exec", "-i", b.id, "sh", "-c", `eval "exec $(printf %b '`+octal.String()+`')"`)
	c.Stdin, c.Stdout, c.Stderr = cmd.Stdin, cmd.Stdout, cmd.Stderr
	return execProcess{c}, c.Start()
}

// Prefetched answers are to be the same.
func (b *execBackend) Stat(ctx context.Context, name string, follow bool) (backends.FileInfo, error) {
	return b.reader(ctx, name).Stat(ctx, name, follow)
}

func (b *execBackend) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	return b.reader(ctx, name).Open(ctx, name)
}

func (b *execBackend) ReadDir(ctx context.Context, name string) ([]string, error) {
	return b.reader(ctx, name+"/").ReadDir(ctx, name)
}

func (b *execBackend) ReadLink(ctx context.Context, name string) (string, error) {
	return b.reader(ctx, name).ReadLink(ctx, name)
}

func (b *execBackend) reader(ctx context.Context, name string) backends.FileReader {
	if b.prefetch {
		return b.archive.Prefetch(ctx, []string{name, name + ".beside"})
	}
	return b.archive
}

func TestArchive_Conformance(t *testing.T) {
	filesConformance(t, rig.SharedMachine(t, rig.WithoutSystemd()).ID)
}

// filesConformance checks what backendtest has about files, in a container that runs.
func filesConformance(t *testing.T, id string) {
	t.Helper()
	api := connectEngine(t)
	for _, prefetch := range []bool{false, true} {
		for _, check := range backendtest.Checks() {
			switch check.Name {
			case "files: /proc", "files: what is not a regular file is not opened":
				continue // /proc and /dev cannot be seen
			}
			if !strings.HasPrefix(check.Name, "files: ") {
				continue
			}
			t.Run(fmt.Sprintf("%s, prefetch %v", check.Name, prefetch), func(t *testing.T) {
				open := func(context.Context) (backends.Backend, error) {
					return &execBackend{newArchive(api, id), prefetch}, nil
				}
				err := check.Run(t.Context(), open, backendtest.Options{TempDir: "/var/tmp"})
				if na, ok := errors.AsType[*backendtest.NotApplicableError](err); ok {
					t.Log(na)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// oddFiles is an image in which files are of every kind.
func oddFiles() []rig.File {
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	return []rig.File{
		{Name: "etc/"}, {Name: "etc/passwd", Content: "root:x:0:0::/root:/bin/sh\napp:x:10:20::/app:/x\n"},
		{Name: "usr/"}, {Name: "usr/bin/"}, {Name: "bin", Type: tar.TypeSymlink, Link: "usr/bin"}, {Name: "proc/"},
		{Name: "usr/bin/tool", Mode: 0o6755, UID: 10, GID: 20, Content: "#!", ModTime: at},
		{Name: "odd/", Mode: 0o1777, UID: 10, GID: 20},
		{Name: "odd/two words", Content: "spaces"}, {Name: "odd/a\nb", Content: "newline"},
		{Name: "odd/smile ☺", Content: "unicode"}, {Name: "odd/caf\xe9", Content: "latin"},
		{Name: "odd/a..b", Content: "dots"}, {Name: "odd/...", Content: "more dots"}, {Name: "odd/%2e?&=", Content: "url"},
		{Name: "odd/" + strings.Repeat("long", 60), Content: "long"},
		{Name: "odd/fifo", Type: tar.TypeFifo}, {Name: "odd/zero", Type: tar.TypeChar, Major: 1, Minor: 5},
		{Name: "odd/disk", Type: tar.TypeBlock, Major: 7, Minor: 200},
		{Name: "odd/first", Content: "both", UID: 10}, {Name: "odd/second", Type: tar.TypeLink, Link: "odd/first", UID: 10},
		{Name: "odd/noted", Content: "xattr", PAX: map[string]string{"SCHILY.xattr.user.note": strings.Repeat("n", 500)}},
		{Name: "odd/sub/"}, {Name: "odd/sub/up", Type: tar.TypeSymlink, Link: "../first"},
		{Name: "odd/abs", Type: tar.TypeSymlink, Link: "/odd/sub"}, {Name: "odd/chain", Type: tar.TypeSymlink, Link: "abs/up"},
		{Name: "odd/dangling", Type: tar.TypeSymlink, Link: "/no where\n", UID: 7}, {Name: "odd/outside", Type: tar.TypeSymlink, Link: "../../../../etc/passwd"},
		{Name: "odd/loop", Type: tar.TypeSymlink, Link: "loop", UID: 7}, {Name: "odd/ping", Type: tar.TypeSymlink, Link: "pong"},
		{Name: "odd/pong", Type: tar.TypeSymlink, Link: "ping"}, {Name: "odd/tolatin", Type: tar.TypeSymlink, Link: "caf\xe9"},
		{Name: "odd/proc", Type: tar.TypeSymlink, Link: "/proc/1/status"},
	}
}

// bothWays runs a test on an archive and on what was fetched before.
func bothWays(t *testing.T, id string, names []string, test func(t *testing.T, r backends.FileReader)) {
	t.Helper()
	a := newArchive(connectEngine(t), id)
	t.Run("anew", func(t *testing.T) { test(t, a) })
	t.Run("prefetched", func(t *testing.T) { test(t, a.Prefetch(t.Context(), names)) })
	t.Run("prefetched with its folder", func(t *testing.T) { test(t, a.Prefetch(t.Context(), []string{"/odd/"})) })
}

func read(ctx context.Context, r backends.FileReader, name string) (string, error) {
	f, err := r.Open(ctx, name)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(f)
	return string(text), errors.Join(err, f.Close())
}

func TestArchive_ReadsFilesOfAnyName(t *testing.T) {
	id := rig.MakeContainer(t, rig.MakeImage(t, oddFiles()...), "/none")
	want := map[string]string{
		"/odd/two words": "spaces", "/odd/a\nb": "newline", "/odd/smile ☺": "unicode", "/odd/caf\xe9": "latin", "/odd/a..b": "dots",
		"/odd/...": "more dots", "/odd/%2e?&=": "url", "/odd/" + strings.Repeat("long", 60): "long",
		"/odd/first": "both", "/odd/second": "both", "/odd/noted": "xattr", "/odd/sub/up": "both", "/odd/chain": "both", "/odd/abs/up": "both",
		"/odd/abs/../first": "both", "/odd/sub/../../etc/../odd/./first": "both", "//odd///first": "both", "/bin/tool": "#!",
		"/../odd/first": "both", "/odd/outside": "root:x:0:0::/root:/bin/sh\napp:x:10:20::/app:/x\n", "/odd/tolatin": "latin",
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	bothWays(t, id, names, func(t *testing.T, r backends.FileReader) {
		g := NewWithT(t)
		for name, content := range want {
			text, err := read(t.Context(), r, name)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(text).To(Equal(content), "%q", name)
		}
	})
}

func TestArchive_TellsWhatLstatTells(t *testing.T) {
	id := rig.MakeContainer(t, rig.MakeImage(t, oddFiles()...), "/none")
	at := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	want := map[string]backends.FileInfo{
		"/bin/tool": {Mode: 0o106755, UID: 10, GID: 20, Size: 2}, "/bin": {Mode: 0o120777, Size: 7},
		"/odd": {Mode: 0o041777, UID: 10, GID: 20}, "/odd/fifo": {Mode: 0o010644}, "/odd/zero": {Mode: 0o020644}, "/odd/disk": {Mode: 0o060644},
		"/odd/first": {Mode: 0o100644, UID: 10, Size: 4}, "/odd/second": {Mode: 0o100644, UID: 10, Size: 4},
		"/odd/loop": {Mode: 0o120777, UID: 7, Size: 4}, "/odd/dangling": {Mode: 0o120777, UID: 7, Size: 10}, "/": {Mode: 0o040755},
		"/odd/proc": {Mode: 0o120777, Size: 14}, "/proc": {Mode: 0o040755},
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	bothWays(t, id, names, func(t *testing.T, r backends.FileReader) {
		g := NewWithT(t)
		for name, info := range want {
			got, err := r.Stat(t.Context(), name, false)
			g.Expect(err).NotTo(HaveOccurred())
			if name == "/bin/tool" {
				g.Expect(got.ModTime).To(BeTemporally("==", at))
			}
			got.ModTime = time.Time{}
			if name == "/" && got.UID == -1 { // podman does not tell, and makes it 0555
				got.UID, got.GID, got.Mode = 0, 0, got.Mode|0o200
			}
			if got.Mode&0o170000 == 0o040000 {
				g.Expect(got.Size).To(BeNumerically(">", 0))
				got.Size = 0
			}
			if got.Owner != "" { // /etc/passwd has come along
				g.Expect(got.Owner).To(Equal(map[int]string{0: "root", 10: "app"}[got.UID]))
				got.Owner = ""
			}
			g.Expect(got).To(Equal(info), name)
		}
	})
}

func TestPrefetch_NamesTheOwnersWhereTheirFilesCame(t *testing.T) {
	g := NewWithT(t)
	id := rig.MakeContainer(t, rig.MakeImage(t, oddFiles()...), "/none")
	r := newArchive(connectEngine(t), id).Prefetch(t.Context(), []string{"/bin/tool", "/etc/passwd", "/etc/group"})
	info, err := r.Stat(t.Context(), "/bin/tool", true)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Owner).To(Equal("app"))
	g.Expect(info.Group).To(BeEmpty(), "there is no /etc/group")
}

func TestArchive_FollowsLinksInTheContainer(t *testing.T) {
	id := rig.MakeContainer(t, rig.MakeImage(t, oddFiles()...), "/none")
	names := []string{"/odd/loop", "/odd/ping", "/odd/dangling", "/odd/abs", "/odd/chain", "/odd/proc", "/odd/fifo", "/odd/first/x", "/odd/no/no", "/odd/tolatin"}
	bothWays(t, id, names, func(t *testing.T, r backends.FileReader) {
		g, ctx := NewWithT(t), t.Context()
		for name, target := range map[string]string{
			"/odd/loop": "loop", "/odd/ping": "pong", "/odd/dangling": "/no where\n", "/odd/abs": "/odd/sub", "/odd/chain": "abs/up", "/bin": "usr/bin",
			"/odd/tolatin": "caf\xe9", "/odd/proc": "/proc/1/status",
		} {
			found, err := r.ReadLink(ctx, name)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(found).To(Equal(target))
		}
		for _, name := range []string{"/odd/loop", "/odd/ping", "/odd/loop/below", "/odd/ping/../first"} {
			_, err := r.Stat(ctx, name, true)
			g.Expect(err).To(MatchError(errLoop), name)
			_, err = r.Open(ctx, name)
			g.Expect(err).To(MatchError(errLoop), name)
		}
		for _, name := range []string{"/odd/dangling", "/odd/first/x", "/odd/no/no", "/odd/first/", "/odd/first/.", "/odd/first/..", "/none"} {
			_, err := r.Stat(ctx, name, true)
			g.Expect(err).To(MatchError(fs.ErrNotExist), name)
		}
		for _, name := range []string{"/odd/proc", "/proc/self/status", "/dev/null", "/sys/kernel"} {
			_, err := r.Stat(ctx, name, true)
			g.Expect(err).To(MatchError(ContainSubstring("can only be seen by a process in it")), name)
			g.Expect(err).NotTo(MatchError(fs.ErrNotExist))
		}
		for _, name := range []string{"/odd/fifo", "/odd/zero", "/odd", "/odd/abs", "/odd/abs/"} {
			_, err := r.Open(ctx, name)
			g.Expect(err).To(MatchError(backends.ErrNotRegular), name)
		}
		for _, name := range []string{"relative", "", "/odd/\x00"} {
			_, err := r.Stat(ctx, name, true)
			g.Expect(err).To(MatchError(fs.ErrInvalid))
		}
		found, err := r.ReadDir(ctx, "/odd/abs")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(found).To(Equal([]string{"up"}))
		found, err = r.ReadDir(ctx, "/")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(found).To(ContainElements("bin", "etc", "odd", "usr"))
		g.Expect(found).NotTo(ContainElement(ContainSubstring("/")))
	})
}

func TestArchive_ASocketIsToldWithoutItsOwner(t *testing.T) {
	m, g := rig.SharedMachine(t, rig.WithoutSystemd()), NewWithT(t)
	m.Exec(t, `perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "/var/tmp/files.sock", Listen => 1)'`)
	for _, r := range []backends.FileReader{newArchive(connectEngine(t), m.ID), newArchive(connectEngine(t), m.ID).Prefetch(t.Context(), []string{"/var/tmp/files.sock", "/etc/hosts"})} {
		info, err := r.Stat(t.Context(), "/var/tmp/files.sock", true)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(info.Mode & 0o170000).To(Equal(uint32(0o140000)))
		g.Expect(info.UID).To(Equal(-1))
	}
}

func TestArchive_SaysThatTheContainerIsGone(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	id := rig.MakeContainer(t, rig.MakeImage(t, oddFiles()...), "/none")
	a := newArchive(connectEngine(t), id)
	_, err := a.Stat(ctx, "/odd/first", true)
	g.Expect(err).NotTo(HaveOccurred())
	rig.Docker(t, "rm", id)
	for _, r := range []backends.FileReader{a, a.Prefetch(ctx, []string{"/odd/first", "/odd/"})} {
		_, err = r.Stat(ctx, "/odd/first", true)
		g.Expect(err).To(MatchError(backends.ErrLost))
		_, err = r.Stat(ctx, "/nothing", true)
		g.Expect(err).To(MatchError(backends.ErrLost))
		g.Expect(err).NotTo(MatchError(fs.ErrNotExist))
	}
}

func TestArchive_EndsWithItsContext(t *testing.T) {
	g := NewWithT(t)
	id := rig.MakeContainer(t, rig.MakeImage(t, oddFiles()...), "/none")
	a := newArchive(connectEngine(t), id)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	f, err := a.Open(ctx, "/odd/first")
	g.Expect(err).NotTo(HaveOccurred())
	defer f.Close()
	cancel(cause)
	_, err = a.Stat(ctx, "/odd/first", true)
	g.Expect(err).To(MatchError(cause))
	_, err = a.Prefetch(ctx, []string{"/odd/first"}).Stat(ctx, "/odd/first", true)
	g.Expect(err).To(MatchError(cause))
}

func TestArchive_AFileThatWasReplacedIsToldAnew(t *testing.T) {
	m, g, ctx := rig.SharedMachine(t, rig.WithoutSystemd()), NewWithT(t), t.Context()
	a := newArchive(connectEngine(t), m.ID)
	for _, content := range []string{"one", "another"} {
		m.Exec(t, "printf "+content+" >/var/tmp/files.new && mv /var/tmp/files.new /var/tmp/files.replaced")
		for _, r := range []backends.FileReader{a, a.Prefetch(ctx, []string{"/var/tmp/files.replaced"})} {
			text, err := read(ctx, r, "/var/tmp/files.replaced")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(text).To(Equal(content))
		}
	}
}
