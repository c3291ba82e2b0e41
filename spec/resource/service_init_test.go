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
	"github.com/hostspec/hostspec/spec/target"
)

// serviceCase is what a service should answer: yes, no, or why it could not be told.
type serviceCase struct {
	name                        string
	installed, enabled, running bool
	file, state                 string // how Found begins for Enabled and Running
	noEnabled, noRunning        string // why it could not be told
}

// checkServices asks each question of each case.
func checkServices(t *testing.T, cases []serviceCase, service func(name string) *resource.Service) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			s := service(c.name)
			for _, q := range []struct {
				question     string
				ask          func() (bool, error)
				want         bool
				found, cause string
			}{
				{"Installed", s.Installed, c.installed, "", ""},
				{"Enabled", s.Enabled, c.enabled, c.file, c.noEnabled},
				{"Running", s.Running, c.running, c.state, c.noRunning},
			} {
				got, err := q.ask()
				if q.cause != "" {
					var unknown *evidence.Unknown
					g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%s: %v, %v", q.question, got, err)
					g.Expect(err).To(MatchError(ContainSubstring(q.cause)), q.question)
					continue
				}
				g.Expect(err).NotTo(HaveOccurred(), q.question)
				g.Expect(got).To(Equal(q.want), "%s: %s", q.question, s.Explain(q.question).Found)
				g.Expect(s.Explain(q.question).Found).To(HavePrefix(q.found), q.question)
			}
		})
	}
}

// awaitRunning waits for a service that is being started.
func awaitRunning(t *testing.T, s *resource.Service) {
	t.Helper()
	NewWithT(t).Eventually(s.Running).WithTimeout(10 * time.Minute).WithPolling(200 * time.Millisecond).Should(BeTrue())
}

// refusesPatterns wants a service whose name none can have to be refused.
func refusesPatterns(t *testing.T, s *resource.Service) {
	t.Helper()
	g := NewWithT(t)
	for _, ask := range []func() (bool, error){s.Installed, s.Enabled, s.Running} {
		_, err := ask()
		g.Expect(err).To(MatchError(ContainSubstring("cannot stand in one")))
		g.Expect(errors.As(err, new(*evidence.Mistake))).To(BeTrue())
	}
}

