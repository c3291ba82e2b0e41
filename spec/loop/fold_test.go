package loop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/loop"
)

// packaged has all that a package can bring: a conffile, a unit that nobody uses, a
// link, a folder of its own, and what it makes as it is configured.
const packaged = `mkdir -p etc/hs-pkg lib/systemd/system var/lib/hs-pkg usr/share/hs-pkg; echo conf >etc/hs-pkg/a.conf; echo conf >etc/hs-pkg/b.conf; \
 printf "/etc/hs-pkg/a.conf\n/etc/hs-pkg/b.conf\n" >DEBIAN/conffiles; echo "welcome to hs-pkg" >usr/share/hs-pkg/index.html; \
 printf "[Service]\nExecStart=/bin/true\n" >lib/systemd/system/hs-unused.service; \
 printf "#!/bin/sh\nmkdir -p /var/hs-www/html; cp /usr/share/hs-pkg/index.html /var/hs-www/html/; echo made >/var/lib/hs-pkg/state; ln -s /usr/share/hs-pkg/index.html /etc/hs-link\n" >DEBIAN/postinst; chmod 755 DEBIAN/postinst; `

// Of everything that converge changes, only what a person would name is told.
func TestCovered_TellsWhatAPersonWouldName(t *testing.T) {
	image := variant(t, rig.Image(t), `RUN set -e; `+oneLine(deb("hs-pkg", "1", "hs-dep", packaged)+deb("hs-dep", "1", "", "")+deb("hs-old", "1", "", packagedOld))+`; dpkg -i /debs/hs-old-1.deb`)
	ran := goThrough(t, &loop.Suite{Image: image, Converge: sh(`[ ! -e /etc/hs-own ] || exit 0
dpkg -i /debs/hs-dep-1.deb /debs/hs-pkg-1.deb && dpkg --purge hs-old || exit 1
printf 'Package: hs-dep\nAuto-Installed: 1\n\n' >>/var/lib/apt/extended_states
echo edited >/etc/hs-pkg/b.conf
echo mine >/etc/hs-pkg/mine.conf; ln -s mine.conf /etc/hs-pkg/enabled
useradd -m hsuser; useradd -m hsfull; echo mine >/home/hsfull/note; echo 'welcome to hs-PKG' >/home/hsfull/.profile
touch -d 2020-01-01 /etc/hostname /etc/issue
echo noise >/var/log/hs.log; echo noise >/var/cache/hs; echo noise >/tmp/hs
mkdir -p /opt/new/deep; echo x >/opt/new/deep/x
ln -s hs-b /etc/hs-a; ln -s hs-a /etc/hs-b; ln -s hs-c /etc/hs-c
echo own >/etc/hs-own`)}, loop.Options{}, checks(t, file("/etc/hs-own"),
		// What another package manager, or something that runs services, calls by that name.
		check{subject: `Package "hs-pkg"`, via: "pip", script: "true"}, check{subject: `Package "hs-old"`, via: "dpkg", script: "true"}))
	if ran.Coverage == nil {
		t.Fatal(ran.output)
	}
	var names, covered []string
	for _, c := range ran.Coverage.Changes {
		names = append(names, c.Kind+" "+c.Name)
		if len(c.Specs) > 0 {
			covered = append(covered, c.Name)
		}
	}
	NewWithT(t).Expect(covered).To(Equal([]string{"hs-old", "/etc/hs-own"}))
	NewWithT(t).Expect(names).To(Equal([]string{
		"package hs-old", "package hs-pkg", "user hsfull", "user hsuser",
		"file /etc/hs-b", "file /etc/hs-c", "file /etc/hs-own", "file /etc/hs-pkg/b.conf", "file /etc/hs-pkg/mine.conf",
		"file /home/hsfull", "file /home/hsfull/.profile", "file /home/hsfull/note",
		"file /opt/new", "file /opt/new/deep", "file /opt/new/deep/x",
	}))
}

const packagedOld = `mkdir -p etc/hs-old/deep usr/share/hs-old/deep; echo old >etc/hs-old/deep/conf; echo /etc/hs-old/deep/conf >DEBIAN/conffiles; `

// A Dockerfile without converge: red on what it is made from, green on what it makes,
// and that image gets the tag.
func TestDockerfile_IsItsOwnConverge(t *testing.T) {
	g := NewWithT(t)
	base := box(t)
	dir := t.TempDir()
	dockerfile := filepath.Join(dir, "Dockerfile")
	if err := os.WriteFile(dockerfile, []byte("ARG BASE="+base+"\nFROM ${BASE} AS first\nFROM first\nCOPY page /srv/page\nCMD [\"/bin/cat\", \"/srv/page\"]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "page"), []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tag := rig.OwnName(t, "hostspec-test/dockerfile") + ":1"
	t.Cleanup(func() { rig.Docker(t, "rmi", "--force", tag) })
	ran := goThrough(t, &loop.Suite{Dockerfile: dockerfile, Promote: tag}, loop.Options{}, checks(t, file("/srv/page")))
	ran.wants(t, loop.Red, loop.Held, "1 failed")
	ran.wants(t, loop.Converged, loop.Held, "docker build")
	ran.wants(t, loop.Green, loop.Held, "1 passed")
	ran.wants(t, loop.Idempotent, loop.Skipped)
	ran.wants(t, loop.Covered, loop.Held, "1 of 1 changes")
	ran.wants(t, loop.Promote, loop.Held, tag)
	wantNoContainerOf(t, base)
	wantNoContainerOf(t, tag)
	g.Expect(strings.TrimSpace(rig.Docker(t, "image", "inspect", "--format", "{{.Id}}", tag))).To(Equal(ran.Image))
}
