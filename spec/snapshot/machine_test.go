package snapshot_test

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends"
	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/snapshot"
)

// from runs a command in namespaces of a machine with the rights of this one, which
// are more than those of its root.
func from(t *testing.T, m *rig.Machine, namespace, script string) {
	t.Helper()
	pid, err := exec.Command("docker", "inspect", "--format", "{{.State.Pid}}", m.ID).Output()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("nsenter", "-t", strings.TrimSpace(string(pid)), namespace, "sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// deb is a script that makes a package /NAME.deb that holds one file.
func deb(name, version string) string {
	return fmt.Sprintf(`d=$(mktemp -d); mkdir -p $d/DEBIAN $d/usr/share/%[1]s; echo %[2]s >$d/usr/share/%[1]s/version
printf 'Package: %[1]s\nVersion: %[2]s\nArchitecture: all\nMaintainer: nobody <n@example.com>\nDescription: test\n' >$d/DEBIAN/control
dpkg-deb -b $d /tmp/%[1]s-%[2]s.deb >/dev/null; rm -r $d
`, name, version)
}

const setUp = `dpkg -i /tmp/hs-old-1.deb /tmp/hs-both-1.deb >/dev/null
useradd -m hsolder; groupadd hscrew
mkdir -p /etc/hs /srv/hs; cd /etc/hs
for f in mode owner group content gone type; do echo $f >$f; done
ln -s one link
echo '0 1 * * * root true' >/etc/cron.d/hs-old
echo '0 2 * * * root true' >/etc/cron.d/hs-both
`

const change = `dpkg -i /tmp/hs-new-1.deb /tmp/hs-both-2.deb >/dev/null; dpkg --purge hs-old >/dev/null
systemctl enable --now rig-disabled.service 2>/dev/null; systemctl stop cron.service
useradd -m -k /var/empty -u 30901 -s /bin/sh hsnew; usermod -s /bin/dash -G hscrew hsolder; groupadd -g 4711 hsgroup
usermod -p '$6$abc$' hsolder
cd /etc/hs
chmod 600 mode; chown deploy owner; chgrp hscrew group; rm gone type; mkdir type
touch -r content /tmp/stamp; echo CONTENT >content; touch -r /tmp/stamp content
ln -sfn two link; mkfifo pipe; echo new >"odd
name"
rm /etc/cron.d/hs-old; echo '0 3 * * * root true' >/etc/cron.d/hs-both
echo '0 4 * * * true' | crontab -u hsnew -
setsid socat TCP-LISTEN:4567,bind=127.0.0.1,reuseaddr,fork - </dev/null >/dev/null 2>&1 &
for i in $(seq 300); do ss -Htln | grep -q :4567 && break; sleep 0.2; done
# What is noise.
echo noise >/tmp/hs-noise; echo noise >/var/log/hs.log; touch /etc/passwd /etc/hs/mode; logger noise || :
`

// Every kind of change is told by name, and nothing else is: not a second login, a
// log, a time stamp.
func TestMachine_EachChangeIsToldByNameAndNothingElse(t *testing.T) {
	g := NewWithT(t)
	m := rig.StartMachine(t)
	m.Exec(t, deb("hs-old", "1")+deb("hs-new", "1")+deb("hs-both", "1")+deb("hs-both", "2")+setUp)
	tg := open(t, m.URI("root"))
	opt := snapshot.Options{Watch: []string{"/var/log"}, Ignore: []string{"/var/log/**"}}
	before := take(t, tg, opt)
	g.Expect(told(before, take(t, tg, opt))).To(BeEmpty(), "nothing was touched")
	g.Expect(tg.Stats().Exchanges).To(Equal(3), "the greeting and one for each")
	m.Exec(t, change)
	from(t, m, "-n", "echo 1 >/proc/sys/net/ipv4/conf/all/log_martians")
	from(t, m, "-m", "mount -t tmpfs -o size=1m hs /srv/hs")
	after := take(t, open(t, m.URI("root")), opt)
	g.Expect(told(before, after)).To(Equal([]string{
		"package hs-both  1 -> 2",
		"package hs-new  (absent) -> 1",
		"package hs-old  1 -> (absent)",
		"service cron.service  active active -> inactive",
		"service rig-disabled.service  enabled disabled -> enabled, active inactive -> active",
		"user hsnew  (absent) -> uid 30901, gid " + attr(t, after, "group", "hsnew", "gid") + ", home /home/hsnew, shell /bin/sh, subuid " +
			attr(t, after, "user", "hsnew", "subuid") + ", subgid " + attr(t, after, "user", "hsnew", "subgid"),
		"user hsolder  shell /bin/sh -> /bin/dash, groups (none) -> hscrew",
		"password hsnew  (absent) -> state locked, changed " + attr(t, after, "password", "hsnew", "changed") + ", min days 0, max days 99999, warn days 7",
		"password hsolder  state locked -> set",
		"group hsgroup  (absent) -> gid 4711",
		"group hsnew  (absent) -> gid " + attr(t, after, "group", "hsnew", "gid"),
		"port tcp 127.0.0.1:4567  (absent) -> present",
		"mount /srv/hs  (absent) -> tmpfs, device hs, options " + attr(t, after, "mount", "/srv/hs", "options"),
		"cron /etc/cron.d/hs-both  content, of the same size",
		"cron /etc/cron.d/hs-old  file, mode 0644, uid 0, gid 0, 20 bytes -> (absent)",
		"cron /var/spool/cron/crontabs/hsnew  (absent) -> file, mode 0600, uid 30901, gid " +
			attr(t, after, "group", "crontab", "gid") + ", " + attr(t, after, "cron", "/var/spool/cron/crontabs/hsnew", "size") + " bytes",
		"parameter net.ipv4.conf.all.log_martians  0 -> 1",
		"file /etc/hs/content  content, of the same size",
		"file /etc/hs/gone  file, mode 0644, uid 0, gid 0, 5 bytes -> (absent)",
		"file /etc/hs/group  gid 0 -> " + attr(t, before, "group", "hscrew", "gid"),
		"file /etc/hs/link  link one -> two",
		"file /etc/hs/mode  mode 0644 -> 0600",
		`file /etc/hs/odd\nname  (absent) -> file, mode 0644, uid 0, gid 0, 4 bytes`,
		"file /etc/hs/owner  uid 0 -> 30001",
		"file /etc/hs/pipe  (absent) -> pipe, mode 0644, uid 0, gid 0",
		"file /etc/hs/type  type file -> directory, mode 0644 -> 0755",
		"file /etc/systemd/system/multi-user.target.wants/rig-disabled.service  (absent) -> link, mode 0777, uid 0, gid 0, link /etc/systemd/system/rig-disabled.service",
		"file /home/hsnew  (absent) -> directory, mode 0755, uid 30901, gid " + attr(t, after, "group", "hsnew", "gid"),
		"file /srv/hs  mode 0755 -> 1777",
	}))
	for _, kind := range snapshot.Kinds() {
		for _, f := range after.Facts(kind) {
			g.Expect(fmt.Sprint(f.Attrs())).NotTo(ContainSubstring("$6$"), "the hash of a password in %s %s", kind, f.Name)
		}
	}
	// The other way round it is told just as well.
	g.Expect(told(after, before)).To(HaveLen(29))
}

// A service that was started anew is not a difference, and is told all the same.
func TestMachine_ARestartIsNoDifference(t *testing.T) {
	g := NewWithT(t)
	m := rig.SharedMachine(t)
	tg := open(t, m.URI("root"))
	before := take(t, tg, snapshot.Options{})
	m.Exec(t, "systemctl restart cron.service; systemctl reload nginx.service")
	after := take(t, tg, snapshot.Options{})
	g.Expect(told(before, after)).To(BeEmpty())
	g.Expect(snapshot.Restarted(before, after)).To(Equal([]string{"cron.service"}))
	g.Expect(snapshot.Restarted(after, after)).To(BeEmpty())
}

// What an ordinary account may not read could not be told: nothing of it is taken
// for absent, or for the same.
func TestMachine_WhatAnOrdinaryAccountMayNotRead(t *testing.T) {
	g := NewWithT(t)
	m := rig.SharedMachine(t)
	m.Exec(t, "mkdir -p /etc/hs-closed/in && echo x >/etc/hs-closed/in/file && chmod 700 /etc/hs-closed; chmod 700 /root; echo s >/etc/hs-secret; chmod 600 /etc/hs-secret\n"+
		"mkdir -p \"/etc/hs-odd/it's\" /etc/hs-odd/ä '/etc/hs-odd/new\nline'; for d in /etc/hs-odd/*; do echo x >\"$d/file\"; chmod 700 \"$d\"; done; mkdir /etc/hs-half; echo x >/etc/hs-half/file; chmod 744 /etc/hs-half")
	root := take(t, open(t, m.URI("root")), snapshot.Options{})
	deploy := open(t, m.URI("deploy"))
	ordinary := take(t, deploy, snapshot.Options{})
	for name, lines := range map[string][]string{"root before": told(root, ordinary), "root after": told(ordinary, root), "root never": told(ordinary, ordinary)} {
		for _, l := range lines {
			g.Expect(l).To(ContainSubstring("could not tell: "), name)
		}
		g.Expect(lines).To(ContainElement(HavePrefix("password  could not tell: ")), name)
		g.Expect(lines).To(ContainElement(HavePrefix("file /etc/hs-closed/**  could not tell: ")), name)
		g.Expect(lines).To(ContainElement(HavePrefix("file /root/**  could not tell: ")), name)
		g.Expect(lines).To(ContainElement(MatchRegexp("file /etc/hs-secret  could not tell: content: .*Permission denied")), name)
		g.Expect(lines).To(ContainElement(MatchRegexp("parameter .*  could not tell: value: .*Permission denied")), name)
	}
	g.Expect(told(ordinary, ordinary, "/etc/**", "/root/**", "/home/**", "/opt/**", "/var/**", "/srv/**", "password:**", "parameter:**")).To(BeEmpty())
	m.Exec(t, "rm /etc/hs-closed/in/file; echo t >/etc/hs-secret")
	g.Expect(told(root, ordinary, "/root/**", "/home/**", "/var/**", "password:**", "parameter:**")).To(ContainElement(
		MatchRegexp(`file /etc/hs-closed/\*\*  could not tell: after: Permission denied`)))
	m.Exec(t, "rm -r /etc/hs-closed /etc/hs-secret /etc/hs-odd /etc/hs-half")
}

// Without systemd there are no services, which two such machines have in common; one
// with and one without cannot be compared in that.
func TestMachine_WithoutAnInitSystem(t *testing.T) {
	g := NewWithT(t)
	m := rig.StartMachine(t, rig.WithoutSystemd())
	tg := open(t, m.URI("root"))
	without := take(t, tg, snapshot.Options{})
	g.Expect(told(without, take(t, tg, snapshot.Options{}))).To(BeEmpty())
	with := take(t, open(t, rig.SharedMachine(t).URI("root")), snapshot.Options{})
	g.Expect(told(with, without)).To(ContainElement("service  could not tell: after: no init system runs here: the first process is sshd"))
	g.Expect(told(with, without)).NotTo(ContainElement(HavePrefix("service cron.service")))
	// Each package manager is asked whose database is there.
	m.Exec(t, `mkdir -p /lib/apk/db; printf 'P:hs-apk\nV:1.2-r0\nA:x86_64\n\n' >/lib/apk/db/installed; mkdir -p /var/lib/pacman/local`)
	g.Expect(attr(t, take(t, tg, snapshot.Options{}), "package", "hs-apk", "version")).To(Equal("1.2-r0"))
	m.Exec(t, "touch /var/lib/pacman/local/x; mkdir /var/lib/rpm && touch /var/lib/rpm/rpmdb.sqlite")
	g.Expect(told(without, take(t, tg, snapshot.Options{}))).To(ConsistOf(
		MatchRegexp("^package  could not tell: after: not found on the target: .*rpm: not found$")))
	m.Exec(t, "rm -r /var/lib/rpm /lib/apk /var/lib/pacman")
	// A tool that is missing is neither.
	m.Exec(t, "chmod 0 /usr/bin/dpkg-query && mv /usr/bin/sha256sum /usr/bin/sha256sum.gone")
	blind := take(t, tg, snapshot.Options{})
	lines := told(without, blind)
	g.Expect(lines).To(ContainElement(MatchRegexp("package  could not tell: after: (may not be executed|.*Permission denied)")))
	g.Expect(lines).To(ContainElement("file /etc/fstab  could not tell: content: after: not hashed: not found on the target:"))
	g.Expect(lines).NotTo(ContainElement(ContainSubstring("->")), "nothing of it differs")
}

func TestMachine_ThatIsGoneIsUnreachable(t *testing.T) {
	g := NewWithT(t)
	m := rig.StartMachine(t, rig.WithoutSystemd())
	m.Stop(t)
	_, err := snapshot.Take(t.Context(), open(t, m.URI("root", "connect_timeout=2s")), snapshot.Options{})
	var unreachable *backends.UnreachableError
	g.Expect(errors.As(err, &unreachable)).To(BeTrue(), "%v", err)
}
