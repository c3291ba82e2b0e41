package resource_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"github.com/hostspec/hostspec/backends/backendtest/rig"
	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/resource"
	"github.com/hostspec/hostspec/spec/target"
)

// listen opens a socket of this test process and returns its port.
func listen(t *testing.T, kind int, address string, v6only bool) int {
	t.Helper()
	a := netip.MustParseAddr(address)
	family, v4 := unix.AF_INET6, a.Is4()
	if v4 {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	var sa unix.Sockaddr = &unix.SockaddrInet6{Addr: a.As16()}
	if v4 {
		sa = &unix.SockaddrInet4{Addr: a.As4()}
	} else {
		only := 0
		if v6only {
			only = 1
		}
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err == nil && kind == unix.SOCK_STREAM {
		err = unix.Listen(fd, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	if b, ok := bound.(*unix.SockaddrInet4); ok {
		return b.Port
	}
	return bound.(*unix.SockaddrInet6).Port
}

// frozenAsker asks once and goes on answering with that, where nothing changes.
type frozenAsker struct{ testAsker }

func (a frozenAsker) View() (context.Context, target.View, error) {
	return a.ctx, target.View{Target: a.target, Epoch: 1}, nil
}

// ourselves is the name of this process.
func ourselves(t *testing.T) string {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(exe)
}

func TestPortListening(t *testing.T) {
	stream, datagram := unix.SOCK_STREAM, unix.SOCK_DGRAM
	for _, c := range []struct {
		title     string
		kind      int
		address   string
		v6only    bool
		protocols string // that it serves
		addresses string // that it is on
	}{
		{"tcp", stream, "127.0.0.1", false, "tcp", "127.0.0.1"},
		{"tcp wildcard", stream, "0.0.0.0", false, "tcp", "0.0.0.0"},
		{"tcp6", stream, "::1", false, "tcp6", "::1"},
		{"tcp6 alone", stream, "::", true, "tcp6", "::"},
		{"dual stack", stream, "::", false, "tcp tcp6", "0.0.0.0 ::"},
		{"mapped", stream, "::ffff:127.0.0.1", false, "tcp", "127.0.0.1"},
		{"udp", datagram, "127.0.0.1", false, "udp", "127.0.0.1"},
		{"udp dual stack", datagram, "::", false, "udp udp6", "0.0.0.0 ::"},
		{"udp6 alone", datagram, "::", true, "udp6", "::"},
	} {
		port := listen(t, c.kind, c.address, c.v6only)
		t.Run(c.title, func(t *testing.T) {
			everyWay(t, func(t *testing.T, a testAsker) {
				g := NewWithT(t)
				p := resource.NewPort(frozenAsker{a}, port)
				g.Expect(p.Listening()).To(BeTrue())
				if c.address == "::" && withoutSS(a) {
					_, err := p.Listeners()
					g.Expect(err).To(MatchError(ContainSubstring("could not tell")))
					return
				}
				for _, protocol := range []string{"tcp", "tcp6", "udp", "udp6"} {
					g.Expect(p.ListeningWith(protocol, "", "")).To(Equal(contains(c.protocols, protocol)), protocol)
				}
				for _, address := range []string{"127.0.0.1", "0.0.0.0", "::1", "::", "192.0.2.1"} {
					g.Expect(p.ListeningWith("", address, "")).To(Equal(contains(c.addresses, address)), address)
				}
				g.Expect(p.ListeningWith("", "", ourselves(t))).To(BeTrue(), p.Explain("ListeningWith").Found)
				g.Expect(p.ListeningWith("", "", "sshd")).To(BeFalse())
				listeners := must(p.Listeners())
				g.Expect(listeners).To(HaveLen(len(strings.Fields(c.protocols))))
				g.Expect(listeners[0]).To(Equal(fact.Listener{Protocol: strings.Fields(c.protocols)[0], Address: strings.Fields(c.addresses)[0], Port: port, Process: ourselves(t)}))
			})
		})
	}
}

// withoutSS reports whether the way to ask has no tool but those of busybox, which
// cannot tell whether [::] serves IPv4, too.
func withoutSS(a testAsker) bool { return strings.Contains(a.target.String(), "alone") }

func contains(words, word string) bool {
	for _, w := range strings.Fields(words) {
		if w == word {
			return true
		}
	}
	return false
}

func TestField_PortDualStackWildcard(t *testing.T) {
	port := listen(t, unix.SOCK_STREAM, "::", false)
	everyWay(t, func(t *testing.T, a testAsker) {
		g := NewWithT(t)
		p := resource.NewPort(a, port)
		if withoutSS(a) {
			_, err := p.ListeningWith("tcp", "", "")
			g.Expect(err).To(MatchError(ContainSubstring("could not tell")))
			return
		}
		g.Expect(p.ListeningWith("tcp", "0.0.0.0", "")).To(BeTrue())
		g.Expect(p.ListeningWith("tcp6", "::", "")).To(BeTrue())
	})
}

func TestField_PortUDP(t *testing.T) {
	port := listen(t, unix.SOCK_DGRAM, "127.0.0.1", false)
	everyWay(t, func(t *testing.T, a testAsker) {
		NewWithT(t).Expect(resource.NewPort(a, port).Listening()).To(BeTrue())
	})
}

// A connection, also one that waits for its end, and a connected UDP socket take
// nothing from anybody else.
func TestPortThatIsNotListening(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := listen(t, unix.SOCK_STREAM, "127.0.0.1", false)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	server := l.Addr().(*net.TCPAddr).Port
	udp, err := net.Dial("udp", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	connected := udp.LocalAddr().(*net.UDPAddr).Port
	check := func(state string) {
		everyWay(t, func(t *testing.T, a testAsker) {
			g := NewWithT(t)
			p := resource.NewPort(a, server)
			g.Expect(p.Listening()).To(BeFalse(), state)
			g.Expect(p.Explain("Listening").Found).To(Equal("not listening"))
			g.Expect(p.Explain("Listening").Near).To(MatchRegexp(fmt.Sprintf(`tcp listeners: (.*, )?%d %s`, elsewhere, ourselves(t))))
			g.Expect(p.Listeners()).To(BeEmpty())
			g.Expect(resource.NewPort(a, connected).ListeningWith("udp", "", "")).To(BeFalse())
		})
	}
	check("connected")
	// Who closes first keeps the port in TIME_WAIT.
	other.Close()
	conn.Close()
	check("TIME_WAIT")
}

func TestPortWrongUsage(t *testing.T) {
	a := askerFor(t, "local://")
	for _, c := range []struct {
		ask  func() (bool, error)
		want string
	}{
		{resource.NewPort(a, 0).Listening, "0 is not a port: they go from 1 to 65535"},
		{resource.NewPort(a, 65536).Listening, "65536 is not a port"},
		{resource.NewPort(a, -1).Listening, "-1 is not a port"},
		{func() (bool, error) { return resource.NewPort(a, 22).ListeningWith("tpc", "", "") }, `there is no protocol "tpc"; did you mean "tcp"?`},
		{func() (bool, error) { return resource.NewPort(a, 22).ListeningWith("", "localhost", "") }, `"localhost" is not an IP address`},
		{func() (bool, error) { return resource.NewPort(a, 22).ListeningWith("", "fe80::1%eth0", "") }, "is not an IP address"},
	} {
		_, err := c.ask()
		var mistake *evidence.Mistake
		g := NewWithT(t)
		g.Expect(errors.As(err, &mistake)).To(BeTrue())
		g.Expect(err).To(MatchError(ContainSubstring(c.want)))
	}
}

// Reports compare resources by their kind and name, and show a number without quotes.
func TestPortIsTheOneOfItsNumber(t *testing.T) {
	g := NewWithT(t)
	p := resource.NewPort(askerFor(t, "local://"), 1)
	_, err := p.Listening()
	g.Expect(err).NotTo(HaveOccurred())
	e := p.Explain("Listening")
	g.Expect(e.Resource).To(Equal(evidence.Resource{Kind: "Port", Name: "1"}))
	g.Expect(e.Subject).To(Equal("Port 1"))
}

func TestPortOnMachine(t *testing.T) {
	m := rig.SharedMachine(t)
	g := NewWithT(t)
	root, deploy := askerFor(t, m.URI("root")), askerFor(t, m.URI("deploy"))
	g.Expect(resource.NewPort(root, 80).ListeningWith("tcp", "0.0.0.0", "nginx")).To(BeTrue())
	g.Expect(resource.NewPort(root, 22).ListeningWith("tcp6", "::", "sshd")).To(BeTrue())
	g.Expect(resource.NewPort(deploy, 80).Listening()).To(BeTrue())
	g.Expect(resource.NewPort(deploy, 80).ListeningWith("tcp", "", "")).To(BeTrue())
	g.Expect(resource.NewPort(deploy, 81).ListeningWith("", "", "nginx")).To(BeFalse())
	for _, process := range []string{"nginx", "apache2"} {
		_, err := resource.NewPort(deploy, 80).ListeningWith("", "", process)
		g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("the process that holds the socket is not to be seen"))))
	}
}

// What is dear is asked only where the answer needs it, and where people are told why a
// spec failed.
func TestPortAsksNoMoreThanItNeeds(t *testing.T) {
	port := listen(t, unix.SOCK_STREAM, "::", false)
	g, a := NewWithT(t), askerFor(t, "test-dash://machine")
	const tables, families, owners = "/proc/net/{tcp,tcp6,udp,udp6}", ", ss -tul6ne", ", /proc/[0-9]*/fd"
	for _, c := range []struct {
		protocol, address, process string
		wants                      int
		asked                      string
	}{
		{"", "", "", 1, tables},
		{"tcp6", "", "", 1, tables},
		{"", "::", "", 1, tables},
		{"", "127.0.0.1", "", 1, tables},
		{"tcp", "", "", 2, tables + families},
		{"", "0.0.0.0", "", 2, tables + families},
		{"", "", "sshd", 3, tables + owners},
		{"tcp", "", "sshd", 4, tables + families + owners},
	} {
		plan := planAsker{a, &target.Plan{}, 0}
		_, err := resource.NewPort(plan, port).ListeningWith(c.protocol, c.address, c.process)
		g.Expect(errors.Is(err, target.ErrPlanned)).To(BeTrue())
		g.Expect(plan.plan.Wants).To(HaveLen(c.wants), "%v", c)
		p := resource.NewPort(a, port)
		_, err = p.ListeningWith(c.protocol, c.address, c.process)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(p.Answered("ListeningWith").Asked).To(Equal(c.asked))
		if c.process == "" {
			g.Expect(p.Answered("ListeningWith").Found).NotTo(Or(ContainSubstring(ourselves(t)), ContainSubstring("perhaps")))
		}
		g.Expect(p.Explain("ListeningWith").Found).To(Equal(fmt.Sprintf("tcp 0.0.0.0:%d %[2]s; tcp6 [::]:%[1]d %[2]s", port, ourselves(t))))
	}
}

// Without ss nobody knows whether [::] serves IPv4, too.
func TestPortWithoutSS(t *testing.T) {
	m := rig.StartMachine(t)
	m.Exec(t, "rm $(command -v ss); rm -f /usr/bin/ss /usr/sbin/ss /bin/ss /sbin/ss; systemctl stop ssh.socket 2>/dev/null; setsid socat TCP6-LISTEN:7006,fork,ipv6only=1 - </dev/null >/dev/null 2>&1 & "+
		"setsid socat TCP4-LISTEN:7004,fork - </dev/null >/dev/null 2>&1 &")
	a := askerFor(t, m.URI("root"))
	g := NewWithT(t)
	await(t, func() bool {
		return must(resource.NewPort(a, 7006).Listening()) && must(resource.NewPort(a, 7004).Listening())
	})
	p := resource.NewPort(a, 7006)
	g.Expect(p.ListeningWith("tcp6", "::", "socat")).To(BeTrue())
	g.Expect(p.ListeningWith("udp", "", "")).To(BeFalse())
	for _, ask := range []func() error{
		func() error { _, err := p.ListeningWith("tcp", "", ""); return err },
		func() error { _, err := p.ListeningWith("", "0.0.0.0", ""); return err },
		func() error { _, err := p.Listeners(); return err },
	} {
		g.Expect(ask()).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring("a socket listens at [::]"), ContainSubstring("install ss"))))
	}
	g.Expect(resource.NewPort(a, 7004).ListeningWith("tcp", "", "")).To(BeTrue())
}

