package resource_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/resource"
)

func TestServiceStates(t *testing.T) {
	m := rig.SharedMachine(t)
	a := onceAsker{askerFor(t, m.URI("root"))}
	for _, c := range []struct {
		name                                string
		installed, enabled, running, masked bool
		state, file                         string
	}{
		{"nginx", true, true, true, false, "active (running), PID ", "enabled"},
		{"nginx.service", true, true, true, false, "active (running), PID ", "enabled"},
		{"rig-disabled", true, false, false, false, "inactive (dead)", "disabled"},
		{"rig-static", true, false, false, false, "inactive (dead)", "static: it has no [Install] section"},
		{"rig-failed", true, true, false, false, "failed (failed), result exit-code", "enabled"},
		{"rig-oneshot", true, true, true, false, "rig-oneshot.service: active (exited)", "rig-oneshot.service: enabled"},
		{"rig-alias", true, true, true, false, "rig-oneshot.service: active (exited)", "rig-oneshot.service: enabled"},
		{"rig-worker@1", true, true, true, false, "active (running)", "enabled"},
		{"rig-worker@7", true, false, false, false, "inactive (dead)", "disabled"},
		{"rig-worker@", true, false, false, false, "a template", "indirect (a template)"},
		{"nothing@", false, false, false, false, "no such unit", "no such unit"},
		{"rig-masked", true, false, false, true, "inactive (dead), masked", "masked"},
		{"ngnix", false, false, false, false, "no such unit", "no such unit"},
		{"dbus.socket", true, false, true, false, "active (running)", "static"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			s := resource.NewService(a, c.name)
			for _, q := range []struct {
				question string
				ask      func() (bool, error)
				want     bool
				found    string
			}{
				{"Installed", s.Installed, c.installed, c.file},
				{"Enabled", s.Enabled, c.enabled, c.file},
				{"Running", s.Running, c.running, c.state},
				{"Masked", s.Masked, c.masked, c.file},
			} {
				got, err := q.ask()
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(got).To(Equal(q.want), q.question)
				g.Expect(s.Explain(q.question).Found).To(HavePrefix(q.found), q.question)
			}
		})
	}
}

func TestServiceNearNames(t *testing.T) {
	g := NewWithT(t)
	s := resource.NewService(askerFor(t, rig.SharedMachine(t).URI("root")), "ngnix")
	running, err := s.Running()
	g.Expect(running, err).To(BeFalse())
	g.Expect(s.Explain("Running").Near).To(Equal("nginx.service"))
}

func TestServicePropertyAndPID(t *testing.T) {
	m := rig.SharedMachine(t)
	a := askerFor(t, m.URI("root"))
	g := NewWithT(t)
	worker := resource.NewService(a, "rig-worker@1")
	g.Expect(worker.Property("User")).To(Equal("deploy"))
	g.Expect(worker.Property("Environment")).To(Equal(`"COLOUR=deep blue"`))
	g.Expect(worker.Property("PIDFile")).To(BeEmpty())
	pid, err := worker.PID()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(m.Exec(t, "systemctl show -p MainPID --value rig-worker@1")).To(HavePrefix(strconv.Itoa(pid) + "\n"))

	var missing *evidence.Missing
	_, err = worker.Property("user")
	g.Expect(err).To(MatchError(And(ContainSubstring(`systemd knows no property "user" of this unit`), ContainSubstring("near     User"))))
	for _, name := range []string{"nope", "rig-disabled", "rig-oneshot"} {
		_, err = resource.NewService(a, name).PID()
		g.Expect(errors.As(err, &missing)).To(BeTrue(), "%s: %v", name, err)
	}
	_, err = resource.NewService(a, "nope").Property("User")
	g.Expect(err).To(MatchError(ContainSubstring(`Service "nope": it does not exist`)))
	_, err = resource.NewService(a, "nginx").Property("Use r")
	g.Expect(err).To(MatchError(ContainSubstring(`"Use r" is not a valid property name`)))
	_, err = resource.NewService(a, "rig-worker@").Property("User")
	g.Expect(err).To(MatchError(ContainSubstring("is a template")))
}

func TestServiceValueWithNewlinesIsOneValue(t *testing.T) {
	m := rig.SharedMachine(t)
	t.Cleanup(func() {
		rig.Docker(t, "exec", m.ID, "sh", "-c", "rm /etc/systemd/system/tricky.service; systemctl daemon-reload")
	})
	m.WriteFile(t, "/etc/systemd/system/tricky.service", []byte("[Service]\nExecStart=/bin/sh -c \"echo a\\n\\nMainPID=7\\nUser=evil\"\n"), 0o644)
	m.Exec(t, "systemctl daemon-reload")
	g := NewWithT(t)
	s := resource.NewService(askerFor(t, m.URI("root")), "tricky")
	g.Expect(s.Property("User")).To(BeEmpty())
	g.Expect(s.Property("ExecStart")).To(ContainSubstring("echo a\n\nMainPID=7\nUser=evil"))
	g.Expect(s.Running()).To(BeFalse())
}

