package loop_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/loop"
)

// deb makes a package /debs/NAME-VERSION.deb of a folder that setup fills.
func deb(name, version, depends, setup string) string {
	if depends != "" {
		depends = "Depends: " + depends + "\\n"
	}
	return `d=$(mktemp -d); chmod 755 $d; mkdir -p $d/DEBIAN $d/usr/share/` + name + ` /debs; echo ` + name + version + ` >$d/usr/share/` + name + `/version
printf 'Package: ` + name + `\nVersion: ` + version + `\nArchitecture: all\n` + depends + `Maintainer: nobody <n@example.com>\nDescription: test\n' >$d/DEBIAN/control
(cd $d; ` + setup + `:)
dpkg-deb -b $d /debs/` + name + `-` + version + `.deb >/dev/null; rm -r $d
`
}

// everyKind changes something of each kind, on a Debian with systemd.
const everyKind = `[ ! -e /etc/hs/done ] || exit 0
set -e
dpkg -i /debs/hs-new-1.deb /debs/hs-both-2.deb; dpkg --purge hs-old
systemctl enable --now rig-disabled.service; systemctl disable rig-failed.service; systemctl mask --now cron.service; systemctl stop nginx.service
cat >/etc/systemd/system/hs.timer <<'U'
[Timer]
OnCalendar=2050-01-01
[Install]
WantedBy=timers.target
U
printf '[Service]\nExecStart=/bin/true\n' >/etc/systemd/system/hs.service
systemctl daemon-reload; systemctl enable --now hs.timer
useradd -m -u 30901 -s /bin/sh hsnew; usermod -L -s /bin/dash -aG hscrew hsolder; groupadd -g 4711 hsgroup; userdel -r hsgone
usermod -p '$6$abc$' hsopen; usermod -p '*' hsstar
for l in TCP-LISTEN:4567,bind=127.0.0.1,reuseaddr,fork UDP-RECV:4568 TCP6-LISTEN:4569,ipv6only=1,reuseaddr,fork UDP6-RECV:4570,ipv6only=1 TCP4-LISTEN:4571,reuseaddr,fork; do
setsid socat -u $l OPEN:/dev/null </dev/null >/dev/null 2>&1 & done
for p in 4567 4568 4569 4570 4571; do n=0; until ss -Htuln | grep -q ":$p "; do n=$((n+1)); [ $n -lt 300 ] || { echo "nothing listens on $p"; exit 9; }; sleep 0.1; done; done
cd /etc/hs
printf 'quote " and \\ and tab\t' >'odd "name'; chmod 600 mode; chmod 4755 suid; chown hsnew owner; chgrp hsgroup group; echo changed >content
rm gone; rm -r folder; mkdir new; chmod 1777 new; ln -s /nowhere link; mkfifo pipe; rm type; mkdir type; ln -sfn elsewhere oldlink
umask 077; echo 'password=hunter2' >secret; umask 022
echo '0 3 * * * root true' >/etc/cron.d/hs; rm /etc/cron.d/hs-old; echo '0 4 * * * true' | crontab -u hsnew -
touch done
`

// fromHere does what nobody may within a container: mounts and kernel parameters.
const fromHere = `p=$(docker inspect --format '{{.State.Pid}}' "$HOSTSPEC_CONTAINER")
nsenter -t "$p" -m sh -c 'grep -q " /srv/hs " /proc/self/mountinfo || mount -t tmpfs -o size=1m hs /srv/hs'
nsenter -t "$p" -n sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/log_martians; echo "2000	3000" >/proc/sys/net/ipv4/ip_local_port_range'
`

// What is printed about every kind of change can be pasted: it compiles, it is
// formatted, it holds, and then nothing is left uncovered.
func TestLines_CoverWhatTheyWerePrintedFor(t *testing.T) {
	g := NewWithT(t)
	image := variant(t, rig.Image(t), `RUN set -e; `+strings.ReplaceAll(oneLine(deb("hs-old", "1", "", "")+deb("hs-new", "1", "", "")+deb("hs-both", "1", "", "")+deb("hs-both", "2", "", "")), "\n", " ")+`
RUN set -e; ln -s /dev/null /etc/systemd/system/ssh.service; dpkg -i /debs/hs-old-1.deb /debs/hs-both-1.deb; groupadd hscrew; useradd -m -p x hsolder; useradd -m hsgone; useradd -M hsopen; useradd -M -p x hsstar; \
  mkdir -p /etc/hs/folder/sub /srv/hs; cd /etc/hs; touch mode suid owner group content gone type folder/a folder/sub/b; ln -s there oldlink; echo '0 1 * * * root true' >/etc/cron.d/hs-old`)
	suite := &loop.Suite{Name: "lines", Image: image, Systemd: true, Converge: []loop.Converge{{Run: everyKind}, {Run: fromHere, Here: true}}}
	first := goThrough(t, suite, loop.Options{}, checks(t, check{subject: "File \"/etc/hs/done\"", script: "test -e /etc/hs/done"}))
	if first.Coverage == nil {
		t.Fatal(first.output)
	}
	first.wants(t, loop.Idempotent, loop.Held)
	var lines, names []string
	for _, c := range first.Coverage.Changes {
		lines = append(lines, c.Line)
		names = append(names, c.Kind+" "+c.Name)
	}
	t.Log(strings.Join(lines, "\n"))
	for _, name := range []string{
		"package hs-new", "package hs-both", "package hs-old", "service rig-disabled.service", "service rig-failed.service", "service cron.service",
		"service nginx.service", "port tcp 0.0.0.0:80", "service hs.timer", "user hsnew", "user hsolder", "user hsgone", "password hsolder", "password hsopen",
		"password hsstar", "group hsgroup", "port tcp 127.0.0.1:4567", "port udp 0.0.0.0:4568", "port tcp6 [::]:4569", "port udp6 [::]:4570",
		"port tcp 0.0.0.0:4571", "mount /srv/hs", "cron /etc/cron.d/hs", "cron /etc/cron.d/hs-old", "cron /var/spool/cron/crontabs/hsnew",
		"parameter net.ipv4.conf.all.log_martians", "parameter net.ipv4.ip_local_port_range", "file /etc/hs/mode", "file /etc/hs/suid",
		"file /etc/hs/owner", "file /etc/hs/group", "file /etc/hs/content", "file /etc/hs/gone", "file /etc/hs/folder", "file /etc/hs/new",
		"file /etc/hs/link", "file /etc/hs/oldlink", "file /etc/hs/pipe", "file /etc/hs/type", "file /etc/hs/secret", `file /etc/hs/odd "name`,
	} {
		g.Expect(names).To(ContainElement(name))
	}
	for _, name := range []string{"file /etc/hs/folder/a", "file /etc/systemd/system/cron.service", "file /srv/hs", "file /home/hsnew", "file /home/hsgone"} {
		g.Expect(names).NotTo(ContainElement(name))
	}
	g.Expect(strings.Join(lines, "\n")).NotTo(ContainSubstring("hunter2"))

	again := goThrough(t, suite, loop.Options{MinCoverage: 100}, compiled(t, lines...))
	again.wants(t, loop.Green, loop.Held)
	again.wants(t, loop.Covered, loop.Held, "coverage")
	for _, s := range again.stage(t, loop.Green).Details {
		t.Error(s)
	}
}

// oneLine makes a script one line of a Dockerfile.
func oneLine(script string) string {
	return strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(script, "\\\n", "")), "\n", "; ")
}
