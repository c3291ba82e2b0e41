package resource_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
)

// programs is a configuration of supervisor with programs in every state. The command
// of web is its own, so that no other process passes for it.
const programs = `
[program:web]
command=/bin/sleep 1000002
[program:manual]
command=/bin/sleep 1000001
autostart=false
[program:bad]
command=/bin/false
startretries=0
[program:worker]
command=/bin/sleep 1000001
process_name=%(program_name)s_%(process_num)02d
numprocs=2
`

var supervisedPrograms = []serviceCase{
	{name: "web", installed: true, enabled: true, running: true, file: "enabled (supervisor): autostart=true", state: "running (supervisor): RUNNING pid "},
	{name: "manual", installed: true, file: "disabled (supervisor): autostart=false", state: "stopped (supervisor): STOPPED Not started"},
	{name: "bad", installed: true, enabled: true, file: "enabled", state: "stopped (supervisor): FATAL "},
	{name: "worker:worker_01", installed: true, enabled: true, running: true, file: "enabled", state: "running"},
	{name: "worker", file: "no such service (supervisor)", state: "no such service (supervisor)"},
	{name: "wep", file: "no such service (supervisor)", state: "no such service (supervisor)"},
}

// awaitPrograms waits until supervisor has started, or given up, what it is to start.
func awaitPrograms(t *testing.T, m *rig.Machine, config string) {
	t.Helper()
	NewWithT(t).Eventually(func() string { return m.Exec(t, "supervisorctl -c '"+config+"' status || :") }).
		WithTimeout(10 * time.Minute).WithPolling(500 * time.Millisecond).Should(And(ContainSubstring("FATAL"), Not(ContainSubstring("STARTING"))))
}

func TestServiceUnderSupervisor(t *testing.T) {
	m := rig.StartMachine(t, rig.WithFirst("sleep", "infinity"))
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name).Under("supervisor") }
	g := NewWithT(t)
	for _, ask := range []func() (bool, error){service("web").Installed, service("web").Enabled, service("web").Running} {
		_, err := ask()
		g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("unix:///var/run/supervisor.sock no such file"))))
	}
	m.WriteFile(t, "/etc/supervisor/conf.d/rig.conf", []byte(programs), 0o644)
	m.Exec(t, "supervisord 2>/dev/null")
	awaitPrograms(t, m, "/etc/supervisor/supervisord.conf")
	once := onceAsker{a}
	checkServices(t, supervisedPrograms, func(name string) *resource.Service { return resource.NewService(once, name).Under("supervisor") })

	pid, err := service("web").PID()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(m.Exec(t, "ps -o args= -p "+strconv.Itoa(pid))).To(Equal("/bin/sleep 1000002\n"))
	// What people go on with where it should not run is the PID.
	web := service("web")
	g.Expect(web.Running()).To(BeTrue())
	g.Expect(web.Explain("Running").Found).To(HavePrefix("running (supervisor): RUNNING pid " + strconv.Itoa(pid) + ", uptime "))
	var missing *evidence.Missing
	for _, name := range []string{"bad", "nope"} {
		_, err = service(name).PID()
		g.Expect(errors.As(err, &missing)).To(BeTrue(), "%s: %v", name, err)
	}
	worker := service("worker_01")
	g.Expect(worker.Running()).To(BeFalse())
	g.Expect(worker.Explain("Running").Near).To(ContainSubstring("worker:worker_01"))
	_, err = service("web").Masked()
	g.Expect(err).To(MatchError(ContainSubstring("supervisor masks nothing")))
	_, err = service("web").Property("User")
	g.Expect(err).To(MatchError(ContainSubstring("supervisor knows no properties")))
	_, err = service("web").EnabledAtLevel(3)
	g.Expect(err).To(MatchError(ContainSubstring("supervisor has none")))
	refusesPatterns(t, service("worker:*"))

	_, err = resource.NewService(askerFor(t, m.URI("deploy")), "web").Under("supervisor").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("supervisorctl says: error"))))
	m.Exec(t, "mv /usr/bin/supervisorctl /usr/bin/supervisorctl.away")
	_, err = service("nope").Installed()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("supervisorctl: not found"))))
}

// In a container, PID 1 may be a supervisor, with a configuration of its own.
func TestServiceOfSupervisorAsPID1(t *testing.T) {
	const start = `sed 's,^files.*,files = /srv/conf.d/*.conf,; s,/var/run/supervisor.sock,/run/other.sock,' /etc/supervisor/supervisord.conf >"/srv/my super.conf"
mkdir -p /srv/conf.d; printf '%s' "$0" >/srv/conf.d/rig.conf; exec supervisord -n -c "/srv/my super.conf"`
	m := rig.StartMachine(t, rig.WithFirst("sh", "-c", start, programs))
	once := onceAsker{askerFor(t, m.URI("root"))}
	awaitPrograms(t, m, "/srv/my super.conf")
	checkServices(t, supervisedPrograms, func(name string) *resource.Service { return resource.NewService(once, name) })
}