func TestServiceUnderSysvinit(t *testing.T) {
	m := rig.StartMachine(t, rig.WithInit("sysvinit"))
	m.Exec(t, `printf '#!/bin/sh\ncase $1 in start) ;; *) echo "Usage: $0 {start|stop}"; exit 3;; esac\n' >/etc/init.d/mute
printf '#!/bin/sh\ntouch /tmp/was-run\n' >/etc/init.d/deaf
printf '#!/bin/sh\n[ "$1" = status ] && exit 4\n' >/etc/init.d/unsure
printf '#!/bin/sh\n# status\n' >/etc/init.d/plain
printf '#!/bin/sh\n[ "$1" = status ] && exit 3\n' >/etc/init.d/off
chmod 755 /etc/init.d/mute /etc/init.d/deaf /etc/init.d/unsure /etc/init.d/off
ln -s ../init.d/off /etc/rc3.d/S01off; ln -s ../init.d/off /etc/rc6.d/K01off; ln -s ../init.d/offline /etc/rc2.d/S01offline; ln -s ../init.d/deaf /etc/rc0.d/S01deaf`)
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name) }
	awaitRunning(t, service("cron"))
	awaitRunning(t, service("nginx"))
	m.Exec(t, `kill -9 $(cat /run/nginx.pid)`)
	checkServices(t, []serviceCase{
		{name: "cron", installed: true, enabled: true, running: true, file: "enabled (sysvinit): run levels 2 3 4 5 start it", state: "running (sysvinit): cron is running."},
		{name: "nginx", installed: true, enabled: true, running: false, file: "enabled (sysvinit)", state: "stopped (sysvinit): nginx is not running"},
		{name: "monit", installed: true, enabled: false, running: false, file: "disabled (sysvinit): no run level starts it", state: "stopped (sysvinit)"},
		{name: "hostname.sh", installed: true, enabled: true, running: true, file: "enabled (sysvinit): run level S starts it", state: "running (sysvinit)"},
		{name: "off", installed: true, enabled: true, running: false, file: "enabled (sysvinit): run level 3 starts it, and the default is 2", state: "stopped (sysvinit)"},
		{name: "offline", file: "no such service (sysvinit)", state: "no such service (sysvinit)"},
		{name: "ngin", file: "no such service (sysvinit)", state: "no such service (sysvinit)"},
		{name: "mute", installed: true, file: "disabled (sysvinit)", noRunning: "cannot be asked for its status"},
		{name: "deaf", installed: true, file: "disabled (sysvinit): run level 0 starts it", noRunning: "cannot be asked for its status"},
		{name: "unsure", installed: true, file: "disabled", noRunning: "ended with exit 4"},
		{name: "plain", installed: true, file: "disabled", noRunning: "may not be executed"},
		{name: "rc", installed: true, file: "disabled", noRunning: "cannot be asked for its status"},
		{name: "hwclock.sh", installed: true, enabled: true, file: "enabled", noRunning: "cannot be asked for its status"},
	}, service)

	g := NewWithT(t)
	_, _, ran := m.TryExec(t, "test -e /tmp/was-run")
	g.Expect(ran).To(Equal(1), "a script without the action status was run")
	g.Expect(service("cron").EnabledAtLevel(3)).To(BeTrue())
	g.Expect(service("off").EnabledAtLevel(3)).To(BeTrue())
	g.Expect(service("off").EnabledAtLevel(2)).To(BeFalse())
	g.Expect(service("off").EnabledAtLevel(6)).To(BeFalse())
	g.Expect(service("nope").EnabledAtLevel(3)).To(BeFalse())
	ngin := service("ngin")
	g.Expect(ngin.Running()).To(BeFalse())
	g.Expect(ngin.Explain("Running").Near).To(ContainSubstring("nginx"))
	_, err := service("cron").Masked()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("sysvinit masks nothing"))))
	_, err = service("cron").Property("User")
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("sysvinit knows no properties"))))
	_, err = service("cron").PID()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("sysvinit knows no PIDs"))))
	var missing *evidence.Missing
	for _, name := range []string{"nope", "off"} {
		_, err = service(name).PID()
		g.Expect(errors.As(err, &missing)).To(BeTrue(), "%s: %v", name, err)
	}
	refusesPatterns(t, service("c*n").Under("sysvinit"))
	g.Expect(service("cron").Under("sysvinit").Running()).To(BeTrue())
	deploy := askerFor(t, m.URI("deploy"))
	g.Expect(resource.NewService(deploy, "cron").Running()).To(BeTrue())
	m.Exec(t, "chmod 700 /etc/init.d/off")
	_, err = resource.NewService(deploy, "off").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("may not be executed"))))
	m.Exec(t, "chmod 700 /etc/init.d")
	_, err = resource.NewService(deploy, "cron").Installed()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("/etc/init.d may not be read"))))
}

