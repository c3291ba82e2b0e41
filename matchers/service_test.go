package matchers_test

import (
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	. "github.com/hostspec/hostspec/matchers"
	"github.com/hostspec/hostspec/spec/resource"
)

func TestServiceMatchers(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name) }

	holds(t, service("nginx"), BeInstalled(), `Service "nginx" should not be installed`, "found    enabled", "target   ssh://root@", "asked    systemctl show nginx.service")
	fails(t, service("ngnix"), BeInstalled(), `Service "ngnix" should be installed`, "found    no such unit", "near     nginx.service")

	holds(t, service("nginx"), BeEnabled(), "should not be enabled")
	fails(t, service("rig-disabled"), BeEnabled(), "should be enabled", "found    disabled")
	fails(t, service("rig-static"), BeEnabled(), "found    static: it has no [Install] section")
	fails(t, service("rig-masked"), BeEnabled(), "found    masked")
	fails(t, service("ngnix"), BeEnabled(), "near     nginx.service")
	errs(t, service("nginx"), BeEnabled().WithLevel(3), "could not tell", "because  run level 3", "systemd has none")
	errs(t, service("nginx"), BeEnabled().WithLevel(7), "run levels go from 0 to 6")

	holds(t, service("nginx"), BeRunning(), "should not be running", "found    active (running), PID ")
	fails(t, service("rig-failed"), BeRunning(), "found    failed (failed), result exit-code")
	fails(t, service("ngnix"), BeRunning(), "found    no such unit", "near     nginx.service")

	holds(t, service("rig-masked"), BeMasked(), "should not be masked", "found    masked")
	fails(t, service("nginx"), BeMasked(), "should be masked", "found    enabled")
	fails(t, service("ngnix"), BeMasked(), "no such unit")

	holds(t, service("rig-worker@1"), HaveProperty("User", "deploy"), `should not have property User "deploy"`, "found    User=deploy")
	holds(t, service("rig-worker@1"), HaveProperty("Environment", ContainSubstring("deep blue")))
	fails(t, service("rig-worker@1"), HaveProperty("User", "deplo"), `should have property User "deplo"`, "found    User=deploy")
	errs(t, service("rig-worker@1"), HaveProperty("Usr", "deploy"), `systemd knows no property "Usr"`, "near     User")
	errs(t, service("nope"), HaveProperty("User", ""), `Service "nope": it does not exist`)
	errs(t, service("nginx"), HaveProperty("MainPID", 3), "want a string or a matcher, not int")
	errs(t, service("ngin*"), BeRunning(), "never a pattern")
	errs(t, service("nginx").Under("upstart"), BeRunning(), "there is no init system")
}

func TestServiceMatchersWithoutSystemd(t *testing.T) {
	a := askerFor(t, rig.StartMachine(t, rig.WithoutSystemd()).URI("root"))
	for _, name := range []string{"sshd", "nope"} {
		s := resource.NewService(a, name)
		for _, m := range []interface {
			Match(any) (bool, error)
			FailureMessage(any) string
			NegatedFailureMessage(any) string
		}{BeInstalled(), BeEnabled(), BeRunning(), BeMasked(), HaveProperty("User", "")} {
			errs(t, s, m, "could not tell", `no init system runs here: PID 1 is "sshd"`)
		}
	}
}

