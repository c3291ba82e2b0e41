package snapshot_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/local"
	"github.com/hostspec/hostspec/spec/snapshot"
)

// shells are the ones that snapshots must be taken by, by the name of a scheme.
// With busybox all tools are its own; there is no other program beside it.
var shells = []string{"dash", "bash", "busybox", "mksh", "ksh93"}

func init() {
	for _, shell := range shells {
		backends.Register("snap-"+shell, backends.Driver{Open: func(context.Context, *backends.URI) (backends.Backend, error) {
			return openShell(shell)
		}})
	}
}

// shellBackend starts processes on this machine with another sh.
type shellBackend struct {
	backend *local.Backend
	dir     string
	alone   bool
}

func openShell(shell string) (backends.Backend, error) {
	path, err := exec.LookPath(shell)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "hostspec-shell-")
	if err != nil {
		return nil, err
	}
	if shell == "busybox" {
		out, err := exec.Command(path, "--install", "-s", dir).CombinedOutput()
		if err != nil {
			return nil, os.NewSyscallError(string(out), err)
		}
		return &shellBackend{local.New(), dir, true}, nil
	}
	return &shellBackend{local.New(), dir, false}, os.Symlink(path, filepath.Join(dir, "sh"))
}

func (b *shellBackend) Start(ctx context.Context, c backends.Command) (backends.Process, error) {
	path := b.dir
	if !b.alone {
		path += ":/usr/bin:/bin"
	}
	// What a Target starts begins with a longer PATH of its own.
	if b.alone && len(c.Args) == 3 {
		c.Args = append([]string{}, c.Args...)
		c.Args[2] = strings.Replace(c.Args[2], backends.AddToPath, "PATH="+path+"; export PATH; ", 1)
	}
	c.Args[0] = filepath.Join(b.dir, "sh")
	c.Env = append(c.Env, "PATH="+path)
	return b.backend.Start(ctx, c)
}

func (b *shellBackend) Close() error {
	_ = os.RemoveAll(b.dir)
	return b.backend.Close()
}

// only watches one folder: the others of this machine are in use by everybody.
func only(dir string) snapshot.Options {
	opt := snapshot.Options{Watch: []string{dir}}
	for _, d := range snapshot.DefaultWatch() {
		opt.Ignore = append(opt.Ignore, d+"/**")
	}
	return opt
}

// hostile are names that tools write in ways of their own, or not at all.
var hostile = []string{"plain", "with space", "new\nline", "tab\there", `back\slash`, `quo'te "double"`, "-dash", "$HOME `x`", "bad \xff byte",
	"arrow' -> 'x", ": colon: Permission denied", "star*?[", "?question", "a=b", `\n`}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Files of any name are listed and hashed by any shell, with GNU's tools and with
// busybox's alone.
func TestLocal_AnyNameInAnyShell(t *testing.T) {
	for _, scheme := range append([]string{"local"}, shells...) {
		t.Run(scheme, func(t *testing.T) {
			g := NewWithT(t)
			uri := scheme + "://"
			if scheme != "local" {
				uri = "snap-" + scheme + "://"
			}
			tg, dir := open(t, uri), t.TempDir()
			for _, name := range hostile {
				write(t, filepath.Join(dir, name), name)
				g.Expect(os.Symlink(name, filepath.Join(dir, "link "+name))).To(Succeed())
			}
			before := take(t, tg, only(dir))
			g.Expect(below(told(before, take(t, tg, only(dir))), dir)).To(HaveLen(untellable(scheme, 1)))
			for _, name := range hostile {
				path := filepath.Join(dir, name)
				write(t, path, strings.ToUpper(name)+".")
				g.Expect(os.Remove(filepath.Join(dir, "link "+name))).To(Succeed())
				g.Expect(os.Symlink(name+"x", filepath.Join(dir, "link "+name))).To(Succeed())
				link, ok := before.Fact("file", filepath.Join(dir, "link "+name))
				g.Expect(ok).To(BeTrue(), name)
				leads, _ := link.Attrs().Get("link")
				g.Expect(leads).To(Equal(name))
			}
			d := snapshot.Diff(before, take(t, tg, only(dir)), snapshot.DiffOptions{})
			for _, name := range hostile {
				g.Expect(d.Items).To(ContainElement(And(HaveField("Name", filepath.Join(dir, name)), HaveField("Change", snapshot.Changed))), "%q", name)
				g.Expect(d.Items).To(ContainElement(HaveField("Name", filepath.Join(dir, "link "+name))), "%q", name)
			}
		})
	}
}