func TestServiceUnderOpenrc(t *testing.T) {
	m := rig.StartMachine(t, rig.WithInit("openrc"))
	m.Exec(t, `own() { printf '#!/sbin/openrc-run\n%s\n' "$2" >"/etc/init.d/$1"; chmod 755 "/etc/init.d/$1"; }
own sleeper 'command=/bin/sleep
command_args=1000001
command_background=true
pidfile=/run/sleeper.pid'
own guarded 'supervisor=supervise-daemon
command=/bin/sleep
command_args=1000002'
own lost 'command=/bin/sleep
command_args=1000003
command_background=true
pidfile=/run/lost.pid'
own idle 'command=/bin/sleep'
own halfway 'status() { return 8; }'
mkdir /etc/runlevels/7 /etc/runlevels/3; ln -s /etc/init.d/idle /etc/runlevels/3/idle
rc-update add sleeper boot >/dev/null; rc-update add lost shutdown >/dev/null
for s in sleeper guarded lost; do rc-service $s start >/dev/null || exit; done
kill -9 $(cat /run/lost.pid)`)
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name) }
	awaitRunning(t, service("cron"))
	checkServices(t, []serviceCase{
		{name: "cron", installed: true, enabled: true, running: true, file: "enabled (openrc): default", state: "running (openrc): cron is running."},
		{name: "sleeper", installed: true, enabled: true, running: true, file: "enabled (openrc): boot", state: "running (openrc): status: started"},
		{name: "guarded", installed: true, running: true, file: "disabled (openrc): in no runlevel", state: "running (openrc): status: started"},
		{name: "lost", installed: true, file: "disabled (openrc): shutdown", state: "crashed (openrc)"},
		{name: "idle", installed: true, file: "disabled (openrc): 3", state: "stopped (openrc): status: stopped"},
		{name: "halfway", installed: true, file: "disabled", state: "starting (openrc)"},
		{name: "monit", installed: true, file: "disabled", state: "stopped (openrc)"},
		{name: "hwclock.sh", installed: true, enabled: true, file: "enabled (openrc): sysinit", noRunning: "cannot be asked for its status"},
		{name: "sleepr", file: "no such service (openrc)", state: "no such service (openrc)"},
	}, service)

	g := NewWithT(t)
	g.Expect(service("idle").EnabledAtLevel(3)).To(BeTrue())
	g.Expect(service("cron").EnabledAtLevel(3)).To(BeFalse())
	_, err := service("cron").EnabledAtLevel(5)
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("there is no run level 5 here: openrc has 3, 7, boot, default"))))
	sleepr := service("sleepr")
	g.Expect(sleepr.Running()).To(BeFalse())
	g.Expect(sleepr.Explain("Running").Near).To(Equal("sleeper"))
	for name, args := range map[string]string{"sleeper": "1000001", "guarded": "1000002"} {
		pid, err := service(name).PID()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(m.Exec(t, "ps -o args= -p "+strconv.Itoa(pid))).To(ContainSubstring(args))
	}
	_, err = service("cron").PID()
	g.Expect(err).To(MatchError(ContainSubstring("OpenRC has noted no PID")))
	_, err = service("cron").Masked()
	g.Expect(err).To(MatchError(ContainSubstring("openrc masks nothing")))
	_, err = service("cron").Property("User")
	g.Expect(err).To(MatchError(ContainSubstring("openrc knows no properties")))
	refusesPatterns(t, service("c*n").Under("openrc"))
	g.Expect(resource.NewService(askerFor(t, m.URI("deploy")), "sleeper").Running()).To(BeTrue())
	m.Exec(t, "mv /run/openrc/softlevel /run/openrc/softlevel.away")
	_, err = service("cron").Under("openrc").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("OpenRC has not booted this system"))))
	m.Exec(t, "mv /run/openrc/softlevel.away /run/openrc/softlevel; mv /sbin/rc-service /sbin/rc-service.away")
	_, err = service("cron").Enabled()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("rc-service: not found"))))
}

func TestServiceUnderRunit(t *testing.T) {
	m := rig.StartMachine(t, rig.WithInit("runit"))
	m.Exec(t, `make() { mkdir -p /etc/sv/$1; printf '#!/bin/sh\n%s\n' "$2" >/etc/sv/$1/run; chmod 755 /etc/sv/$1/run; }
for s in sleeper held paused unlinked new; do make $s "exec sleep 1000001"; done; make broken "exit 1"; touch /etc/sv/held/down
ln -s /etc/sv/sleeper /etc/sv/held /etc/sv/broken /etc/sv/paused /etc/service/`)
	a := askerFor(t, m.URI("root"))
	service := func(name string) *resource.Service { return resource.NewService(a, name) }
	for _, name := range []string{"sleeper", "paused"} {
		awaitRunning(t, service(name))
	}
	m.Exec(t, "sv pause paused")
	checkServices(t, []serviceCase{
		{name: "sleeper", installed: true, enabled: true, running: true, file: "enabled (runit): it is in /etc/service", state: "running (runit): run (pid "},
		{name: "paused", installed: true, enabled: true, running: true, file: "enabled", state: "running (runit): run (pid "},
		{name: "held", installed: true, file: "disabled (runit): there is /etc/service/held/down", state: "stopped (runit): down "},
		{name: "broken", installed: true, enabled: true, file: "enabled", state: "stopped (runit): "},
		{name: "unlinked", installed: true, file: "disabled (runit): it is not in /etc/service", state: "stopped (runit): it is not in /etc/service"},
		{name: "sleepr", file: "no such service (runit)", state: "no such service (runit)"},
		{name: "getty-tty2", installed: true, file: "disabled", state: "stopped"},
	}, service)
	g := NewWithT(t)
	pid, err := service("sleeper").PID()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(m.Exec(t, "ps -o args= -p "+strconv.Itoa(pid))).To(Equal("sleep 1000001\n"))
	var missing *evidence.Missing
	_, err = service("held").PID()
	g.Expect(errors.As(err, &missing)).To(BeTrue(), "%v", err)
	sleepr := service("sleepr")
	g.Expect(sleepr.Enabled()).To(BeFalse())
	g.Expect(sleepr.Explain("Enabled").Near).To(Equal("sleeper"))
	_, err = service("sleeper").EnabledAtLevel(3)
	g.Expect(err).To(MatchError(And(ContainSubstring("run level 3 means nothing here"), ContainSubstring("runit has none"))))
	_, err = service("sleeper").Masked()
	g.Expect(err).To(MatchError(ContainSubstring("runit masks nothing")))
	refusesPatterns(t, service("s*r").Under("runit"))
	refusesPatterns(t, service("a/../b").Under("runit"))

	deploy := resource.NewService(askerFor(t, m.URI("deploy")), "sleeper")
	g.Expect(deploy.Enabled()).To(BeTrue())
	_, err = deploy.Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("unable to open supervise/ok: access denied"))))
	m.Exec(t, "chmod 700 /etc/sv/sleeper")
	_, err = deploy.Enabled()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("may not be looked into"))))
	m.Exec(t, "kill -STOP $(pidof runsvdir); ln -s /etc/sv/new /etc/service/")
	_, err = service("new").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("unable to open supervise/ok: file does not exist"))))
	g.Expect(service("new").Enabled()).To(BeTrue())
	m.Exec(t, "mv /usr/bin/sv /usr/bin/sv.away")
	_, err = service("held").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("sv: not found"))))
	g.Expect(service("nope").Running()).To(BeFalse())
}