func TestServiceGeneratedFromInitScript(t *testing.T) {
	m := rig.SharedMachine(t)
	t.Cleanup(func() {
		rig.Docker(t, "exec", m.ID, "sh", "-c", "rm -f /etc/init.d/oldone /etc/rc?.d/S01oldone; systemctl daemon-reload")
	})
	m.WriteFile(t, "/etc/init.d/oldone", []byte("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: oldone\n# Required-Start:\n# Required-Stop:\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n"), 0o755)
	m.Exec(t, "systemctl daemon-reload")
	g := NewWithT(t)
	s := resource.NewService(askerFor(t, m.URI("root")), "oldone")
	g.Expect(s.Enabled()).To(BeFalse())
	g.Expect(s.Explain("Enabled").Found).To(HavePrefix("generated: "))
	m.Exec(t, "for l in 2 3 4 5; do ln -s ../init.d/oldone /etc/rc$l.d/S01oldone; done; systemctl daemon-reload")
	g.Expect(s.Enabled()).To(BeTrue())
	g.Expect(s.Explain("Enabled").Found).To(ContainSubstring("wanted by "))
}

func TestServiceNamesThatAreRefused(t *testing.T) {
	a := askerFor(t, "local://")
	for name, want := range map[string]string{
		"":                       "the name is empty",
		"my service":             `' ' cannot stand in one`,
		"ngin*":                  `'*' cannot stand in one`,
		"a[bc]":                  `'[' cannot stand in one`,
		"/etc/x":                 "systemd-escape",
		"@x":                     "nothing stands before",
		".service":               "nothing stands before",
		"a\nb":                   `'\n' cannot stand in one`,
		"café":                   `'é' cannot stand in one`,
		strings.Repeat("x", 300): "at most 255 characters",
	} {
		g := NewWithT(t)
		s := resource.NewService(a, name)
		for _, ask := range []func() (bool, error){s.Installed, s.Enabled, s.Running, s.Masked} {
			_, err := ask()
			var mistake *evidence.Mistake
			g.Expect(errors.As(err, &mistake)).To(BeTrue(), "%q: %v", name, err)
			g.Expect(err).To(MatchError(ContainSubstring(want)))
		}
	}
}

func TestServiceUnder(t *testing.T) {
	g := NewWithT(t)
	s := resource.NewService(askerFor(t, rig.SharedMachine(t).URI("root")), "nginx")
	g.Expect(s.Under("systemd").Running()).To(BeTrue())
	_, err := s.Under("runit").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("no directory of runit's is found"))))
	_, err = s.Under("openrc").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("rc-service: not found"))))
	_, err = s.Under("upstart").Running()
	g.Expect(err).To(MatchError(ContainSubstring(`there is no init system "upstart" (supported so far: systemd, openrc, runit, sysvinit, supervisor, s6)`)))
	_, err = s.Under("sytemd").Property("User")
	g.Expect(err).To(MatchError(ContainSubstring(`there is no init system "sytemd"; did you mean "systemd"?`)))
	_, err = s.EnabledAtLevel(3)
	g.Expect(err).To(MatchError(ContainSubstring("levels are those of sysvinit")))
}

// In a container without systemd, others search ps and call a sleep a service.
func TestField_ServiceWithoutSystemd(t *testing.T) {
	m := rig.StartMachine(t, rig.WithoutSystemd())
	a := askerFor(t, m.URI("root"))
	for _, name := range []string{"sshd", "ssh", "nginx", "nope"} {
		g := NewWithT(t)
		s := resource.NewService(a, name)
		for _, ask := range []func() (bool, error){s.Installed, s.Enabled, s.Running, s.Masked} {
			_, err := ask()
			var unknown *evidence.Unknown
			g.Expect(errors.As(err, &unknown)).To(BeTrue(), "%v", err)
			g.Expect(err).To(MatchError(ContainSubstring(`no init system runs here: PID 1 is "sshd"`)))
		}
		_, err := s.Property("User")
		g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring(`no init system runs here: PID 1 is "sshd"`))))
		_, err = s.Under("systemd").Running()
		g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("System has not been booted with systemd"))))
	}
}

func TestField_ServiceToolMissing(t *testing.T) {
	m := rig.SharedMachine(t)
	takeAway(t, m, "/usr/bin/systemctl")
	g := NewWithT(t)
	_, err := resource.NewService(askerFor(t, m.URI("root")), "nginx").Running()
	g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("systemctl"))))
}