func TestServiceMatchersUnderRunit(t *testing.T) {
	m := rig.StartMachine(t, rig.WithInit("runit"))
	m.Exec(t, `for s in web off; do mkdir /etc/sv/$s; printf '#!/bin/sh\nexec sleep 1000001\n' >/etc/sv/$s/run; chmod 755 /etc/sv/$s/run; done
ln -s /etc/sv/web /etc/service/; ln -s ../init.d/cron /etc/rc3.d/S44cron`)
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name) }
	NewWithT(t).Eventually(service("web")).WithTimeout(10 * time.Minute).WithPolling(200 * time.Millisecond).Should(BeRunning())
	holds(t, service("web"), BeInstalled(), `Service "web" should not be installed`, "found    enabled (runit)", "asked    sv status web")
	holds(t, service("web"), BeEnabled(), "should not be enabled", "found    enabled (runit): it is in /etc/service")
	holds(t, service("web"), BeRunning(), "should not be running", "found    running (runit): run (pid ")
	fails(t, service("off"), BeEnabled(), "should be enabled", "found    disabled (runit): it is not in /etc/service")
	fails(t, service("off"), BeRunning(), "should be running", "found    stopped (runit)")
	errs(t, service("web"), BeMasked(), "could not tell", "runit masks nothing")
	errs(t, service("web"), HaveProperty("User", "x"), "could not tell", "runit knows no properties")
	errs(t, service("web"), BeEnabled().WithLevel(3), "could not tell", "run level 3 means nothing here")
	errs(t, resource.NewService(askerFor(t, m.URI("deploy")), "web"), BeRunning(), "could not tell", "access denied")

	cron := service("cron").Under("sysvinit")
	holds(t, cron, BeInstalled(), "should not be installed")
	holds(t, cron, BeEnabled().WithLevel(3), "should not be enabled at run level 3", "found    enabled (sysvinit): run levels")
	fails(t, cron, BeEnabled().WithLevel(6), "should be enabled at run level 6")
	fails(t, service("corn").Under("sysvinit"), BeEnabled().WithLevel(3), "no such service (sysvinit)", "near     cron")
	errs(t, cron, BeMasked(), "sysvinit masks nothing")
	errs(t, service("cron").Under("supervisor"), BeRunning(), "could not tell", "supervisorctl: not found")
	errs(t, service("cron").Under("s6"), BeRunning(), "could not tell", "no s6-svscan is found")
}

// Others call a runit service enabled that does not exist.
func TestField_RunitServiceThatDoesNotExist(t *testing.T) {
	a := askerFor(t, rig.StartMachine(t, rig.WithInit("runit")).URI("root"))
	ssh, nope := resource.NewService(a, "ssh"), resource.NewService(a, "shh")
	holds(t, ssh, BeEnabled())
	for _, m := range []types.GomegaMatcher{BeInstalled(), BeEnabled(), BeRunning()} {
		fails(t, nope, m, "found    no such service (runit)", "near     ssh")
	}
}

func TestPackageMatchers(t *testing.T) {
	a := askerFor(t, rig.SharedMachine(t).URI("root"))
	pkg := func(name string) *resource.Package { return resource.NewPackage(a, name) }
	nginx := pkg("nginx-light")

	holds(t, nginx, BeInstalled(), `Package "nginx-light" should not be installed`, "(dpkg)", "asked    dpkg-query -W")
	fails(t, pkg("nginx-ligth"), BeInstalled(), "found    not installed", "near     nginx-light")
	fails(t, pkg("logrotate"), BeInstalled(), `its status is "deinstall ok config-files"`)
	holds(t, nginx, BeInstalled().WithVersion(">= 1.10, < 9"), "should not be installed with version >= 1.10, < 9")
	fails(t, nginx, BeInstalled().WithVersion("< 1.10"), "should be installed with version < 1.10", "found    1.")
	fails(t, pkg("nope"), BeInstalled().WithVersion(">= 1"), "not installed")
	errs(t, nginx, BeInstalled().WithVersion(""), "cannot be read as a version")
	errs(t, nginx, BeInstalled().WithVersion("newest"), "cannot be read as a version")

	holds(t, nginx, HaveVersion("1.*"), "should not have version 1.*")
	holds(t, nginx, HaveVersion(HavePrefix("1.")))
	fails(t, nginx, HaveVersion("1"), "should have version 1")
	fails(t, nginx, HaveVersion(HaveSuffix("nope")), "should have version with suffix")
	errs(t, pkg("nope"), HaveVersion("1"), `Package "nope": it does not exist`)
	errs(t, pkg("nope"), HaveVersion(HavePrefix("1")), `Package "nope": it does not exist`)
	errs(t, nginx, HaveVersion(1.22), "HaveVersion: want a string or a matcher, not float64")
	errs(t, pkg(""), BeInstalled(), "the name is empty")
}

