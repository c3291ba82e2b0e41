package match

import (
	"net/netip"
	"slices"
	"strings"
)

// Listening is BeListening. The chains are about one and the same socket, and need of the
// subject the method
//
//	ListeningWith(protocol, address, process string) (bool, error)
//
// which takes an empty string for what may be anything.
type Listening struct {
	Matcher
	protocol, address, process string
	chained                    []string
	err                        error
}

// WithProtocol wants the subject to be reached by "tcp" or "udp" over IPv4, or by
// "tcp6" or "udp6" over IPv6. A dual-stack socket is reached by both.
func (m *Listening) WithProtocol(protocol string) *Listening {
	c := m.chain("with protocol " + protocol)
	c.protocol = protocol
	if known := []string{"tcp", "udp", "tcp6", "udp6"}; !slices.Contains(known, protocol) && c.err == nil {
		c.err = m.Mistake("().WithProtocol(%q): want one of %s", protocol, strings.Join(known, ", "))
	}
	return c
}

// OnAddress wants the subject to listen on an IP address of the target. A
// wildcard is on "0.0.0.0" (IPv4, dual-stack included) or "::" (IPv6), and on no
// other address.
func (m *Listening) OnAddress(ip string) *Listening {
	c := m.chain("on " + ip)
	c.address = ip
	if a, err := netip.ParseAddr(ip); (err != nil || a.Zone() != "") && c.err == nil {
		c.err = m.Mistake("().OnAddress(%q): want an IP address such as 127.0.0.1, 0.0.0.0 or ::1", ip)
	}
	return c
}

// ByProcess wants a process of that name, as Process knows it, to hold the
// socket.
func (m *Listening) ByProcess(name string) *Listening {
	c := m.chain("by process " + name)
	c.process = name
	if name == "" && c.err == nil {
		c.err = m.Mistake("().ByProcess: the name is empty")
	}
	return c
}

func (m *Listening) chain(text string) *Listening {
	c := *m
	c.chained = append(slices.Clone(m.chained), text)
	c.Want("be listening " + strings.Join(c.chained, " "))
	return &c
}

// Match implements types.GomegaMatcher.
func (m *Listening) Match(subject any) (bool, error) {
	switch {
	case m.err != nil:
		return false, m.err
	case len(m.chained) == 0:
		return Ask(&m.Matcher, subject, func(s interface{ Listening() (bool, error) }) (bool, error) { return s.Listening() })
	}
	return Ask(&m.Matcher, subject, func(s interface {
		ListeningWith(protocol, address, process string) (bool, error)
	}) (bool, error) {
		return s.ListeningWith(m.protocol, m.address, m.process)
	})
}
