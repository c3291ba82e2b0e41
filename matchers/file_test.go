package matchers_test

import (
	"net"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/resource/resourcetest"
)

// A state is a matcher with a subject for which it holds and one for which it
// does not.
type state struct {
	name         string
	matcher      func() types.GomegaMatcher
	right, wrong any
	// wanted is how the matcher is named, found what stands in the text of
	// the failure.
	wanted, found string
}

// check looks at all four: Should and ShouldNot, in the right and in the wrong
// state.
func (s state) check(t *testing.T) {
	t.Helper()
	t.Run(s.name, func(t *testing.T) {
		if got := resourcetest.Failure(s.right, s.matcher(), false); got != "" {
			t.Errorf("should hold: %s", got)
		}
		if got := resourcetest.Failure(s.wrong, s.matcher(), true); got != "" {
			t.Errorf("should not hold: %s", got)
		}
		got := resourcetest.Failure(s.wrong, s.matcher(), false)
		for _, want := range []string{s.wrong.(interface{ String() string }).String() + " should " + s.wanted + "\n", "\n  found    ", s.found, "\n  target   ", "\n  asked    "} {
			if !strings.Contains(got, want) {
				t.Errorf("a failure lacks %q:\n%s", want, got)
			}
		}
		if got := resourcetest.Failure(s.right, s.matcher(), true); !strings.Contains(got, " should not "+s.wanted+"\n") || !strings.Contains(got, "\n  found    ") {
			t.Errorf("a failure of ShouldNot says:\n%s", got)
		}
	})
}

func of(m types.GomegaMatcher) func() types.GomegaMatcher {
	return func() types.GomegaMatcher { return m }
}

