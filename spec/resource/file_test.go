package resource_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
)

// openTempDir is a folder that every account may enter.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hostspec-file-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// zoo makes one file of every kind, and returns its folder.
func zoo(t *testing.T) string {
	t.Helper()
	dir := openTempDir(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(at("file"), []byte("hello\n"), 0o644))
	must(os.Chtimes(at("file"), time.Now(), time.Unix(1700000000, 999)))
	must(os.WriteFile(at("setuid"), nil, 0o644))
	must(unix.Chmod(at("setuid"), 0o6751))
	must(os.Mkdir(at("dir"), 0o755))
	must(unix.Chmod(at("dir"), 0o1777))
	must(os.Symlink("file", at("link")))
	must(os.Symlink("nowhere", at("dangling")))
	must(os.Symlink("loop", at("loop")))
	must(os.Symlink("dir", at("dirlink")))
	must(unix.Mkfifo(at("pipe"), 0o600))
	must(unix.Mknod(at("block"), unix.S_IFBLK|0o600, int(unix.Mkdev(7, 250))))
	must(unix.Mknod(at("char"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))))
	l, err := net.Listen("unix", at("socket"))
	must(err)
	t.Cleanup(func() { l.Close() })
	must(os.WriteFile(at("nobody's"), nil, 0o600))
	must(os.Chown(at("nobody's"), 54321, 54322))
	return dir
}

// fileTypes are the questions about what a file is.
var fileTypes = map[string]func(*resource.File) (bool, error){
	"exist": (*resource.File).Exists, "file": (*resource.File).IsFile, "directory": (*resource.File).IsDirectory,
	"symlink": (*resource.File).IsSymlink, "socket": (*resource.File).IsSocket, "pipe": (*resource.File).IsPipe,
	"block": (*resource.File).IsBlockDevice, "character": (*resource.File).IsCharacterDevice,
}

func TestFileIsWhatItIsEveryWay(t *testing.T) {
	dir := zoo(t)
	everyWay(t, func(t *testing.T, a testAsker) {
		for name, want := range map[string]string{
			"file": "exist file", "setuid": "exist file", "dir": "exist directory", "link": "exist file symlink",
			"dangling": "symlink", "dirlink": "exist directory symlink", "pipe": "exist pipe", "block": "exist block",
			"char": "exist character", "socket": "exist socket", "nope": "", "file/below": "", "nobody's": "exist file",
			"dir/": "exist directory", "file/": "",
		} {
			g := NewWithT(t)
			f := resource.NewFile(a, dir+"/"+name)
			for kind, is := range fileTypes {
				got, err := is(f)
				g.Expect(err).NotTo(HaveOccurred(), "%s: %s", name, kind)
				g.Expect(got).To(Equal(strings.Contains(" "+want+" ", " "+kind+" ")), "%s: %s", name, kind)
			}
		}
	})
}

func TestFileAttributesEveryWay(t *testing.T) {
	dir := zoo(t)
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		file := func(name string) *resource.File { return resource.NewFile(a, dir+"/"+name) }
		g.Expect(file("file").Mode()).To(Equal(0o644))
		g.Expect(file("link").Mode()).To(Equal(0o644))
		g.Expect(file("setuid").Mode()).To(Equal(0o6751))
		g.Expect(file("dir").Mode()).To(Equal(0o1777))
		g.Expect(file("file").Size()).To(Equal(6))
		g.Expect(file("file").ModTime()).To(BeTemporally("==", time.Unix(1700000000, 0)))
		g.Expect(file("file").Owner()).To(Equal("root"))
		g.Expect(file("file").Group()).To(Equal("root"))
		g.Expect(file("nobody's").Owner()).To(Equal("54321"))
		g.Expect(file("nobody's").Group()).To(Equal("54322"))
		g.Expect(file("file").OwnedBy("root")).To(BeTrue())
		g.Expect(file("file").OwnedBy("0")).To(BeTrue())
		g.Expect(file("file").OwnedBy("1")).To(BeFalse())
		g.Expect(file("nobody's").OwnedBy("54321")).To(BeTrue())
		g.Expect(file("nobody's").OwnedBy("root")).To(BeFalse())
		g.Expect(file("nobody's").OwnedBy("UNKNOWN")).To(BeFalse())
		g.Expect(file("nobody's").GroupedInto("54322")).To(BeTrue())
		g.Expect(file("file").GroupedInto("root")).To(BeTrue())
		g.Expect(file("file").GroupedInto("daemon")).To(BeFalse())
	})
}

func TestField_FileNamesArePatternsNowhere(t *testing.T) {
	dir := zoo(t)
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		f := resource.NewFile(a, dir+"/file")
		for _, who := range []string{"oo", "roo", "r..t", "ro", "root "} {
			g.Expect(f.OwnedBy(who)).To(BeFalse(), who)
			g.Expect(f.GroupedInto(who)).To(BeFalse(), who)
		}
		g.Expect(resource.NewFile(a, dir+"/fil?").Exists()).To(BeFalse())
		g.Expect(resource.NewFile(a, dir+"/*").Exists()).To(BeFalse())
	})
}