// Debian wants the whole version where rpm takes its beginning, elsewhere.
func TestField_VersionIsNoPrefix(t *testing.T) {
	a := askerFor(t, rig.SharedMachine(t).URI("root"))
	fails(t, resource.NewPackage(a, "nginx-light"), BeInstalled().WithVersion("1.2"))
	fails(t, resource.NewPackage(a, "nginx-light"), BeInstalled().WithVersion("1.22"))
}

func TestPortMatchers(t *testing.T) {
	m := rig.SharedMachine(t)
	root, deploy := askerFor(t, m.URI("root")), askerFor(t, m.URI("deploy"))
	port := func(n int) *resource.Port { return resource.NewPort(root, n) }

	holds(t, port(80), BeListening(), "Port 80 should not be listening", "found    tcp 0.0.0.0:80 nginx")
	fails(t, port(81), BeListening(), "Port 81 should be listening", "found    not listening", "tcp listeners: 22 sshd, 80 nginx")
	holds(t, port(80), BeListening().WithProtocol("tcp").OnAddress("0.0.0.0").ByProcess("nginx"), "should not be listening with protocol tcp on 0.0.0.0 by process nginx")
	fails(t, port(80), BeListening().WithProtocol("udp"), "should be listening with protocol udp", "found    tcp 0.0.0.0:80 nginx")
	fails(t, port(80), BeListening().OnAddress("127.0.0.1"), "on 127.0.0.1")
	fails(t, port(80), BeListening().ByProcess("apache2"), "by process apache2")
	errs(t, resource.NewPort(deploy, 80), BeListening().ByProcess("nginx"), "could not tell", "because  the process that holds the socket is not to be seen", "ask as root")
	errs(t, port(80), BeListening().WithProtocol("tpc"), `WithProtocol("tpc"): want one of tcp, udp, tcp6, udp6`)
	errs(t, port(80), BeListening().OnAddress("localhost"), "want an IP address")
	errs(t, port(80), BeListening().ByProcess(""), "the name is empty")
	errs(t, port(0), BeListening(), "0 is not a port")

	one := BeListening().WithProtocol("tcp")
	one.OnAddress("127.0.0.1")
	holds(t, port(80), one)
}

func TestUnixSocketMatchers(t *testing.T) {
	m := rig.SharedMachine(t)
	root := askerFor(t, m.URI("root"))
	holds(t, resource.NewUnixSocket(root, "/run/dbus/system_bus_socket"), BeListening(), `UnixSocket "/run/dbus/system_bus_socket" should not be listening`, "found    listening (stream)")
	holds(t, resource.NewUnixSocket(root, "/var/run/dbus/system_bus_socket"), BeListening())
	fails(t, resource.NewUnixSocket(root, "/run/nope"), BeListening(), "found    no such file")
	fails(t, resource.NewUnixSocket(root, "/etc/passwd"), BeListening(), "found    not a socket")
	errs(t, resource.NewUnixSocket(root, "nope"), BeListening(), "not an absolute path")
	errs(t, resource.NewUnixSocket(root, "/run/dbus/system_bus_socket"), BeListening().WithProtocol("tcp"), "BeListening needs a subject with the method ListeningWith")
}