func fileZoo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", dir+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for _, err := range []error{
		os.WriteFile(dir+"/file", []byte("one\nworker_processes 4;\nthree\n"), 0o644), os.Mkdir(dir+"/dir", 0o755), os.Symlink("file", dir+"/link"),
		os.WriteFile(dir+"/empty", nil, 0o400), os.Symlink("nowhere", dir+"/dangling"),
		unix.Mkfifo(dir+"/pipe", 0o600), unix.Mknod(dir+"/block", unix.S_IFBLK|0o600, int(unix.Mkdev(7, 250))), os.Chown(dir+"/empty", 1, 2),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFileMatchers(t *testing.T) {
	rig.NotQuick(t)
	dir := fileZoo(t)
	a := askerFor(t, "local://")
	file := func(name string) *resource.File { return resource.NewFile(a, dir+"/"+name) }
	for _, s := range []state{
		{"Exist", of(Exist()), file("file"), file("dangling"), "exist", "does not exist"},
		{"BeFile", of(BeFile()), file("link"), file("dir"), "be a file", "directory, mode 0755"},
		{"BeDirectory", of(BeDirectory()), file("dir"), file("file"), "be a directory", "regular file, mode 0644, owner root (0), group root (0), 30 bytes"},
		{"BeSymlink", of(BeSymlink()), file("dangling"), file("file"), "be a symlink", "regular file"},
		{"BeSocket", of(BeSocket()), file("socket"), file("file"), "be a socket", "regular file"},
		{"BePipe", of(BePipe()), file("pipe"), file("nope"), "be a pipe", "does not exist"},
		{"BeBlockDevice", of(BeBlockDevice()), file("block"), file("file"), "be a block device", "regular file"},
		{"BeCharacterDevice", of(BeCharacterDevice()), resource.NewFile(a, "/dev/null"), file("block"), "be a character device", "block device"},
		{"HaveMode", of(HaveMode(0o644)), file("file"), file("empty"), "have mode 0644", "mode 0400"},
		{"HaveMode without 0o", of(HaveMode(0o620)), resource.NewFile(a, tty(t, dir)), file("empty"), "have mode 0620", "HaveMode(0o400)"},
		{"HaveMode with fewer bits", of(HaveMode(0o600)), resource.NewFile(a, dir+"/pipe"), resource.NewFile(a, tty(t, dir)), "have mode 0600", "mode 0620"},
		{"BeOwnedBy", of(BeOwnedBy("root")), file("file"), file("empty"), "be owned by root", "owner daemon (1)"},
		{"BeOwnedBy number", of(BeOwnedBy(1)), file("empty"), file("file"), "be owned by 1", "owner root (0)"},
		{"BeGroupedInto", of(BeGroupedInto("root")), file("file"), file("empty"), "be grouped into root", "group bin (2)"},
		{"BeGroupedInto number", of(BeGroupedInto(2)), file("empty"), file("file"), "be grouped into 2", "group root (0)"},
		{"BeLinkedTo", of(BeLinkedTo("file")), file("link"), file("dangling"), `be linked to "file"`, "linked to nowhere"},
		{"BeReadable by others", of(BeReadable().By("others")), file("file"), file("empty"), "be readable by others", "mode 0400"},
		{"BeWritable", of(BeWritable()), file("file"), file("empty"), "be writable", "mode 0400"},
		{"BeExecutable by group", of(BeExecutable().By("group")), file("dir"), file("file"), "be executable by group", "mode 0644"},
		{"BeReadable by user", of(BeReadable().ByUser("root")), file("empty"), resource.NewFile(a, "/proc/sys/net/ipv4/route/flush"), "be readable by user root", "root cannot read it"},
		{"HaveContent", of(HaveContent("processes 4")), file("file"), file("empty"), `have content containing "processes 4"`, "nothing of it in an empty file"},
		{"HaveContent near", of(HaveContent("worker_processes 4;")), file("file"), resource.NewFile(a, near(t, dir)), `have content containing "worker_processes 4;"`, "near     line 2: worker_processes auto;"},
		{"HaveContent matcher", of(HaveContent(HavePrefix("one\n"))), file("file"), file("empty"), "have content with prefix \"one\\n\"", "an empty file"},
		{"HaveSize", of(HaveSize(30)), file("file"), file("empty"), "have size 30", "0 bytes"},
		{"HaveSize matcher", of(HaveSize(BeNumerically(">", 29))), file("file"), file("empty"), "have size > 29", "0 bytes"},
		{"HaveSHA256", of(HaveSHA256("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")), file("empty"), file("file"), "have SHA256 E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "found    e60b"},
		{"HaveMD5", of(HaveMD5("d41d8cd98f00b204e9800998ecf8427e")), file("empty"), file("file"), "have MD5 d41d8cd98f00b204e9800998ecf8427e", ""},
		{"BeMounted", of(BeMounted()), resource.NewFile(a, "/proc"), file("dir"), "be mounted", "it lies in the file system mounted at /"},
	} {
		if s.name == "HaveSHA256" {
			s.found = "" // whatever it is
		}
		s.check(t)
	}
}

func tty(t *testing.T, dir string) string {
	t.Helper()
	if err := os.WriteFile(dir+"/tty", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir+"/tty", 0o620); err != nil {
		t.Fatal(err)
	}
	return dir + "/tty"
}

func near(t *testing.T, dir string) string {
	t.Helper()
	if err := os.WriteFile(dir+"/near", []byte("user x;\nworker_processes auto;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir + "/near"
}

// What an attribute matcher asks of what is not there is an error both ways, and
// so is a matcher that means nothing.
func TestFileMatchersThatCannotTell(t *testing.T) {
	rig.NotQuick(t)
	dir := fileZoo(t)
	a := askerFor(t, "local://")
	gone, there := resource.NewFile(a, dir+"/nope"), resource.NewFile(a, dir+"/file")
	for _, c := range []struct {
		subject any
		matcher types.GomegaMatcher
		want    string
	}{
		{gone, HaveMode(0o644), "does not exist"}, {gone, BeOwnedBy("root"), "does not exist"}, {gone, BeGroupedInto("root"), "does not exist"},
		{gone, HaveContent("x"), "does not exist"}, {gone, HaveContent(ContainSubstring("x")), "does not exist"}, {gone, HaveSize(0), "does not exist"},
		{gone, HaveSHA256(strings.Repeat("0", 64)), "does not exist"}, {gone, HaveMD5(strings.Repeat("0", 32)), "does not exist"},
		{gone, BeLinkedTo("x"), "does not exist"}, {gone, BeReadable(), "does not exist"}, {gone, BeWritable().By("owner"), "does not exist"},
		{gone, BeExecutable().ByUser("root"), "does not exist"}, {gone, BeImmutable(), "does not exist"}, {gone, HaveSELinuxLabel("a:b:c"), "does not exist"},
		{there, HaveSELinuxLabel("a:b:c"), "could not tell"},
		{resource.NewFile(a, dir+"/dir"), HaveContent("x"), "it is a directory"}, {resource.NewFile(a, dir+"/pipe"), HaveContent("x"), "it is a named pipe"},
		{resource.NewFile(a, "etc/hosts"), Exist(), "not absolute"}, {resource.NewFile(a, "etc/hosts"), BeMounted(), "not absolute"},
		{there, HaveMode(0o10000), "between 0 and 0o7777"}, {there, HaveMode(-1), "between 0 and 0o7777"},
		{there, BeReadable().By("ownr"), `By("owner"), By("group") or By("others"), not By("ownr")`}, {there, BeReadable().ByUser(""), "not an empty name"},
		{there, BeReadable().By(""), "not an empty name"}, {there, HaveContent(""), "HaveSize(0)"}, {there, HaveContent(7), "want a string or a matcher, not int"},
		{there, HaveSize("30"), "want a int or a matcher, not string"}, {there, HaveSHA256("abc"), "want 64 hexadecimal digits"},
		{there, BeGroupedInto(-1), "BeGroupedInto: "}, {there, BeGroupedInto(1.5), "BeGroupedInto: "}, {there, BeGroupedInto(""), "BeGroupedInto: "},
		{"text", Exist(), "Exist needs a subject with the method Exists() (bool, error)"}, {"text", HaveContent("x"), "HaveContent needs a subject with the method Content()"},
		{"text", BeReadable().By("owner"), "ReadableBy(string)"}, {"text", BeWritable(), "Writable() (bool, error)"}, {"text", BeExecutable().ByUser("x"), "ExecutableByUser(string)"},
		{"text", HaveMode(0), "Mode() (int, error)"}, {"text", HaveSize(0), "Size() (int, error)"}, {"text", BeLinkedTo("x"), "LinkedTo(string)"},
	} {
		for _, negated := range []bool{false, true} {
			if got := resourcetest.Failure(c.subject, c.matcher, negated); !strings.HasPrefix(got, "error: ") || !strings.Contains(got, c.want) {
				t.Errorf("%v, %v, negated %v: want an error with %q, got\n%s", c.subject, c.matcher, negated, c.want, got)
			}
		}
	}
}

func TestFileMatchersMissingIsFalseForExistenceAndType(t *testing.T) {
	a := askerFor(t, "local://")
	gone := resource.NewFile(a, t.TempDir()+"/nope")
	for _, m := range []types.GomegaMatcher{Exist(), BeFile(), BeDirectory(), BeSymlink(), BeSocket(), BePipe(), BeBlockDevice(), BeCharacterDevice(), BeMounted()} {
		if got := resourcetest.Failure(gone, m, true); got != "" {
			t.Errorf("%v: %s", m, got)
		}
		if got := resourcetest.Failure(gone, m, false); got == "" || strings.HasPrefix(got, "error") {
			t.Errorf("%v: %s", m, got)
		}
	}
}

func TestAccessChainsLeaveTheMatcherAsItIs(t *testing.T) {
	g := NewWithT(t)
	m := BeReadable()
	g.Expect(m.By("owner").String()).To(Equal("be readable by owner"))
	g.Expect(m.ByUser("app").String()).To(Equal("be readable by user app"))
	g.Expect(m.String()).To(Equal("be readable"))
}

func TestAccountMatchersOnAMachine(t *testing.T) {
	m := rig.SharedMachine(t)
	m.Exec(t, "cd /data && echo x > m-fixed && echo x > m-free && chattr +i m-fixed")
	defer m.Exec(t, "chattr -i /data/m-fixed")
	a := askerFor(t, m.URI("root"))
	user := func(name string) *resource.User { return resource.NewUser(a, name) }
	group := func(name string) *resource.Group { return resource.NewGroup(a, name) }
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
	for _, s := range []state{
		{"Exist user", of(Exist()), user("deploy"), user("deplo"), "exist", "does not exist"},
		{"Exist group", of(Exist()), group("team"), group("39999"), "exist", "does not exist"},
		{"HaveUID", of(HaveUID(30001)), user("deploy"), user("noisy"), "have uid 30001", "uid 30003"},
		{"HaveGID user", of(HaveGID(2000)), user("locked"), user("root"), "have gid 2000", "gid 0"},
		{"HaveGID group", of(HaveGID(2000)), group("team"), group("sysgroup"), "have gid 2000", "gid 444"},
		{"BelongToGroup", of(BelongToGroup("team")), user("deploy"), user("noisy"), "belong to group team", "groups noisy"},
		{"BelongToGroup primary", of(BelongToGroup(2000)), user("locked"), user("root"), "belong to group 2000", "groups root"},
		{"BelongToPrimaryGroup", of(BelongToPrimaryGroup("team")), user("locked"), user("deploy"), "belong to primary group team", "primary group deploy"},
		{"HaveHomeDirectory", of(HaveHomeDirectory("/home/deploy")), user("deploy"), user("svc"), `have home directory "/home/deploy"`, "home /var/lib/svc"},
		{"HaveLoginShell", of(HaveLoginShell("/bin/bash")), user("deploy"), user("svc"), `have login shell "/bin/bash"`, "shell /usr/sbin/nologin"},
		{"HaveLoginShell matcher", of(HaveLoginShell(HaveSuffix("nologin"))), user("svc"), user("deploy"), "have login shell with suffix \"nologin\"", "shell /bin/bash"},
		{"HaveAuthorizedKey", of(HaveAuthorizedKey(key)), user("deploy"), user("noisy"), "have authorized key \"" + key + "\"", "no such key"},
		{"BeSystemUser", of(BeSystemUser()), user("svc"), user("deploy"), "be a system user", "uid 30001; users of the system have at most 999"},
		{"BeLocked", of(BeLocked()), user("locked"), user("deploy"), "be locked", "no password lets in (*)"},
		{"HaveMember", of(HaveMember("locked")), group("team"), group("sysgroup"), `have member "locked"`, "members listed: "},
		{"BeSystemGroup", of(BeSystemGroup()), group("sysgroup"), group("team"), "be a system group", "gid 2000; groups of the system have at most 999"},
		{"BeImmutable", of(BeImmutable()), resource.NewFile(a, "/data/m-fixed"), resource.NewFile(a, "/data/m-free"), "be immutable", "attributes e"},
		{"BeMounted", of(BeMounted()), resource.NewFile(a, "/data"), resource.NewFile(a, "/srv"), "be mounted", "nothing is mounted there"},
	} {
		s.check(t)
	}
	nobody, nogroup := user("nosuchuser"), group("nosuchgroup")
	for _, c := range []struct {
		subject any
		matcher types.GomegaMatcher
		want    string
	}{
		{nobody, HaveUID(0), "does not exist"}, {nobody, HaveGID(0), "does not exist"}, {nobody, BelongToGroup("root"), "does not exist"},
		{nobody, BelongToPrimaryGroup("root"), "does not exist"}, {nobody, HaveHomeDirectory("/"), "does not exist"}, {nobody, HaveLoginShell(""), "does not exist"},
		{nobody, HaveAuthorizedKey(key), "does not exist"}, {nobody, BeSystemUser(), "does not exist"}, {nobody, BeLocked(), "does not exist"},
		{nogroup, HaveGID(0), "does not exist"}, {nogroup, HaveMember("root"), "does not exist"}, {nogroup, BeSystemGroup(), "does not exist"},
		{user("deploy"), HaveAuthorizedKey("nonsense"), "is not a public key"}, {user(""), Exist(), "the name is empty"}, {user("deploy"), BelongToGroup(-1), "BelongToGroup: "},
		{resource.NewFile(a, "/proc/version"), BeImmutable(), "could not tell"},
		{resource.NewUser(askerFor(t, m.URI("deploy")), "locked"), BeLocked(), "only root"},
	} {
		for _, negated := range []bool{false, true} {
			if got := resourcetest.Failure(c.subject, c.matcher, negated); !strings.HasPrefix(got, "error: ") || !strings.Contains(got, c.want) {
				t.Errorf("%v, %v, negated %v: want an error with %q, got\n%s", c.subject, c.matcher, negated, c.want, got)
			}
		}
	}
}