func TestField_MissingFileIsAnError(t *testing.T) {
	dir := zoo(t)
	everyWay(t, func(t *testing.T, a testAsker) {
		for _, name := range []string{"/nope", "/dangling", "/file/below"} {
			f := resource.NewFile(a, dir+name)
			for question, err := range map[string]error{
				"Mode": second(f.Mode()), "Size": second(f.Size()), "ModTime": second(f.ModTime()), "Owner": second(f.Owner()),
				"Group": second(f.Group()), "OwnedBy": second(f.OwnedBy("root")), "GroupedInto": second(f.GroupedInto("root")),
				"Content": second(f.Content()), "Lines": second(f.Lines()), "Contains": second(f.Contains("x")),
				"SHA256": second(f.SHA256()), "MD5": second(f.MD5()), "JSON": second(f.JSON("")), "Entries": second(f.Entries()),
				"Readable": second(f.Readable()), "WritableBy": second(f.WritableBy("owner")), "ExecutableByUser": second(f.ExecutableByUser("root")),
				"Immutable": second(f.Immutable()), "SELinuxLabel": second(f.SELinuxLabel()),
			} {
				if missing := new(evidence.Missing); !errors.As(err, &missing) {
					t.Errorf("%s %s: %v", name, question, err)
				} else if !strings.Contains(err.Error(), "does not exist") {
					t.Errorf("%s %s says %q", name, question, err)
				}
			}
		}
		g := NewWithT(t)
		g.Expect(second(resource.NewFile(a, dir+"/nope").LinkTarget())).To(MatchError(ContainSubstring("does not exist")))
		g.Expect(resource.NewFile(a, dir+"/dangling").LinkTarget()).To(Equal("nowhere"))
	})
}

// second is the error of an answer.
func second[V any](_ V, err error) error { return err }

func TestFileHostileNamesEveryWay(t *testing.T) {
	dir := openTempDir(t)
	names := []string{
		"plain", "with space", "new\nline", "quote'quote", `double"quote`, "$(touch pwned)", "`id`", "-dash", "--", "*", "back\\slash",
		"ümläut", "\xff\xfe", "tab\there", "ends\n", "\n81a4 0 0 1 0:root:root:x", "a: No such file or directory", "#", "%n", "{a,b}", "~",
	}
	for _, n := range names {
		if err := os.WriteFile(filepath.Join(dir, n), []byte(n), 0o640); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(n, filepath.Join(dir, "to-"+n)); err != nil {
			t.Fatal(err)
		}
	}
	everyWay(t, func(t *testing.T, a testAsker) {
		for _, n := range names {
			g := NewWithT(t)
			f := resource.NewFile(a, dir+"/"+n)
			g.Expect(f.Mode()).To(Equal(0o640), "%q", n)
			g.Expect(f.Content()).To(Equal(n), "%q", n)
			g.Expect(f.SHA256()).To(HaveLen(64), "%q", n)
			g.Expect(f.IsSymlink()).To(BeFalse(), "%q", n)
			g.Expect(resource.NewFile(a, dir+"/to-"+n).LinkTarget()).To(Equal(n), "%q", n)
			gone := resource.NewFile(a, dir+"/gone-"+n)
			g.Expect(gone.Exists()).To(BeFalse(), "%q", n)
		}
		g := NewWithT(t)
		var all []any
		for _, n := range names {
			all = append(all, n, "to-"+n)
		}
		g.Expect(resource.NewFile(a, dir).Entries()).To(ConsistOf(all...))
		g.Expect(resource.NewFile(a, dir+"/").Entries()).To(ConsistOf(all...))
	})
}

func TestFileAbsurdPathsAreRefused(t *testing.T) {
	everyWay(t, func(t *testing.T, a testAsker) {
		for path, why := range map[string]string{"": "empty", "etc/passwd": "not absolute", "-L": "not absolute", "/a\x00b": "NUL"} {
			for kind, is := range fileTypes {
				_, err := is(resource.NewFile(a, path))
				if mistake := new(evidence.Mistake); !errors.As(err, &mistake) || !strings.Contains(err.Error(), why) {
					t.Errorf("%q %s: %v", path, kind, err)
				}
			}
			if _, err := resource.NewFile(a, path).Mounted(); err == nil {
				t.Errorf("%q mounted: no error", path)
			}
		}
	})
}

func TestFileLoopOfLinksCannotBeTold(t *testing.T) {
	dir := zoo(t)
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		f := resource.NewFile(a, dir+"/loop")
		_, err := f.Exists()
		g.Expect(errors.As(err, new(*evidence.Unknown))).To(BeTrue(), "%v", err)
		g.Expect(err).To(MatchError(MatchRegexp("[Tt]oo many levels of symbolic links")))
		g.Expect(f.IsSymlink()).To(BeTrue())
		g.Expect(f.LinkTarget()).To(Equal("loop"))
	})
}

func TestFileLinks(t *testing.T) {
	dir := zoo(t)
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		link := resource.NewFile(a, dir+"/link")
		g.Expect(link.LinkedTo("file")).To(BeTrue())
		g.Expect(link.LinkedTo("fil")).To(BeFalse())
		g.Expect(link.LinkedTo(dir + "/file")).To(BeFalse())
		g.Expect(link.Explain("LinkedTo").Found).To(Equal("linked to file"))
		file := resource.NewFile(a, dir+"/file")
		g.Expect(file.LinkedTo("file")).To(BeFalse())
		g.Expect(file.Explain("LinkedTo").Found).To(ContainSubstring("regular file"))
		g.Expect(second(file.LinkTarget())).To(MatchError(ContainSubstring("it is a regular file, not a symbolic link")))
		g.Expect(resource.NewFile(a, dir+"/dirlink").Entries()).To(BeEmpty())
		g.Expect(second(file.Entries())).To(MatchError(ContainSubstring("it is a regular file, not a directory")))
	})
}
