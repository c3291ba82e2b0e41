package resource_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
)

func isUnknown(err error) bool { return errors.As(err, new(*evidence.Unknown)) }

func isMissing(err error) bool { return errors.As(err, new(*evidence.Missing)) }

func TestAccountsEveryWay(t *testing.T) {
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		root, daemon := resource.NewUser(a, "root"), resource.NewUser(a, "daemon")
		g.Expect(root.Exists()).To(BeTrue())
		g.Expect(root.UID()).To(Equal(0))
		g.Expect(root.GID()).To(Equal(0))
		g.Expect(root.Home()).To(Equal("/root"))
		g.Expect(daemon.UID()).To(Equal(1))
		g.Expect(daemon.IsSystemUser()).To(BeTrue())
		g.Expect(root.Groups()).To(HaveExactElements("root"))
		g.Expect(daemon.BelongsToGroup("daemon")).To(BeTrue())
		g.Expect(daemon.BelongsToGroup("1")).To(BeTrue())
		g.Expect(daemon.BelongsToGroup("root")).To(BeFalse())
		g.Expect(daemon.BelongsToGroup("nosuchgroup")).To(BeFalse())
		g.Expect(daemon.BelongsToPrimaryGroup("daemon")).To(BeTrue())
		g.Expect(daemon.BelongsToPrimaryGroup("daemo")).To(BeFalse())
		g.Expect(daemon.Locked()).To(BeFalse())
		g.Expect(daemon.EncryptedPassword()).To(Equal("*"))
		g.Expect(daemon.MinimumDaysBetweenPasswordChange()).To(Equal(0))
		g.Expect(daemon.MaximumDaysBetweenPasswordChange()).To(Equal(99999))
		group := resource.NewGroup(a, "daemon")
		g.Expect(group.Exists()).To(BeTrue())
		g.Expect(group.GID()).To(Equal(1))
		g.Expect(group.Members()).To(BeEmpty())
		g.Expect(group.HasMember("daemon")).To(BeTrue())
		g.Expect(group.HasMember("root")).To(BeFalse())
		g.Expect(group.HasMember("nosuchuser")).To(BeFalse())
		g.Expect(group.IsSystemGroup()).To(BeTrue())
		for _, name := range []string{"nosuchuser", "roo", "root2", "ROOT", "*", "r..t", "a b", "$(id)", "'"} {
			g.Expect(resource.NewUser(a, name).Exists()).To(BeFalse(), name)
			g.Expect(resource.NewGroup(a, name).Exists()).To(BeFalse(), name)
		}
	})
}

func TestField_DigitsAreANumberWhereTheyAreNoName(t *testing.T) {
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		g.Expect(resource.NewUser(a, "1").Exists()).To(BeTrue())
		g.Expect(resource.NewUser(a, "1").Home()).NotTo(BeEmpty())
		g.Expect(resource.NewUser(a, "1").Groups()).To(HaveExactElements("daemon"))
		g.Expect(resource.NewUser(a, "1").Locked()).To(BeFalse())
		g.Expect(resource.NewGroup(a, "0").HasMember("0")).To(BeTrue())
		g.Expect(resource.NewFile(a, "/etc/passwd").OwnedBy("0")).To(BeTrue())
		g.Expect(resource.NewFile(a, "/etc/passwd").GroupedInto("1")).To(BeFalse())
		g.Expect(isMissing(second(resource.NewUser(a, "4000123").UID()))).To(BeTrue())
		g.Expect(resource.NewGroup(a, "4000123").Exists()).To(BeFalse())
	})
}

