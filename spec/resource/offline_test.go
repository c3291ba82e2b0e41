package resource_test

import (
	"archive/tar"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	_ "github.com/hostspec/hostspec/backends/docker"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// container opens a container of an image with these files, which is not started.
func container(t *testing.T, files ...rig.File) testAsker {
	t.Helper()
	files = append(files, rig.File{Name: "program", Mode: 0o755, Content: "\x7fELF"})
	return askerFor(t, "docker://"+rig.MakeContainer(t, rig.MakeImage(t, files...), "/program"))
}

// noProcess is why nothing can be asked of such a container.
const noProcess = "the container is not running"

var accountFiles = []rig.File{
	{Name: "etc/"},
	{Name: "etc/passwd", Content: "root:x:0:0:root:/root:/sbin/nologin\napp:x:1000:1000:An App,,:/home/app:/bin/false\nopen:*:1001:0::/:\nodd:x:1002:77::/:\nbad:x\n1001:!:1003:1000::/:\n"},
	{Name: "etc/group", Content: "root:x:0:\napp:x:1000:\nwheel:x:10:app,root\n"},
	{Name: "etc/shadow", Mode: 0o640, Content: "root:!:19000:0:99999:7:::\napp:$y$j9T$abcdefghijkl$mnop:19000:1:90:7:::\n"},
	{Name: "etc/login.defs", Content: "UID_MIN 1000\nSYS_UID_MAX 999\n"},
	{Name: "home/"}, {Name: "home/app/", UID: 1000, GID: 1000},
	{Name: "home/app/.ssh/", Mode: 0o700, UID: 1000}, {Name: "home/app/.ssh/authorized_keys", UID: 1000, Content: keyOfApp + " app@home\n"},
}

const keyOfApp = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHb9mD4IcZ3QYXv4WYrBTQXMhSQ9lT6yqDkLFRrmxZ8y"

func TestOffline_Users(t *testing.T) {
	g, a := NewWithT(t), container(t, accountFiles...)
	app := resource.NewUser(a, "app")
	g.Expect(app.Exists()).To(BeTrue())
	g.Expect(app.Explain("Exists").Asked).To(Equal("read /etc/passwd"))
	g.Expect(resource.NewUser(a, "ap").Exists()).To(BeFalse())
	g.Expect(resource.NewUser(a, "1000").Home()).To(Equal("/home/app"), "a number that is not a name")
	g.Expect(resource.NewUser(a, "1001").UID()).To(Equal(1003), "a name first")
	g.Expect(resource.NewUser(a, "1001").Locked()).To(BeTrue())
	g.Expect(resource.NewUser(a, "bad").Exists()).To(BeFalse(), "its line is not an entry")
	g.Expect(app.UID()).To(Equal(1000))
	g.Expect(app.Gecos()).To(Equal("An App,,"))
	g.Expect(app.Shell()).To(Equal("/bin/false"))
	g.Expect(app.Groups()).To(Equal([]string{"app", "wheel"}))
	g.Expect(app.BelongsToGroup("wheel")).To(BeTrue())
	g.Expect(app.BelongsToGroup("root")).To(BeFalse())
	g.Expect(app.BelongsToPrimaryGroup("app")).To(BeTrue())
	g.Expect(app.IsSystemUser()).To(BeFalse())
	g.Expect(resource.NewUser(a, "root").IsSystemUser()).To(BeTrue())
	g.Expect(app.Locked()).To(BeFalse())
	g.Expect(resource.NewUser(a, "root").Locked()).To(BeTrue())
	g.Expect(app.MaximumDaysBetweenPasswordChange()).To(Equal(90))
	g.Expect(app.Explain("MaximumDaysBetweenPasswordChange").Found).NotTo(ContainSubstring("$y$"))
	g.Expect(resource.NewUser(a, "open").EncryptedPassword()).To(Equal("*"))
	g.Expect(app.HasAuthorizedKey(keyOfApp)).To(BeTrue())
	g.Expect(resource.NewUser(a, "root").HasAuthorizedKey(keyOfApp)).To(BeFalse())
	g.Expect(resource.NewUser(a, "odd").Groups()).To(Equal([]string{"77"}), "a group without a name")
	g.Expect(isUnknown(second(resource.NewUser(a, "odd").Locked()))).To(BeTrue(), "shadow has no entry")
	g.Expect(isMissing(second(resource.NewUser(a, "nobody").UID()))).To(BeTrue())
}

func TestOffline_Groups(t *testing.T) {
	g, a := NewWithT(t), container(t, accountFiles...)
	wheel := resource.NewGroup(a, "wheel")
	g.Expect(wheel.Exists()).To(BeTrue())
	g.Expect(wheel.Explain("Exists").Asked).To(Equal("read /etc/group"))
	g.Expect(resource.NewGroup(a, "whee").Exists()).To(BeFalse())
	g.Expect(wheel.GID()).To(Equal(10))
	g.Expect(wheel.Members()).To(Equal([]string{"app", "root"}))
	g.Expect(wheel.HasMember("app")).To(BeTrue())
	g.Expect(wheel.HasMember("open")).To(BeFalse())
	g.Expect(resource.NewGroup(a, "root").HasMember("open")).To(BeTrue(), "it is his primary group")
	g.Expect(wheel.IsSystemGroup()).To(BeTrue())
}

func TestOffline_AccountsThatCannotBeTold(t *testing.T) {
	g, a := NewWithT(t), container(t)
	for _, err := range []error{
		second(resource.NewUser(a, "root").Exists()), second(resource.NewUser(a, "root").Locked()), second(resource.NewGroup(a, "root").Exists()),
		second(resource.NewFile(a, "/program").OwnedBy("root")), second(resource.NewFile(a, "/program").Group()),
	} {
		g.Expect(isUnknown(err)).To(BeTrue())
		g.Expect(err).To(MatchError(MatchRegexp(`because  open /etc/(passwd|group): file does not exist`)))
	}
	g.Expect(resource.NewFile(a, "/program").OwnedBy("0")).To(BeTrue(), "a number needs no name")
}

func TestOffline_Files(t *testing.T) {
	at := time.Unix(1700000000, 0)
	g, a := NewWithT(t), container(t, append(accountFiles,
		rig.File{Name: "app/", UID: 1000, GID: 10}, rig.File{Name: "app/run", Mode: 0o4750, UID: 1000, GID: 10, Content: "hello world\n", ModTime: at},
		rig.File{Name: "app/c.json", Content: `{"a": {"b": [1, 2]}}`}, rig.File{Name: "app/c.yaml", Content: "a: {b: x}\n"},
		rig.File{Name: "app/nobody's", UID: 4711, GID: 4712}, rig.File{Name: "app/link", Type: tar.TypeSymlink, Link: "run"},
		rig.File{Name: "app/loop", Type: tar.TypeSymlink, Link: "loop"}, rig.File{Name: "app/dangling", Type: tar.TypeSymlink, Link: "/none"},
		rig.File{Name: "app/fifo", Type: tar.TypeFifo}, rig.File{Name: "app/a b\nc", Content: "odd"})...)
	file := func(name string) *resource.File { return resource.NewFile(a, name) }
	run := file("/app/run")
	g.Expect(run.Exists()).To(BeTrue())
	g.Expect(run.Explain("Exists").Found).To(Equal("regular file, mode 4750, owner app (1000), group wheel (10), 12 bytes"))
	g.Expect(run.Explain("Exists").Asked).To(Equal("stat -L /app/run"))
	g.Expect(run.IsFile()).To(BeTrue())
	g.Expect(run.IsDirectory()).To(BeFalse())
	g.Expect(run.Mode()).To(Equal(0o4750))
	g.Expect(run.Size()).To(Equal(12))
	g.Expect(run.ModTime()).To(BeTemporally("==", at))
	g.Expect(run.OwnedBy("app")).To(BeTrue())
	g.Expect(run.OwnedBy("root")).To(BeFalse())
	g.Expect(run.GroupedInto("wheel")).To(BeTrue())
	g.Expect(run.Executable()).To(BeTrue())
	g.Expect(run.ReadableBy("others")).To(BeFalse())
	g.Expect(run.Content()).To(Equal("hello world\n"))
	g.Expect(run.Explain("Content").Asked).To(Equal("read /app/run"))
	g.Expect(run.Contains("world")).To(BeTrue())
	g.Expect(run.Contains("World")).To(BeFalse())
	g.Expect(run.SHA256()).To(Equal("a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447"))
	g.Expect(run.MD5()).To(Equal("6f5902ac237024bdd0c176cb93063dc4"))
	g.Expect(file("/app/c.json").JSON("a.b[1]")).To(Equal(2))
	g.Expect(file("/app/c.yaml").YAML("a.b")).To(Equal("x"))
	g.Expect(file("/app").Entries()).To(Equal([]string{"a b\nc", "c.json", "c.yaml", "dangling", "fifo", "link", "loop", "nobody's", "run"}))
	g.Expect(file("/app/a b\nc").Content()).To(Equal("odd"))
	g.Expect(file("/app/nobody's").Owner()).To(Equal("4711"))
	g.Expect(file("/app/nobody's").GroupedInto("app")).To(BeFalse())
	g.Expect(file("/app/link").IsSymlink()).To(BeTrue())
	g.Expect(file("/app/link").LinkedTo("run")).To(BeTrue())
	g.Expect(file("/app/link").Mode()).To(Equal(0o4750))
	g.Expect(file("/app/loop").IsSymlink()).To(BeTrue())
	g.Expect(file("/app/dangling").Exists()).To(BeFalse())
	g.Expect(file("/app/dangling").LinkTarget()).To(Equal("/none"))
	g.Expect(file("/app/fifo").IsPipe()).To(BeTrue())
	g.Expect(isMissing(second(file("/app/none").Mode()))).To(BeTrue())
	g.Expect(isUnknown(second(file("/app/fifo").Content()))).To(BeTrue())
	g.Expect(second(file("/app/loop").Exists())).To(MatchError(ContainSubstring("too many levels of symbolic links")))
	for _, err := range []error{
		second(run.ReadableByUser("app")), second(run.Immutable()), second(run.SELinuxLabel()),
	} {
		g.Expect(isUnknown(err)).To(BeTrue())
		g.Expect(err).To(MatchError(ContainSubstring("because  " + noProcess)))
	}
	g.Expect(second(run.Mounted())).To(MatchError(ContainSubstring("can only be seen by a process in it")))
	g.Expect(second(file("/proc/meminfo").Exists())).To(MatchError(ContainSubstring("can only be seen by a process in it")))
}

func TestOffline_WhatNeedsAProcessCannotBeTold(t *testing.T) {
	g, a := NewWithT(t), container(t)
	for _, err := range []error{
		second(resource.NewPort(a, 80).Listening()), second(resource.NewProcess(a, "nginx").Running()), second(resource.NewProcess(a, "nginx").Count()),
		second(resource.NewService(a, "nginx").Running()), second(resource.NewService(a, "nginx").Enabled()),
		second(resource.NewUnixSocket(a, "/run/x").Listening()), second(resource.NewCommand(a, "true").ExitCode()),
	} {
		g.Expect(isUnknown(err)).To(BeTrue())
		g.Expect(err).To(MatchError(MatchRegexp(`: could not tell\n  because  ` + noProcess + `\n  target   docker://`)))
	}
}

func dpkgStanza(name, status string) string {
	return "Package: " + name + "\n" + status + "Architecture: amd64\nVersion: 1:2.0-" + fmt.Sprint(len(name)) + "\nDescription: x\n y: z\n"
}

func TestOffline_PackagesOfDpkg(t *testing.T) {
	g, a := NewWithT(t), container(t, rig.File{Name: "var/"}, rig.File{Name: "var/lib/"}, rig.File{Name: "var/lib/dpkg/"},
		rig.File{Name: "var/lib/dpkg/status", Content: dpkgStanza("nginx", "Status: install ok installed\n") + "\n" + dpkgStanza("telnetd", "Status: deinstall ok config-files\n")})
	p := resource.NewPackage(a, "nginx")
	g.Expect(p.Installed()).To(BeTrue())
	g.Expect(p.Explain("Installed").Asked).To(Equal("read /var/lib/dpkg/status"))
	g.Expect(p.Version()).To(Equal("1:2.0-5"))
	g.Expect(p.VersionSatisfies(">= 3")).To(BeFalse())
	g.Expect(p.VersionSatisfies(">= 1:2")).To(BeTrue())
	g.Expect(p.Architecture()).To(Equal("amd64"))
	g.Expect(resource.NewPackage(a, "telnetd").Installed()).To(BeFalse(), "only its configuration is left")
	near := resource.NewPackage(a, "ngin")
	g.Expect(near.Installed()).To(BeFalse())
	g.Expect(near.Explain("Installed").Near).To(Equal("nginx"))
	g.Expect(isMissing(second(near.Version()))).To(BeTrue())
}

func TestOffline_PackagesOfADistrolessImage(t *testing.T) {
	files := append([]rig.File{{Name: "var/"}, {Name: "var/lib/"}, {Name: "var/lib/dpkg/"}, {Name: "var/lib/dpkg/status.d/"},
		{Name: "var/lib/dpkg/status.d/base", Content: dpkgStanza("base-files", "")},
		{Name: "var/lib/dpkg/status.d/base.md5sums", Content: "d41d8cd98f00b204e9800998ecf8427e  etc/x\n"},
		{Name: "var/lib/dpkg/status.d/libc6", Content: dpkgStanza("libc6", "")}}, accountFiles...)
	g, a := NewWithT(t), container(t, files...)
	p := resource.NewPackage(a, "libc6")
	g.Expect(p.Installed()).To(BeTrue())
	g.Expect(p.Explain("Installed").Asked).To(Equal("read /var/lib/dpkg/status.d/"))
	g.Expect(resource.NewPackage(a, "base-files").Version()).To(Equal("1:2.0-10"))
	g.Expect(resource.NewPackage(a, "base").Installed()).To(BeFalse(), "the name of the file is nothing")
	a = container(t, append(files, rig.File{Name: "var/lib/dpkg/status.d/broken", Content: "no control file\n"})...)
	err := second(resource.NewPackage(a, "libc6").Installed())
	g.Expect(isUnknown(err)).To(BeTrue())
	g.Expect(err).To(MatchError(ContainSubstring("cannot read /var/lib/dpkg/status.d/broken: dpkg: line 1")))
}

func TestOffline_PackagesOfApk(t *testing.T) {
	g := NewWithT(t)
	for _, files := range [][]rig.File{
		{{Name: "lib/"}, {Name: "lib/apk/"}, {Name: "lib/apk/db/"}, {Name: "lib/apk/db/installed", Content: "P:musl\nV:1.2.4-r2\nA:x86_64\n\n"}},
		{{Name: "lib", Type: tar.TypeSymlink, Link: "usr/lib"}, {Name: "usr/"}, {Name: "usr/lib/"}, {Name: "usr/lib/apk/"}, {Name: "usr/lib/apk/db/"},
			{Name: "usr/lib/apk/db/installed", Content: "P:musl\nV:1.2.4-r2\nA:x86_64\n\n"}},
	} {
		a := container(t, files...)
		p := resource.NewPackage(a, "musl")
		g.Expect(p.Installed()).To(BeTrue())
		g.Expect(p.Explain("Installed").Asked).To(Equal("read /lib/apk/db/installed"))
		g.Expect(p.Version()).To(Equal("1.2.4-r2"))
		g.Expect(resource.NewPackage(a, "mus").Installed()).To(BeFalse())
	}
}

func TestOffline_PackagesThatCannotBeTold(t *testing.T) {
	rpm := []rig.File{{Name: "usr/"}, {Name: "usr/lib/"}, {Name: "usr/lib/sysimage/"}, {Name: "usr/lib/sysimage/rpm/"}, {Name: "usr/lib/sysimage/rpm/rpmdb.sqlite", Content: "SQLite format 3\x00"}}
	dpkg := []rig.File{{Name: "var/"}, {Name: "var/lib/"}, {Name: "var/lib/dpkg/"}, {Name: "var/lib/dpkg/status", Content: ""}}
	apk := []rig.File{{Name: "lib/"}, {Name: "lib/apk/"}, {Name: "lib/apk/db/"}, {Name: "lib/apk/db/installed", Content: "P:a\nV:1\n"}}
	for name, c := range map[string]struct {
		files  []rig.File
		reason string
	}{
		"rpm":     {rpm, "only rpm can read the database /usr/lib/sysimage/rpm/rpmdb.sqlite, and it cannot be run: " + noProcess},
		"none":    {nil, "there is no package database: no /var/lib/dpkg/status, no /lib/apk/db/installed"},
		"empty":   {dpkg, "/var/lib/dpkg/status holds no package at all"},
		"several": {append(dpkg, apk...), "which package manager is the system's own cannot be told: there are databases of dpkg and apk"},
	} {
		t.Run(name, func(t *testing.T) {
			g, a := NewWithT(t), container(t, c.files...)
			for _, err := range []error{second(resource.NewPackage(a, "bash").Installed()), second(resource.NewPackage(a, "bash").Version())} {
				g.Expect(isUnknown(err)).To(BeTrue())
				g.Expect(err).To(MatchError(ContainSubstring("could not tell\n  because  " + c.reason)))
			}
		})
	}
}

func TestOffline_AHugeFile(t *testing.T) {
	g, m := NewWithT(t), rig.StartMachine(t, rig.WithoutSystemd())
	m.Exec(t, "cd /srv && printf 'it begins' >huge && truncate -s 1G huge && printf '%20s' end >>huge")
	rig.Docker(t, "stop", "--time", "0", m.ID)
	a := askerFor(t, "docker://"+m.ID)
	huge := resource.NewFile(a, "/srv/huge")
	peak := peakHeap(func() {
		g.Expect(huge.Size()).To(Equal(1<<30 + 20))
		g.Expect(huge.Contains("it begins")).To(BeTrue())
		g.Expect(huge.Explain("Contains").Asked).To(Equal("read /srv/huge"))
		g.Expect(huge.Contains("  end")).To(BeTrue())
		err := second(huge.Content())
		g.Expect(isUnknown(err)).To(BeTrue())
		g.Expect(err).To(MatchError(ContainSubstring("more than 16 MiB, which is not fetched as a whole")))
	})
	g.Expect(peak).To(BeNumerically("<", 32<<20))
}

// TestOffline_TellsTheSame asks a machine that runs, stops it, and asks again.
func TestOffline_TellsTheSame(t *testing.T) {
	g, m := NewWithT(t), rig.StartMachine(t, rig.WithoutSystemd())
	m.Exec(t, `cd /srv && mkfifo fifo && ln -s /usr/bin abs && ln -s abs/env chain && ln -s ../none dangling && touch -d @86400 'a b' "it's" 'caf`+"\xe9"+`' ☺ && `+
		`echo hard >one && ln one two && chmod 7751 one && chown games:mail fifo && mknod dev c 1 3 && setfattr -n user.note -v value 'a b' || :; truncate -s 100M /data/sparse`)
	paths := strings.Fields(m.Exec(t, `ls -d /etc/* /bin/* /usr/lib/* /srv /srv/fifo /srv/abs /srv/chain /srv/dangling /srv/one /srv/two /srv/dev /data/sparse /tmp /none 2>/dev/null | head -300; ls -d /srv/*d*`))
	paths = append(paths, "/srv/a b", "/srv/it's", "/srv/caf\xe9", "/srv/☺")
	var names, groups []string
	for line := range strings.Lines(m.Exec(t, "cat /etc/passwd")) {
		names = append(names, line[:strings.IndexByte(line, ':')])
	}
	for line := range strings.Lines(m.Exec(t, "cat /etc/group")) {
		groups = append(groups, line[:strings.IndexByte(line, ':')])
	}
	packages := strings.Fields(m.Exec(t, `dpkg-query -W -f '${Package} '`))
	answers := func(a batchAsker) map[string]string {
		out := map[string]string{}
		for range 2 { // notes, then asks
			for _, p := range paths {
				f, l := resource.NewFile(a, p), resource.NewFile(a, p)
				out["stat "+p] = fmt.Sprint(f.Exists()) + f.Explain("Exists").Found
				out["lstat "+p] = fmt.Sprint(l.IsSymlink()) + l.Explain("IsSymlink").Found
				out["link "+p] = fmt.Sprint(l.LinkTarget())
			}
			for _, n := range names {
				u := resource.NewUser(a, n)
				out["groups "+n] = fmt.Sprint(u.Groups())
				out["password "+n] = fmt.Sprint(u.EncryptedPassword())
				out["user "+n] = fmt.Sprint(u.Exists()) + u.Explain("Exists").Found
			}
			for _, n := range groups {
				r := resource.NewGroup(a, n)
				out["group "+n] = fmt.Sprint(r.Exists()) + r.Explain("Exists").Found
			}
			for _, n := range packages {
				p := resource.NewPackage(a, n)
				out["package "+n] = fmt.Sprint(p.Installed()) + p.Explain("Installed").Found
			}
			a.fetch(t)
		}
		return out
	}
	want := answers(newBatch(t, m.URI("root")))
	rig.Docker(t, "stop", "--time", "0", m.ID)
	got := answers(newBatch(t, "docker://"+m.ID))
	g.Expect(got).To(HaveLen(len(want)))
	for question, answer := range want {
		g.Expect(clean(got[question])).To(Equal(clean(answer)), question)
	}
}

// newBatch notes questions until fetch asks them all.
func newBatch(t *testing.T, uri string) batchAsker {
	return batchAsker{askerFor(t, uri), &target.Plan{}, new(bool)}
}

func (a batchAsker) fetch(t *testing.T) {
	t.Helper()
	if err := a.target.Fetch(a.ctx, target.Identity{}, a.plan.Wants, 1); err != nil {
		t.Fatal(err)
	}
	*a.done = true
}

// clean cuts off where and how something was asked.
func clean(answer string) string {
	before, _, _ := strings.Cut(answer, "\n  target")
	return before
}