// await waits for what another process is about to do.
func await(t *testing.T, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Minute)
	for !ready() {
		if time.Now().After(deadline) {
			t.Fatal("it did not come")
		}
	}
}

func TestPortsOwnedByOtherShells(t *testing.T) {
	m := rig.SharedMachine(t)
	for _, user := range []string{"in-dash", "in-bash", "in-busybox", "in-mksh", "in-ksh93"} {
		NewWithT(t).Expect(resource.NewPort(askerFor(t, m.URI(user)), 80).Listening()).To(BeTrue(), user)
	}
}

// Root of a container has no SYS_PTRACE, and does not see whose the sockets of others
// are. To ask as root is what it does.
func TestPort_AdvisesRootNotToAskAsRoot(t *testing.T) {
	m := rig.StartMachine(t, rig.WithoutSystemd(), rig.DockerArgs("--cap-drop", "SYS_PTRACE", "--cap-drop", "DAC_OVERRIDE"))
	m.Exec(t, `setpriv --reuid deploy --clear-groups python3 -c '
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 8123)); s.listen(); time.sleep(1000001)' >/dev/null 2>&1 </dev/null &`)
	g := NewWithT(t)
	advice := map[string]string{"root": "root asked, and may not see it there: in a container that takes the capability SYS_PTRACE; of a socket", "nobody": "ask as root; of a socket"}
	for user, want := range advice {
		port := resource.NewPort(askerFor(t, "docker://"+user+"@"+m.ID), 8123)
		g.Eventually(port.Listening, "10m", "200ms").Should(BeTrue())
		_, err := port.ListeningWith("", "", "nc")
		g.Expect(err).To(MatchError(And(ContainSubstring("could not tell"), ContainSubstring(want))), user)
		g.Expect(strings.Contains(err.Error(), "ask as root")).To(Equal(user != "root"), user)
	}
}
