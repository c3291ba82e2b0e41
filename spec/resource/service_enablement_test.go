package resource_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

const simpleUnit = "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n"

// TestServiceEnablementIsWhatTheDiskSays changes what is enabled behind systemd's back,
// which remembers what it was once asked for.
func TestServiceEnablementIsWhatTheDiskSays(t *testing.T) {
	m := rig.StartMachine(t)
	for name, text := range map[string]string{
		"plain.service": simpleUnit, "gone.service": simpleUnit, "hidden.service": simpleUnit, "many@.service": simpleUnit,
		"named.service":  simpleUnit + "Alias=other.service\n",
		"waits.service":  "[Service]\nExecStart=/bin/sleep 1000\n",
		"waits.socket":   "[Socket]\nListenStream=/run/waits\n[Install]\nWantedBy=sockets.target\n",
		"lazy.service":   "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nAlso=waits.socket\n",
		"broken.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=/not/a/unit\n",
	} {
		m.WriteFile(t, "/etc/systemd/system/"+name, []byte(text), 0o644)
	}
	m.WriteFile(t, "/opt/elsewhere.service", []byte(simpleUnit), 0o644)
	m.WriteFile(t, "/etc/init.d/oldone", []byte("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: oldone\n# Required-Start:\n# Required-Stop:\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n"), 0o755)
	m.Exec(t, `cd /etc/systemd/system; ln -s ../init.d/oldone /etc/rc3.d/S01oldone; systemctl daemon-reload; systemctl link /opt/elsewhere.service
systemctl enable plain gone many@a named waits.socket; systemctl start waits.socket named gone`)
	a := epochAsker{askerFor(t, m.URI("root")), 1}
	service := func(name string) *resource.Service { return resource.NewService(a, name) }
	g := NewWithT(t)
	on := []string{"plain", "many@a", "named", "other", "waits.socket", "oldone"}
	off := []string{"elsewhere", "waits", "lazy", "many@b", "many@", "hidden", "nosuch"}
	a.askEnabled(t, append(off, on...))
	for _, name := range on {
		g.Expect(service(name).Enabled()).To(BeTrue(), name)
	}
	for _, name := range off {
		g.Expect(service(name).Enabled()).To(BeFalse(), name)
	}
	waits := service("waits")
	g.Expect(waits.Enabled()).To(BeFalse())
	g.Expect(waits.Explain("Enabled").Near).To(Equal("waits.socket (enabled) starts it when needed"))

	m.Exec(t, `cd /etc/systemd/system; systemctl --no-reload disable plain many@a waits.socket; systemctl --no-reload enable hidden many@b; rm other.service multi-user.target.wants/named.service gone.service
rm /etc/rc3.d/S01oldone`)
	a.epoch++
	on, off = []string{"hidden", "many@b"}, append(on, "gone")
	a.askEnabled(t, append(off, on...))
	for _, name := range on {
		g.Expect(service(name).Enabled()).To(BeTrue(), name)
	}
	for _, name := range off {
		g.Expect(service(name).Enabled()).To(BeFalse(), name)
	}
	plain := service("plain")
	g.Expect(plain.Enabled()).To(BeFalse())
	g.Expect(plain.Explain("Enabled").Found).To(Equal(`disabled; systemd remembers "enabled" until it is told to reload`))

	// Whatever its state, a unit is answered as systemctl is-enabled does, also where
	// others are not there.
	m.Exec(t, `cd /etc/systemd/system; ln -sf /dev/null plain.service`)
	names := strings.Fields(m.Exec(t, "systemctl list-unit-files --no-legend --plain --full 'rig*' 'ssh*' 'dbus*' 'getty*' 'nginx*' 'many*' 'plain*' 'elsewhere*' 'waits*' '-.mount' | sed 's/ .*//'"))
	names = append([]string{"nosuch-1.service"}, append(names, "nosuch-2.service", "many@b.service")...)
	a.epoch++
	a.askEnabled(t, names)
	g.Expect(service("plain.service").Masked()).To(BeTrue(), "the disk says so")
	g.Expect(service("plain.service").Installed()).To(BeTrue())
	want := m.Exec(t, "for u in "+strings.Join(names, " ")+`; do printf '%s %s\n' $u "$(systemctl is-enabled -- $u 2>/dev/null)"; done`)
	for line := range strings.Lines(want) {
		name, state, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		s := service(name)
		got, err := s.Enabled()
		switch state {
		case "alias": // told of the unit that it stands for
			g.Expect(err).NotTo(HaveOccurred(), name)
		case "generated":
			g.Expect(s.Explain("Enabled").Found).To(HavePrefix("generated"), name)
		case "bad":
			g.Expect(err).To(HaveOccurred(), name)
		default:
			g.Expect(err).NotTo(HaveOccurred(), name)
			g.Expect(got).To(Equal(state == "enabled" || state == "enabled-runtime"), "%s is %q", name, state)
		}
	}
}

// epochAsker keeps answers until its epoch is another.
type epochAsker struct {
	testAsker
	epoch int64
}

func (a epochAsker) View() (context.Context, target.View, error) {
	return a.ctx, target.View{Target: a.target, Epoch: a.epoch}, nil
}

// askEnabled asks about many units in one exchange; there are two questions in it
// where some are templates.
func (a epochAsker) askEnabled(t *testing.T, names []string) {
	t.Helper()
	if _, err := a.target.System(a.ctx); err != nil {
		t.Fatal(err)
	}
	p := planAsker{a.testAsker, &target.Plan{}, a.epoch}
	for _, name := range names {
		if _, err := resource.NewService(p, name).Enabled(); !errors.Is(err, target.ErrPlanned) {
			t.Fatal(err)
		}
	}
	before := a.target.Stats().Exchanges
	if err := a.target.Fetch(a.ctx, target.Identity{}, p.plan.Wants, a.epoch); err != nil {
		t.Fatal(err)
	}
	if n := a.target.Stats().Exchanges - before; n != 1 {
		t.Errorf("%d exchanges", n)
	}
}

// TestServiceHintsCostNoAnswer has systemctl hang where it lists what may be near.
func TestServiceHintsCostNoAnswer(t *testing.T) {
	m := rig.SharedMachine(t)
	m.WriteFile(t, "/usr/local/bin/systemctl", []byte("#!/bin/sh\ncase $* in *list-unit-files*) exec sleep 1000;; esac\nexec /bin/systemctl \"$@\"\n"), 0o755)
	defer m.Exec(t, "rm /usr/local/bin/systemctl")
	g, a := NewWithT(t), askerFor(t, m.URI("root"))
	s := resource.NewService(a, "ngnix")
	g.Expect(s.Enabled()).To(BeFalse())
	g.Expect(s.Explain("Enabled").Found).To(Equal("no such unit"))
	g.Expect(s.Explain("Enabled").Near).To(BeEmpty())
	g.Expect(resource.NewService(a, "nginx").Running()).To(BeTrue(), "the shell is asked again")
}
