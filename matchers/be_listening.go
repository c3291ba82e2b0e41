package matchers

import (
	"net/netip"
	"slices"
	"strings"
)

type listening struct {
	matcher
	protocol, address, process string
	chained                    []string
	err                        error
}

// BeListening succeeds when something takes what comes to the subject, a port or
// a Unix socket: TCP in state LISTEN, or UDP that is bound and not connected. The
// chains are about one and the same socket.
//
//	Port(22).Should(BeListening())
//	Port(53).Should(BeListening().WithProtocol("udp").OnAddress("127.0.0.1").ByProcess("named"))
//	UnixSocket("/run/docker.sock").Should(BeListening())
//
// The subject needs the method
//
//	Listening() (bool, error)
//
// and for the chains
//
//	ListeningWith(protocol, address, process string) (bool, error)
//
// which takes an empty string for what may be anything.
func BeListening() *listening {
	return &listening{matcher: matcher{constructor: "BeListening", wanted: "be listening"}}
}

// WithProtocol wants the subject to be reached by "tcp" or "udp" over IPv4, or by
// "tcp6" or "udp6" over IPv6. A dual-stack socket is reached by both.
func (m *listening) WithProtocol(protocol string) *listening {
	c := m.chain("with protocol " + protocol)
	c.protocol = protocol
	if known := []string{"tcp", "udp", "tcp6", "udp6"}; !slices.Contains(known, protocol) && c.err == nil {
		c.err = mistake("BeListening().WithProtocol(%q): want one of %s", protocol, strings.Join(known, ", "))
	}
	return c
}

// OnAddress wants the subject to listen on an IP address of the target. A
// wildcard is on "0.0.0.0" (IPv4, dual-stack included) or "::" (IPv6), and on no
// other address.
func (m *listening) OnAddress(ip string) *listening {
	c := m.chain("on " + ip)
	c.address = ip
	if a, err := netip.ParseAddr(ip); (err != nil || a.Zone() != "") && c.err == nil {
		c.err = mistake("BeListening().OnAddress(%q): want an IP address such as 127.0.0.1, 0.0.0.0 or ::1", ip)
	}
	return c
}

// ByProcess wants a process of that name, as Process knows it, to hold the
// socket.
func (m *listening) ByProcess(name string) *listening {
	c := m.chain("by process " + name)
	c.process = name
	if name == "" && c.err == nil {
		c.err = mistake("BeListening().ByProcess: the name is empty")
	}
	return c
}

func (m *listening) chain(text string) *listening {
	c := *m
	c.chained = append(slices.Clone(m.chained), text)
	c.wanted = "be listening " + strings.Join(c.chained, " ")
	return &c
}

// Match implements types.GomegaMatcher.
func (m *listening) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, m.err
	}
	if len(m.chained) == 0 {
		s, err := subject[interface{ Listening() (bool, error) }](&m.matcher, actual, "Listening() (bool, error)")
		if err != nil {
			return false, err
		}
		return ask(&m.matcher, actual, "Listening", s.Listening)
	}
	s, err := subject[interface {
		ListeningWith(protocol, address, process string) (bool, error)
	}](&m.matcher, actual, "ListeningWith(protocol, address, process string) (bool, error)")
	if err != nil {
		return false, err
	}
	return ask(&m.matcher, actual, "ListeningWith", func() (bool, error) { return s.ListeningWith(m.protocol, m.address, m.process) })
}