func TestField_MissingAccountIsAnError(t *testing.T) {
	everyWay(t, func(t *testing.T, a testAsker) {
		u, gr := resource.NewUser(a, "nosuchuser"), resource.NewGroup(a, "nosuchgroup")
		for question, err := range map[string]error{
			"UID": second(u.UID()), "GID": second(u.GID()), "Home": second(u.Home()), "Shell": second(u.Shell()), "Gecos": second(u.Gecos()),
			"Groups": second(u.Groups()), "BelongsToGroup": second(u.BelongsToGroup("root")), "Primary": second(u.BelongsToPrimaryGroup("root")),
			"Locked": second(u.Locked()), "Encrypted": second(u.EncryptedPassword()), "Min": second(u.MinimumDaysBetweenPasswordChange()),
			"System": second(u.IsSystemUser()), "Key": second(u.HasAuthorizedKey(deployKey)),
			"group GID": second(gr.GID()), "Members": second(gr.Members()), "HasMember": second(gr.HasMember("root")), "SystemGroup": second(gr.IsSystemGroup()),
		} {
			if !isMissing(err) || !strings.Contains(err.Error(), "does not exist") {
				t.Errorf("%s: %v", question, err)
			}
		}
	})
}

func TestAccountsAbsurdNamesAreRefused(t *testing.T) {
	a := askerFor(t, "local://")
	for _, name := range []string{"", "-x", "a:b", "a\nb", "a\x00b", "+", "a/b"} {
		u, g := resource.NewUser(a, name), resource.NewGroup(a, name)
		for question, err := range map[string]error{
			"user": second(u.Exists()), "group": second(g.Exists()), "uid": second(u.UID()), "groups": second(u.Groups()), "locked": second(u.Locked()),
			"belongs": second(resource.NewUser(a, "root").BelongsToGroup(name)), "member": second(resource.NewGroup(a, "root").HasMember(name)),
			"owned": second(resource.NewFile(a, "/").OwnedBy(name)), "by user": second(resource.NewFile(a, "/").ReadableByUser(name)),
		} {
			if !errors.As(err, new(*evidence.Mistake)) {
				t.Errorf("%q %s: %v", name, question, err)
			}
		}
	}
}

const (
	deployKey     = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
	restrictedKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/"
	lockedHash    = "$y$j9T$2rSsMBfcBmQh6mJFQq9VG1$gcVvsFYjXcGnWpnVKkIVYHFcJmbfyvLtZJ4rXNdmiU4"
)

func TestUsersOfAMachine(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	g := NewWithT(t)
	user := func(name string) *resource.User { return resource.NewUser(a, name) }
	deploy := user("deploy")
	g.Expect(deploy.UID()).To(Equal(30001))
	g.Expect(deploy.Gecos()).To(Equal("Deploy Bot,,,"))
	g.Expect(deploy.Home()).To(Equal("/home/deploy"))
	g.Expect(deploy.Shell()).To(Equal("/bin/bash"))
	g.Expect(deploy.Groups()).To(ConsistOf("deploy", "team", "www-data"))
	g.Expect(deploy.BelongsToGroup("team")).To(BeTrue())
	g.Expect(deploy.BelongsToGroup("2000")).To(BeTrue())
	g.Expect(deploy.BelongsToGroup("tea")).To(BeFalse())
	g.Expect(deploy.BelongsToPrimaryGroup("team")).To(BeFalse())
	g.Expect(user("locked").BelongsToPrimaryGroup("team")).To(BeTrue())
	g.Expect(deploy.IsSystemUser()).To(BeFalse())
	g.Expect(user("svc").IsSystemUser()).To(BeTrue())
	g.Expect(user("nobody").IsSystemUser()).To(BeFalse())
	g.Expect(deploy.MinimumDaysBetweenPasswordChange()).To(Equal(7))
	g.Expect(deploy.MaximumDaysBetweenPasswordChange()).To(Equal(90))
	g.Expect(deploy.HasAuthorizedKey(deployKey + " other comment")).To(BeTrue())
	g.Expect(deploy.HasAuthorizedKey(restrictedKey)).To(BeTrue())
	g.Expect(deploy.HasAuthorizedKey(strings.Replace(deployKey, "AABAgME", "AABAgMF", 1))).To(BeFalse())
	g.Expect(deploy.Explain("HasAuthorizedKey").Near).To(ContainSubstring("deploy@laptop"))
	noisy := user("noisy")
	g.Expect(noisy.HasAuthorizedKey(deployKey)).To(BeFalse())
	m.Exec(t, "mkdir -p /home/noisy/.ssh && echo 'cert-authority "+deployKey+"' > /home/noisy/.ssh/authorized_keys")
	g.Expect(noisy.HasAuthorizedKey(deployKey)).To(BeFalse(), "an authority is not let in itself")
	m.Exec(t, "echo '"+deployKey+"' > /home/noisy/.ssh/authorized_keys2")
	g.Expect(noisy.HasAuthorizedKey(deployKey)).To(BeTrue())
	g.Expect(errors.As(second(deploy.HasAuthorizedKey("AAAAC3NzaC1lZDI1NTE5")), new(*evidence.Mistake))).To(BeTrue(), "it is cut off")
	team := resource.NewGroup(a, "team")
	g.Expect(team.Members()).To(ConsistOf("deploy", "svc"))
	g.Expect(team.HasMember("deploy")).To(BeTrue())
	g.Expect(team.HasMember("locked")).To(BeTrue(), "it is his primary group")
	g.Expect(team.HasMember("noisy")).To(BeFalse())
	g.Expect(team.IsSystemGroup()).To(BeFalse())
	g.Expect(resource.NewGroup(a, "sysgroup").IsSystemGroup()).To(BeTrue())
}