// directories makes service directories of s6, which /run/service has links to: on
// /run nothing may be executed.
const directories = `mkdir -p /run/service /srv/live/servicedirs
for s in web held broken; do mkdir /srv/$s; printf '#!/bin/sh\nexec sleep 1000001\n' >/srv/$s/run; chmod 755 /srv/$s/run; done
touch /srv/held/down; printf '#!/bin/sh\nexit 1\n' >/srv/broken/run; cp -r /srv/held /srv/live/servicedirs/compiled
ln -s /srv/web /srv/held /srv/broken /srv/live/servicedirs/compiled /run/service
`

var s6Services = []serviceCase{
	{name: "web", installed: true, enabled: true, running: true, file: "enabled (s6): it is in /run/service", state: "running (s6): up (pid "},
	{name: "held", installed: true, file: "disabled (s6): there is /run/service/held/down", state: "stopped (s6): down "},
	{name: "broken", installed: true, enabled: true, file: "enabled", state: "stopped (s6): down "},
	{name: "compiled", installed: true, noEnabled: "s6-rc starts this service", state: "stopped (s6): down "},
	{name: "wep", file: "no such service (s6)", state: "no such service (s6)"},
}

func TestServiceUnderS6(t *testing.T) {
	m := rig.StartMachine(t, rig.WithFirst("sleep", "infinity"))
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name).Under("s6") }
	g := NewWithT(t)
	for _, ask := range []func() (bool, error){service("web").Installed, service("web").Enabled, service("web").Running} {
		_, err := ask()
		g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("no s6-svscan is found"))))
	}
	m.Exec(t, directories+"setsid s6-svscan /run/service >/dev/null 2>&1 </dev/null &")
	awaitRunning(t, service("web"))
	g.Eventually(service("held").Running).WithTimeout(10 * time.Minute).WithPolling(200 * time.Millisecond).Should(BeFalse())
	checkServices(t, s6Services, service)
	pid, err := service("web").PID()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(m.Exec(t, "ps -o args= -p "+strconv.Itoa(pid))).To(Equal("sleep 1000001\n"))
	wep := service("wep")
	g.Expect(wep.Installed()).To(BeFalse())
	g.Expect(wep.Explain("Installed").Near).To(Equal("web"))
	_, err = service("web").Masked()
	g.Expect(err).To(MatchError(ContainSubstring("s6 masks nothing")))
	_, err = resource.NewService(askerFor(t, m.URI("deploy")), "web").Under("s6").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("Permission denied"))))
	m.Exec(t, "mkdir /run/service/new")
	_, err = service("new").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("s6-supervise not running"))))
	m.Exec(t, "mv /usr/bin/s6-svstat /usr/bin/s6-svstat.away")
	_, err = service("web").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("s6-svstat: not found"))))
}

func TestServiceOfS6AsPID1(t *testing.T) {
	m := rig.StartMachine(t, rig.WithFirst("sh", "-c", directories+"exec s6-svscan /run/service"))
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name) }
	awaitRunning(t, service("web"))
	NewWithT(t).Eventually(service("broken").Running).WithTimeout(10 * time.Minute).WithPolling(200 * time.Millisecond).Should(BeFalse())
	NewWithT(t).Eventually(service("compiled").Running).WithTimeout(10 * time.Minute).WithPolling(200 * time.Millisecond).Should(BeFalse())
	checkServices(t, s6Services, service)
}

// A process that has the name of a service is none, also where it is the first one.
func TestField_ServiceWhereNoInitRuns(t *testing.T) {
	for first, command := range map[string][]string{
		"sleep": {"sleep", "infinity"},
		"nginx": {"nginx", "-g", "daemon off;"},
	} {
		t.Run(first, func(t *testing.T) {
			g := NewWithT(t)
			m := rig.StartMachine(t, rig.WithFirst(command...))
			for _, user := range []string{"root", "deploy", "in-busybox", "in-mksh", "in-tcsh"} {
				a := askerFor(t, m.URI(user))
				for _, name := range []string{first, "cron", "nope"} {
					s := resource.NewService(a, name)
					for _, ask := range []func() (bool, error){s.Installed, s.Enabled, s.Running, s.Masked} {
						_, err := ask()
						var unknown *evidence.Unknown
						g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
						g.Expect(err).To(MatchError(ContainSubstring(`no init system runs here: PID 1 is "` + first + `"`)))
					}
					_, err := s.PID()
					g.Expect(err).To(MatchError(ContainSubstring("no init system runs here")))
				}
			}
		})
	}
}
