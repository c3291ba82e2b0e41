package snapshot

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/spec/catalogue"
)

// small is a snapshot of a few facts, of which /etc is watched.
func small(facts ...Fact) *Snapshot {
	return &Snapshot{Watched: []string{"/etc"}, facts: sortFacts(facts)}
}

func lines(before, after *Snapshot, ignore ...string) []string {
	d := Diff(before, after, DiffOptions{Ignore: ignore})
	out := []string{}
	for _, i := range append(d.Items, d.Unknown...) {
		out = append(out, i.String())
	}
	return out
}

func file(name, mode string) Fact { return catalogue.New(KindFile, name, "type", "file", "mode", mode) }

func folder(name string) Fact { return catalogue.New(KindFile, name, "type", "directory") }

// What is known on one side and not on the other is never the same, and never a
// difference.
func TestDiff_WhatCouldNotBeTold(t *testing.T) {
	closed := folder("/etc/d").Unknown("entries", "Permission denied")
	none := catalogue.New(KindService, "", catalogue.KeyNone, "no init")
	for name, test := range map[string]struct {
		before, after *Snapshot
		want          []string
	}{
		"a whole kind": {small(catalogue.New(KindPackage, "a", "version", "1")), small(catalogue.CannotTell(KindPackage, "dpkg-query: not found")),
			[]string{"package  could not tell: after: dpkg-query: not found"}},
		"a whole kind on both sides": {small(catalogue.CannotTell(KindPackage, "x")), small(catalogue.CannotTell(KindPackage, "x")),
			[]string{"package  could not tell: before: x; after: x"}},
		"nothing of the kind on both sides": {small(none), small(none), []string{}},
		"nothing of the kind on one side": {small(none), small(catalogue.New(KindService, "a.service", "active", "active")),
			[]string{"service  could not tell: before: no init"}},
		"part of a kind": {small(file("/etc/a", "1")), small(Fact{Kind: KindFile}.Unknown(catalogue.KeySome, "find: odd")),
			[]string{"file /etc/a  file, mode 1 -> (absent)", "file  could not tell: after: find: odd"}},
		"below a closed folder": {small(folder("/etc/d"), file("/etc/d/x", "1"), file("/etc/dx", "1")), small(closed),
			[]string{"file /etc/dx  file, mode 1 -> (absent)", "file /etc/d/**  could not tell: after: Permission denied"}},
		"below a folder closed to both": {small(closed), small(closed),
			[]string{"file /etc/d/**  could not tell: before: Permission denied; after: Permission denied"}},
		"a closed folder that is gone": {small(closed), small(),
			[]string{"file /etc/d  directory -> (absent)", "file /etc/d/**  could not tell: before: Permission denied"}},
		"a file that cannot be looked at": {small(Fact{Kind: KindFile, Name: "/etc/x"}.Unknown("type", "Permission denied")), small(file("/etc/x", "1")),
			[]string{"file /etc/x/**  could not tell: before: Permission denied"}},
		"a content beside a mode": {small(file("/etc/x", "1").Unknown("sha256", "no")), small(catalogue.New(KindFile, "/etc/x", "type", "file", "mode", "2", "sha256", "ab")),
			[]string{"file /etc/x  mode 1 -> 2", "file /etc/x  could not tell: content: before: no"}},
		"what only one side watched": {small(), &Snapshot{Watched: []string{"/etc", "/opt"}, facts: []Fact{file("/opt/x", "1")}},
			[]string{"file /opt/**  could not tell: watched only after"}},
		"what is started anew": {small(catalogue.New(KindService, "a", "active", "active", ".pid", "1")), small(catalogue.New(KindService, "a", "active", "active", ".pid", "2")),
			[]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(lines(test.before, test.after)).To(Equal(test.want))
		})
	}
}

func TestDiff_IgnoresWhatCouldNotBeTold(t *testing.T) {
	g := NewWithT(t)
	closed := small(folder("/etc/d").Unknown("entries", "no"), catalogue.CannotTell(KindPassword, "no"), file("/etc/x", "1").Unknown("sha256", "no"))
	g.Expect(lines(closed, closed, "/etc/d/**", "password:**", "/etc/x")).To(BeEmpty())
	closed.Ignored = []string{"/etc/**"}
	g.Expect(lines(closed, closed, "password:**")).To(BeEmpty())
}