// untellable is how many things cannot be told there: busybox hashes no file whose
// name holds a newline.
func untellable(scheme string, n int) int {
	if scheme == "busybox" {
		return n
	}
	return 0
}

// A change that keeps the size and the time stamp is told by both ways to know
// contents.
func TestLocal_ListsAndHashesOnlyWhatMayDiffer(t *testing.T) {
	for _, scheme := range []string{"local", "snap-busybox"} {
		t.Run(scheme, func(t *testing.T) {
			g := NewWithT(t)
			tg, dir := open(t, scheme+"://"), t.TempDir()
			opt := only(dir)
			opt.Stamps = true
			old := time.Now().Add(-time.Hour)
			for _, name := range []string{"same", "touched", "content", "moved", "gone", "odd\nname"} {
				write(t, filepath.Join(dir, name), "one")
				g.Expect(os.Chtimes(filepath.Join(dir, name), old, old)).To(Succeed())
			}
			var first *snapshot.Snapshot
			g.Eventually(func() []string { // until it is listed within a second
				g.Expect(os.Chtimes(filepath.Join(dir, "same"), old, old)).To(Succeed())
				first = take(t, tg, opt)
				return snapshot.Candidates(first, take(t, tg, opt))
			}, "5m").Should(ContainElement(filepath.Join(dir, "same")), "it was just written")
			g.Eventually(func() []string { // until the clock of whole seconds has moved on
				first = take(t, tg, opt)
				return snapshot.Candidates(first, first)
			}, "5m", "300ms").Should(BeEmpty())
			write(t, filepath.Join(dir, "content"), "two")
			write(t, filepath.Join(dir, "new"), "two")
			write(t, filepath.Join(dir, "odd\nname"), "two")
			g.Expect(os.Rename(filepath.Join(dir, "gone"), filepath.Join(dir, "moved"))).To(Succeed())
			for _, name := range []string{"content", "touched", "new", "odd\nname"} {
				g.Expect(os.Chtimes(filepath.Join(dir, name), old, old)).To(Succeed())
			}
			second := take(t, tg, opt)
			names := snapshot.Candidates(first, second)
			g.Expect(below(names, dir)).To(Equal([]string{"DIR/content", "DIR/moved", "DIR/new", "DIR/odd\nname", "DIR/touched"}))
			g.Expect(below(told(first, second), dir)).To(ContainElement("file DIR/touched  could not tell: content: it was not hashed"))

			sums, err := snapshot.Hash(t.Context(), tg, append(names, dir+"/nothing"), opt)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(sums[dir+"/nothing"]).To(Equal(snapshot.Digest{}))
			g.Expect(sums[dir+"/odd\nname"].SHA256).To(Equal(sums[dir+"/content"].SHA256))
			g.Expect(sums[dir+"/content"].SHA256).To(Equal("3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"))
			one := snapshot.Digest{SHA256: "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"}
			was := map[string]snapshot.Digest{}
			for _, name := range names {
				was[name] = one
			}
			g.Expect(below(told(first.WithHashes(was), second.WithHashes(sums)), dir)).To(Equal([]string{
				"file DIR/content  content, of the same size",
				"file DIR/gone  file, mode 0644, uid 0, gid 0, 3 bytes -> (absent)",
				"file DIR/new  (absent) -> file, mode 0644, uid 0, gid 0, 3 bytes",
				`file DIR/odd\nname  content, of the same size`,
			}))
			g.Expect(second.WriteFile(filepath.Join(dir, "x"))).To(MatchError(ContainSubstring("listed and not hashed")))
		})
	}
}