func TestProcessMatchers(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	process := func(name string) *resource.Process { return resource.NewProcess(a, name) }

	holds(t, process("nginx"), BeRunning(), `Process "nginx" should not be running`, "processes")
	fails(t, process("ngnix"), BeRunning(), "found    no such process", "near     nginx")
	holds(t, process("ngnix"), HaveCount(0), "should not have count 0", "no such process")
	holds(t, process("cron"), HaveCount(1))
	holds(t, process("nginx"), HaveCount(BeNumerically(">", 1)))
	fails(t, process("cron"), HaveCount(2), "should have count 2", "found    1 process, ")
	errs(t, process("cron"), HaveCount("1"), "HaveCount: want a int or a matcher, not string")
	holds(t, process("sleep"), HaveArguments("1000001"), `should not have arguments containing "1000001"`)
	holds(t, process("sleep"), HaveArguments(HaveSuffix(" 1000002")))
	fails(t, process("sleep"), HaveArguments("1000003"), "should have arguments", "/bin/sleep 1000001")
	errs(t, process("nope"), HaveArguments("x"), `Process "nope": it does not exist`)
	errs(t, process("sleep"), HaveArguments(3), "want a string or a matcher, not int")
	holds(t, process("sleep"), BeOwnedBy("deploy"), "should not be owned by deploy")
	holds(t, process("cron"), BeOwnedBy(0))
	fails(t, process("nginx"), BeOwnedBy("root"), "should be owned by root", "www-data: nginx: worker process")
	errs(t, process("nope"), BeOwnedBy("root"), `Process "nope": it does not exist`)
	errs(t, process("cron"), BeOwnedBy(""), "the name is empty")
	errs(t, process("cron"), BeOwnedBy(-1), "is not a valid number of a user or group")
	errs(t, process("cron"), BeOwnedBy(1.5), "want a name or a number, not float64")
	errs(t, process("/usr/sbin/cron"), BeRunning(), "is a path")
}

// vault is a resource of somebody else.
type vault struct{ err error }

func (v vault) Running() (bool, error)              { return v.err == nil, v.err }
func (v vault) Count() (int, error)                 { return 2, v.err }
func (v vault) Property(key string) (string, error) { return key, v.err }

func TestMatchersServeWhateverHasTheMethod(t *testing.T) {
	holds(t, vault{}, BeRunning(), "matchers_test.vault should not be running")
	holds(t, vault{}, HaveCount(2))
	fails(t, vault{}, HaveProperty("a", "b"))
	errs(t, vault{errors.New("sealed")}, BeRunning(), "sealed")
	errs(t, vault{}, BeEnabled(), "BeEnabled needs a subject with the method Enabled() (bool, error), and matchers_test.vault")
	errs(t, "nginx", BeInstalled(), "BeInstalled needs a subject")
	errs(t, nil, BeListening(), "BeListening needs a subject")
}

func TestMonitoredBy(t *testing.T) {
	m := rig.StartMachine(t)
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name) }
	errs(t, service("cron"), BeMonitoredBy("monit"), "could not tell", "monit cannot be asked", "daemon is not running")
	m.WriteFile(t, "/etc/monit/monitrc", []byte("set daemon 1\nset logfile /var/log/monit.log\nset httpd unixsocket /run/monit.sock\n  allow user:pass\n"+
		"check process cron matching \"cron\"\ncheck process paused with pidfile /run/nope.pid\n"), 0o600)
	m.Exec(t, "monit; for i in $(seq 300); do monit -B status paused | grep -q 'status  *Monitored' && break; sleep 1; done; monit unmonitor paused;"+
		" for i in $(seq 300); do monit -B status paused | grep -q 'Not monitored' && break; sleep 1; done")
	holds(t, service("cron"), BeMonitoredBy("monit"), "should not be monitored by monit", `found    Monitored, its status is "OK"`)
	fails(t, service("paused"), BeMonitoredBy("monit"), "found    Not monitored")
	fails(t, service("corn"), BeMonitoredBy("monit"), "found    monit knows no such service", "near     cron")
	errs(t, service("cron"), BeMonitoredBy("mont"), `there is no monitor "mont"; did you mean "monit"?`)
	errs(t, resource.NewService(askerFor(t, m.URI("deploy")), "cron"), BeMonitoredBy("monit"), "could not tell")
	m.Exec(t, "rm /usr/bin/monit")
	errs(t, service("cron"), BeMonitoredBy("monit"), "could not tell", "monit: not found")
}