func TestPasswordsOfAMachine(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	g := NewWithT(t)
	locked := resource.NewUser(a, "locked")
	g.Expect(locked.Locked()).To(BeTrue())
	g.Expect(locked.EncryptedPassword()).To(Equal("!" + lockedHash))
	deploy := resource.NewUser(a, "deploy")
	g.Expect(deploy.Locked()).To(BeFalse())
	g.Expect(deploy.Explain("Locked").Found).To(ContainSubstring("no password lets in (*)"))
	for _, question := range []string{"Locked", "EncryptedPassword"} {
		e := locked.Explain(question)
		if text := e.Text("x"); strings.Contains(text, "gcVvs") || strings.Contains(text, "2rSsM") {
			t.Errorf("%s shows the hash: %s", question, text)
		}
	}
	// Without root's rights it cannot be told, and is never an empty password.
	unprivileged := resource.NewUser(askerFor(t, m.URI("deploy")), "locked")
	for question, err := range map[string]error{
		"Locked": second(unprivileged.Locked()), "EncryptedPassword": second(unprivileged.EncryptedPassword()),
		"Days": second(unprivileged.MaximumDaysBetweenPasswordChange()),
	} {
		if !isUnknown(err) || !strings.Contains(err.Error(), "only root") {
			t.Errorf("%s: %v", question, err)
		}
	}
	g.Expect(unprivileged.UID()).To(Equal(30002))
	g.Expect(isUnknown(second(resource.NewUser(askerFor(t, m.URI("noisy")), "deploy").HasAuthorizedKey(deployKey)))).To(BeTrue())
}

// without runs a test while a program is not on the machine.
func without(t *testing.T, m *rig.Machine, program string, test func()) {
	t.Helper()
	path := strings.TrimSpace(m.Exec(t, "command -v "+program))
	m.Exec(t, "mv "+path+" "+path+".gone")
	defer m.Exec(t, "mv "+path+".gone "+path)
	test()
}