// What is fetched again by itself is not even looked into, unless somebody asks.
func TestLocal_CachesAreNoise(t *testing.T) {
	g := NewWithT(t)
	tg, dir := open(t, "local://"), t.TempDir()
	for _, name := range []string{"go/pkg/mod/x", "app/node_modules/left-pad/index.js", "app/.git/objects/ab/cd", "app/.git/HEAD", ".cargo/registry/src/x", ".m2/repository/a/b", ".cache/x", "go/pkg/x"} {
		name = filepath.Join(dir, name)
		g.Expect(os.MkdirAll(filepath.Dir(name), 0o755)).To(Succeed())
		write(t, name, "x")
	}
	files := func(asked ...string) []string {
		opt := only(dir)
		opt.Watch = append(opt.Watch, asked...)
		var out []string
		for _, f := range take(t, tg, opt).Facts("file") {
			if kind, _ := f.Attrs().Get("type"); kind == "file" {
				out = append(out, f.Name)
			}
		}
		return below(out, dir)
	}
	g.Expect(files()).To(Equal([]string{"DIR/app/.git/HEAD", "DIR/go/pkg/x"}))
	g.Expect(files(dir + "/app/node_modules")).To(ContainElement("DIR/app/node_modules/left-pad/index.js"))
}

// Hash takes more names than one command line holds.
func TestLocal_HashesManyFiles(t *testing.T) {
	g := NewWithT(t)
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	g.Expect(os.Mkdir(dir, 0o755)).To(Succeed())
	var names []string
	for i := range 1500 {
		names = append(names, filepath.Join(dir, strings.Repeat("x", 20+i%100)+string(rune('a'+i/100))))
		write(t, names[i], "one")
	}
	sums, err := snapshot.Hash(t.Context(), open(t, "local://"), names, snapshot.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	for _, name := range names {
		g.Expect(sums[name].SHA256).To(HavePrefix("7692c3ad"), name)
	}
}

func TestLocal_WatchedAndIgnored(t *testing.T) {
	g := NewWithT(t)
	tg, dir := open(t, "local://"), t.TempDir()
	write(t, dir+"/kept", "x")
	g.Expect(os.MkdirAll(dir+"/cache/deep", 0o755)).To(Succeed())
	write(t, dir+"/cache/deep/file", "x")
	opt := only(dir)
	opt.Ignore = append(opt.Ignore, dir+"/cache/**")
	pruned := take(t, tg, opt)
	_, looked := pruned.Fact("file", dir+"/cache/deep")
	g.Expect(looked).To(BeFalse(), "what is ignored is not looked into")
	whole := take(t, tg, only(dir))
	g.Expect(below(told(pruned, whole), dir)).To(BeEmpty(), "what one side ignored is not compared")
	write(t, dir+"/cache/deep/file", "y")
	g.Expect(below(told(whole, take(t, tg, only(dir))), dir)).To(Equal([]string{"file DIR/cache/deep/file  content, of the same size"}))
	g.Expect(below(told(whole, take(t, tg, only(dir)), dir+"/**/file"), dir)).To(BeEmpty())
	other := only(dir)
	other.Watch = nil
	g.Expect(below(told(whole, take(t, tg, other)), dir)).To(Equal([]string{"file DIR/**  could not tell: watched only before"}))
}

func TestTake_RefusesWhatMakesNoSense(t *testing.T) {
	g := NewWithT(t)
	for wrong, opt := range map[string]snapshot.Options{
		`"etc" cannot be watched`:         {Watch: []string{"etc"}},
		`"etc/**" ignores nothing`:        {Ignore: []string{"etc/**"}},
		`"/etc/[" is not a valid pattern`: {Ignore: []string{"/etc/["}},
		`"sevice:x" ignores nothing`:      {Ignore: []string{"sevice:x"}},
		`an empty pattern ignores`:        {Ignore: []string{""}},
	} {
		_, err := snapshot.Take(t.Context(), open(t, "local://"), opt)
		g.Expect(err).To(MatchError(ContainSubstring(wrong)))
	}
}