func TestNoise(t *testing.T) {
	g := NewWithT(t)
	for _, r := range Noise() {
		g.Expect(CheckIgnore(r.Pattern)).To(Succeed())
		g.Expect(r.Why).NotTo(BeEmpty(), r.Pattern)
		for _, p := range r.Except {
			g.Expect(CheckIgnore(p)).To(Succeed())
		}
	}
	plain, container := newFilter(nil, nil, false), newFilter([]string{"/srv/*/tmp/**", "package:linux-*"}, []string{"/tmp/app", "/var/log"}, true)
	for _, test := range []struct {
		kind, name        string
		folder            bool
		plain, containers bool
	}{
		{KindFile, "/tmp", true, false, false},
		{KindFile, "/tmp/x", true, true, true},
		{KindFile, "/tmpx", false, false, false},
		{KindFile, "/tmp/app", true, true, false},
		{KindFile, "/tmp/app/x", false, true, false},
		{KindFile, "/tmp/apps", false, true, true},
		{KindFile, "/var/log/syslog", false, true, false},
		{KindFile, "/var/log/nginx", true, false, false},
		{KindFile, "/var/cache/apt/pkgcache.bin", false, true, true},
		{KindFile, "/var/cache/apt", true, false, false},
		{KindFile, "/var/lib/dpkg/status", false, true, true},
		{KindFile, "/var/lib/dpkg/diversions", false, false, false},
		{KindFile, "/var/lib/dpkg/alternatives/editor", false, false, false},
		{KindFile, "/etc/passwd-", false, true, true},
		{KindFile, "/etc/passwd", false, false, false},
		{KindFile, "/etc/hosts", false, false, true},
		{KindFile, "/etc/ld.so.cache", false, false, false},
		{KindFile, "/etc/machine-id", false, false, false},
		{KindFile, "/usr/lib/python3/__pycache__/a.pyc", false, true, true},
		{KindFile, "/usr/lib/python3/__pycache__", true, false, false},
		{KindFile, "/var/lib/cfengine3/state/x/y", false, true, true},
		{KindFile, "/var/lib/cfengine3/state", true, false, false},
		{KindFile, "/home/a/go/pkg/mod/x/y", false, true, true},
		{KindFile, "/home/a/go/pkg/mod", true, false, false},
		{KindFile, "/srv/app/node_modules/x", false, true, true},
		{KindFile, "/srv/app/.git/HEAD", false, false, false},
		{KindFile, "/root/.cache/x", false, true, true},
		{KindFile, "/srv/a/tmp/x", false, false, true},
		{KindFile, "/srv/a/b/tmp/x", false, false, false},
		{KindCron, "/tmp/x", false, true, true},
		{KindMount, "/run/user/0", false, true, true},
		{KindMount, "/run", false, false, false},
		{KindMount, "/tmp/x", false, false, false},
		{KindService, "user@0.service", false, true, true},
		{KindService, "user-runtime-dir@0.service", false, true, true},
		{KindService, "sshd@3-10.0.0.1:22-10.0.0.2:40000.service", false, true, true},
		{KindService, "ssh.service", false, false, false},
		{KindParameter, "net.ipv4.conf.veth0a.forwarding", false, true, true},
		{KindParameter, "net.ipv4.conf.eth0.forwarding", false, false, false},
		{KindPackage, "linux-image-6", false, false, true},
	} {
		g.Expect(plain.ignores(test.kind, test.name, test.folder)).To(Equal(test.plain), "%s %s", test.kind, test.name)
		g.Expect(container.ignores(test.kind, test.name, test.folder)).To(Equal(test.containers), "%s %s, container", test.kind, test.name)
	}
	g.Expect(plain.pruned()).To(ContainElements("/proc", "/tmp", "/run", "*/node_modules", "*/.cargo/git"))
	asked := newFilter(nil, []string{"/tmp/app", "/srv/node_modules"}, false)
	g.Expect(asked.pruned()).To(ContainElement("/proc"))
	g.Expect(asked.pruned()).NotTo(ContainElements("/tmp", "*/node_modules"))
	g.Expect(plain.pruned()).NotTo(ContainElements("/var/log", "/var/lib/dpkg"))
}

// A service that was started anew is told by its process, and also where another
// process has got the same number since.
func TestRestarted(t *testing.T) {
	service := func(name, pid, since string) Fact {
		return catalogue.New(KindService, name, "active", "active", ".pid", pid, ".since", since)
	}
	before := small(service("a.service", "1", "10"), service("pid.service", "2", "10"), service("since.service", "3", "10"),
		service("stopped.service", "4", "10"), service("a.socket", "5", "10"))
	after := small(service("a.service", "1", "10"), service("pid.service", "7", "10"), service("since.service", "3", "20"),
		catalogue.New(KindService, "stopped.service", "active", "inactive"), service("a.socket", "6", "10"), service("new.service", "8", "20"))
	NewWithT(t).Expect(Restarted(before, after)).To(Equal([]string{"pid.service", "since.service"}))
}

// A later change may bear the time of one that came shortly before the list.
func TestCandidates_WrittenShortlyBefore(t *testing.T) {
	list := func(changed string) *Snapshot {
		return &Snapshot{began: 100, stamps: map[string]stamp{"/etc/x": {changed, "1", "0", "3"}}}
	}
	g := NewWithT(t)
	g.Expect(Candidates(list("100.5"), list("100.5"))).To(Equal([]string{"/etc/x"}))
	g.Expect(Candidates(list("99.9"), list("99.9"))).To(Equal([]string{"/etc/x"}))
	g.Expect(Candidates(list("98.9"), list("98.9"))).To(BeEmpty())
	g.Expect(Candidates(list("98.9"), list("98.8"))).To(Equal([]string{"/etc/x"}))
}