func TestField_FileToolMissing(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	f := resource.NewFile(a, "/etc/hosts")
	if ok, err := f.Exists(); !ok || err != nil { // connects, which takes id
		t.Fatal(err)
	}
	for tool, questions := range map[string]map[string]func() error{
		"stat": {"Exists": func() error { return second(f.Exists()) }, "Mode": func() error { return second(f.Mode()) },
			"IsSymlink": func() error { return second(f.IsSymlink()) }, "SELinuxLabel": func() error { return second(f.SELinuxLabel()) }},
		"head":      {"Content": func() error { return second(f.Content()) }, "Contains": func() error { return second(f.Contains("x")) }},
		"sha256sum": {"SHA256": func() error { return second(f.SHA256()) }},
		"md5sum":    {"MD5": func() error { return second(f.MD5()) }},
		"lsattr":    {"Immutable": func() error { return second(f.Immutable()) }},
		"find":      {"Entries": func() error { return second(resource.NewFile(a, "/etc").Entries()) }},
		"readlink":  {"LinkTarget": func() error { return second(resource.NewFile(a, "/etc/mtab").LinkTarget()) }},
		"id": {"Groups": func() error { return second(resource.NewUser(a, "deploy").Groups()) },
			"BelongsToGroup": func() error { return second(resource.NewUser(a, "deploy").BelongsToGroup("wheel")) }},
	} {
		t.Run(tool, func(t *testing.T) {
			without(t, m, tool, func() {
				for question, ask := range questions {
					if err := ask(); !isUnknown(err) {
						t.Errorf("%s without %s: %v", question, tool, err)
					}
				}
			})
		})
	}
	t.Run("getent", func(t *testing.T) {
		without(t, m, "getent", func() {
			g := NewWithT(t)
			g.Expect(resource.NewUser(a, "deploy").UID()).To(Equal(30001))
			g.Expect(resource.NewUser(a, "nosuchuser").Exists()).To(BeFalse())
			g.Expect(resource.NewGroup(a, "team").Members()).To(ConsistOf("deploy", "svc"))
			g.Expect(resource.NewUser(a, "locked").Locked()).To(BeTrue())
			g.Expect(resource.NewUser(a, "deploy").Locked()).To(BeFalse())
		})
	})
}

func TestFilePermissionDeniedCannotBeTold(t *testing.T) {
	m := rig.SharedMachine(t)
	m.Exec(t, "mkdir -p /srv/closed && chmod 700 /srv/closed && echo x > /srv/closed/file && echo x > /srv/secret && chmod 600 /srv/secret")
	a := askerFor(t, m.URI("deploy"))
	f := resource.NewFile(a, "/srv/closed/file")
	for question, err := range map[string]error{
		"Exists": second(f.Exists()), "IsFile": second(f.IsFile()), "IsSymlink": second(f.IsSymlink()), "Mode": second(f.Mode()),
		"Content": second(f.Content()), "Contains": second(f.Contains("x")), "SHA256": second(f.SHA256()), "LinkTarget": second(f.LinkTarget()),
		"Immutable": second(f.Immutable()), "Entries": second(resource.NewFile(a, "/srv/closed").Entries()), "secret": second(resource.NewFile(a, "/srv/secret").Content()),
		"secret SHA256": second(resource.NewFile(a, "/srv/secret").SHA256()), "Mounted": second(f.Mounted()),
	} {
		if !isUnknown(err) || !strings.Contains(err.Error(), "ermission denied") {
			t.Errorf("%s: %v", question, err)
		}
	}
	g := NewWithT(t)
	g.Expect(resource.NewFile(a, "/srv/secret").Mode()).To(Equal(0o600))
}

func TestFileAccessByUser(t *testing.T) {
	m := rig.SharedMachine(t)
	m.Exec(t, `mkdir -p /srv/access/closed && cd /srv/access && echo x > team && chown root:team team && chmod 640 team &&
		echo x > closed/open && chmod 644 closed/open && chmod 700 closed && echo '#!/bin/sh' > prog && chmod 711 prog`)
	root, deploy := askerFor(t, m.URI("root")), askerFor(t, m.URI("deploy"))
	g := NewWithT(t)
	file := func(a testAsker, name string) *resource.File { return resource.NewFile(a, "/srv/access/"+name) }
	g.Expect(file(root, "team").ReadableByUser("deploy")).To(BeTrue())
	g.Expect(file(root, "team").WritableByUser("deploy")).To(BeFalse())
	g.Expect(file(root, "team").ReadableByUser("svc")).To(BeTrue(), "his shell is nologin")
	g.Expect(file(root, "team").ReadableByUser("noisy")).To(BeFalse())
	g.Expect(file(root, "closed/open").ReadableByUser("deploy")).To(BeFalse(), "the folder is closed")
	g.Expect(file(root, "closed/open").ReadableByUser("root")).To(BeTrue())
	g.Expect(file(root, "prog").ExecutableByUser("noisy")).To(BeTrue())
	g.Expect(file(root, "prog").ReadableByUser("noisy")).To(BeFalse())
	g.Expect(file(deploy, "team").ReadableByUser("deploy")).To(BeTrue())
	g.Expect(file(deploy, "team").WritableByUser("deploy")).To(BeFalse())
	g.Expect(second(file(deploy, "team").ReadableByUser("noisy"))).To(MatchError(ContainSubstring("deploy cannot ask as noisy by sudo: sudo: a password is required")))
	g.Expect(isUnknown(second(file(root, "team").ReadableByUser("nosuchuser")))).To(BeTrue())
	g.Expect(isMissing(second(file(root, "nope").ReadableByUser("deploy")))).To(BeTrue())
	g.Expect(file(root, "team").ReadableByUser("30001")).To(BeTrue(), "the number of deploy")
	g.Expect(isUnknown(second(file(root, "team").ReadableByUser("39999")))).To(BeTrue())
	t.Run("by su", func(t *testing.T) {
		without(t, m, "runuser", func() {
			g := NewWithT(t)
			g.Expect(file(root, "team").ReadableByUser("svc")).To(BeTrue())
			g.Expect(file(root, "team").ReadableByUser("noisy")).To(BeFalse())
			g.Expect(isUnknown(second(file(root, "team").ReadableByUser("nosuchuser")))).To(BeTrue())
		})
	})
}