// Services of each init system are one exchange, whatever shell answers.
func TestManyServicesAreOneExchange(t *testing.T) {
	m := rig.StartMachine(t, rig.WithInit("runit"))
	m.Exec(t, `mkdir /etc/sv/sleeper; printf '#!/bin/bash\nexec sleep 1000001\n' >/etc/sv/sleeper/run; chmod 755 /etc/sv/sleeper/run; ln -s /etc/sv/sleeper /etc/service/
for s in on off; do printf '#!/bin/bash\n[ "$1" = status ] || exit 2; echo "%s  x"; exit %d\n' $s $([ $s = on ] && echo 0 || echo 3) >/etc/init.d/$s; chmod 755 /etc/init.d/$s; done
ln -s ../init.d/on /etc/rc2.d/S20on`)
	awaitRunning(t, resource.NewService(askerFor(t, m.URI("root")), "sleeper"))
	for _, shell := range []string{"dash", "bash", "busybox", "mksh", "ksh93"} {
		t.Run(shell, func(t *testing.T) {
			g := NewWithT(t)
			m.Exec(t, `ln -sfn "$(command -v `+shell+`)" /bin/sh`)
			a := batchAsker{askerFor(t, m.URI("root")), &target.Plan{}, new(bool)}
			sleeper, held, gone := resource.NewService(a, "sleeper"), resource.NewService(a, "getty-tty3"), resource.NewService(a, "it's gone")
			on, off, gone2 := resource.NewService(a, "on").Under("sysvinit"), resource.NewService(a, "off").Under("sysvinit"), resource.NewService(a, "gone").Under("sysvinit")
			checks := []struct {
				ask  func() (bool, error)
				want bool
			}{
				{sleeper.Running, true}, {sleeper.Enabled, true}, {held.Running, false}, {held.Installed, true}, {held.Enabled, false},
				{gone.Under("runit").Installed, false}, {resource.NewService(a, "gone").Running, false},
				{on.Running, true}, {on.Enabled, true}, {off.Running, false}, {off.Installed, true}, {off.Enabled, false}, {gone2.Installed, false}, {gone2.Running, false},
			}
			for _, c := range checks {
				_, err := c.ask()
				g.Expect(errors.Is(err, target.ErrPlanned)).To(BeTrue(), "%v", err)
			}
			g.Expect(a.target.Fetch(a.ctx, target.Identity{}, a.plan.Wants, 1)).To(Succeed())
			*a.done = true
			for i, c := range checks {
				got, err := c.ask()
				g.Expect(err).NotTo(HaveOccurred(), "check %d", i)
				g.Expect(got).To(Equal(c.want), "check %d", i)
			}
			g.Expect(on.Explain("Running").Found).To(Equal("running (sysvinit): on  x"))
			g.Expect(a.target.Stats().Exchanges).To(Equal(2), "the greeting, and all of these")
		})
	}
}