func TestFileAccessByMode(t *testing.T) {
	dir := openTempDir(t)
	write(t, dir+"/f", "")
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		f := resource.NewFile(a, dir+"/f")
		for _, c := range []struct {
			mode    os.FileMode
			readers string
		}{{0o400, "owner"}, {0o040, "group"}, {0o004, "others"}, {0o000, ""}, {0o333, ""}} {
			g.Expect(os.Chmod(dir+"/f", c.mode)).To(Succeed())
			for _, class := range []string{"owner", "group", "others"} {
				g.Expect(f.ReadableBy(class)).To(Equal(class == c.readers), "%o by %s", c.mode, class)
			}
			g.Expect(f.Readable()).To(Equal(c.readers != ""))
			g.Expect(f.Writable()).To(Equal(c.mode == 0o333))
			g.Expect(f.ExecutableBy("others")).To(Equal(c.mode == 0o333))
		}
		g.Expect(second(f.ReadableBy("other"))).To(MatchError(ContainSubstring(`"owner", "group" or "others"`)))
	})
}

func TestFileFlagsAndMountsOfAMachine(t *testing.T) {
	m := rig.SharedMachine(t)
	m.Exec(t, "cd /data && echo x > fixed && echo x > free && ln -sf fixed link && chattr +i fixed && ln -sfn /data /srv/data")
	defer m.Exec(t, "chattr -i /data/fixed")
	a := askerFor(t, m.URI("root"))
	g := NewWithT(t)
	file := func(path string) *resource.File { return resource.NewFile(a, path) }
	g.Expect(file("/data/fixed").Immutable()).To(BeTrue())
	g.Expect(file("/data/link").Immutable()).To(BeTrue(), "links are followed")
	g.Expect(file("/data/free").Immutable()).To(BeFalse())
	g.Expect(file("/data").Immutable()).To(BeFalse())
	g.Expect(isUnknown(second(file("/proc/version").Immutable()))).To(BeTrue())
	g.Expect(isUnknown(second(file("/data/free").SELinuxLabel()))).To(BeTrue())
	g.Expect(file("/data").Mounted()).To(BeTrue())
	g.Expect(file("/data/").Mounted()).To(BeTrue())
	g.Expect(file("/srv/data").Mounted()).To(BeTrue(), "links are followed")
	g.Expect(file("/dat").Mounted()).To(BeFalse())
	g.Expect(file("/data/free").Mounted()).To(BeFalse())
	g.Expect(file("/nope").Mounted()).To(BeFalse())
	g.Expect(file("/").Mounted()).To(BeTrue())
	f := file("/data/free")
	g.Expect(f.Mounted()).To(BeFalse())
	g.Expect(f.Explain("Mounted").Near).To(Equal("it lies in the file system mounted at /data"))
}
