package resource

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hostspec/hostspec/spec/evidence"
	"github.com/hostspec/hostspec/spec/fact"
	"github.com/hostspec/hostspec/spec/target"
)

// A Port is a port of TCP and UDP in the target's own network.
type Port struct {
	Base[Port]
	number int
}

// NewPort makes a Port.
func NewPort(a Asker, number int) *Port {
	p := &Port{number: number}
	// A number is not put in quotes, as names are.
	p.Base = NewNumbered(a, "Port", number, p)
	return p
}

// Name is the number.
func (p *Port) Name() string { return strconv.Itoa(p.number) }

// An endpoint is one protocol and address that a socket serves. A dual-stack
// socket serves two.
type endpoint struct {
	protocol string
	address  netip.Addr
	port     int
	inode    uint64
	// sure is false where it is not known whether the socket serves it.
	sure bool
}

// portFact is what takes what comes to a port, and who holds it.
type portFact struct {
	port    int
	sockets []fact.Socket
	// parts are what else is known.
	parts  portParts
	v6only map[uint64]bool
	owners map[uint64][]int
	table  processTable
}

// portParts are what a question about a port may need beyond the sockets themselves.
type portParts struct {
	// families says which sockets of IPv6 serve IPv4, too; holders whose they are.
	families, holders bool
}

func (p portParts) wants() []target.Want {
	wants := []target.Want{sockets.Of(allOf)}
	if p.families {
		wants = append(wants, v6only.Of(allOf))
	}
	if p.holders {
		wants = append(wants, socketOwners.Of(allOf), processes.Of(allOf))
	}
	return wants
}

// endpoints yields what the sockets serve; of one port, unless it is 0.
func (f portFact) endpoints(port int) []endpoint {
	var out []endpoint
	for _, s := range f.sockets {
		if port != 0 && s.Port != port {
			continue
		}
		serve := func(protocol string, address netip.Addr, sure bool) {
			out = append(out, endpoint{protocol, address, s.Port, s.Inode, sure})
		}
		v4 := strings.TrimSuffix(s.Protocol, "6")
		switch only, known := f.v6only[s.Inode]; {
		case s.Address.Is4In6():
			serve(v4, s.Address.Unmap(), true)
		case s.Address.Is6() && s.Wildcard():
			serve(s.Protocol, s.Address, true)
			if f.parts.families && (!known || !only) {
				serve(v4, netip.IPv4Unspecified(), known)
			}
		default:
			serve(s.Protocol, s.Address, true)
		}
	}
	slices.SortStableFunc(out, func(a, b endpoint) int {
		return cmp.Or(cmp.Compare(a.port, b.port), strings.Compare(a.protocol, b.protocol), a.address.Compare(b.address))
	})
	return out
}

// own are the endpoints of the port itself.
func (f portFact) own() []endpoint { return f.endpoints(f.port) }

// holders are the processes that hold an endpoint, as far as they may be seen.
func (f portFact) holders(e endpoint) []*fact.Process {
	var out []*fact.Process
	for _, pid := range f.owners[e.inode] {
		if p := f.table.process(pid); p != nil {
			out = append(out, p)
		}
	}
	return out
}

// listener puts an endpoint into the words of people.
func (f portFact) listener(e endpoint) fact.Listener {
	var names []string
	for _, p := range f.holders(e) {
		if n := p.Name(); n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return fact.Listener{Protocol: e.protocol, Address: e.address.String(), Port: e.port, Process: strings.Join(names, ",")}
}

// heldBy reports whether a process of that name holds an endpoint; Unsure where
// none is seen that does, or what it is called is not known.
func (f portFact) heldBy(e endpoint, name string) fact.Verdict {
	verdict := fact.No
	holders := f.holders(e)
	if len(holders) == 0 {
		verdict = fact.Unsure
	}
	for _, p := range holders {
		switch p.Named(name) {
		case fact.Yes:
			return fact.Yes
		case fact.Unsure:
			verdict = fact.Unsure
		}
	}
	return verdict
}

func (f portFact) say() (found, near string) {
	var own []string
	for _, e := range f.own() {
		text := f.listener(e).String()
		if !e.sure {
			text += " (perhaps)"
		}
		own = append(own, text)
	}
	if len(own) > 0 {
		return strings.Join(slices.Compact(own), "; "), ""
	}
	if !f.parts.holders {
		return "not listening", "" // what is near has names
	}
	return "not listening", f.near()
}

// near lists what listens elsewhere: tcp listeners: 22 sshd, 8080 java.
func (f portFact) near() string {
	const most = 20
	var lines []string
	all := f.endpoints(0)
	for _, protocol := range []string{"tcp", "udp"} {
		var ports []string
		for _, e := range all {
			if strings.TrimSuffix(e.protocol, "6") != protocol {
				continue
			}
			text := strings.TrimSpace(strconv.Itoa(e.port) + " " + f.listener(e).Process)
			if !slices.Contains(ports, text) {
				ports = append(ports, text)
			}
		}
		if more := len(ports) - most; more > 0 {
			ports = append(ports[:most], fmt.Sprintf("and %d more", more))
		}
		if len(ports) > 0 {
			lines = append(lines, protocol+" listeners: "+strings.Join(ports, ", "))
		}
	}
	if lines == nil {
		return "nothing listens at all"
	}
	return strings.Join(lines, "\n")
}

// fact asks who listens, and for the parts that the question needs. The rest is asked
// where people are told why a spec failed.
func (p *Port) fact(l *Look, parts portParts) (portFact, error) {
	f := portFact{port: p.number}
	if p.number < 1 || p.number > 65535 {
		return f, Refuse(&p.Base, fmt.Errorf("%d is not a port: they go from 1 to 65535", p.number))
	}
	if err := l.Together(parts.wants()...); err != nil {
		return f, err
	}
	var e evidence.Evidence
	var err error
	f.sockets, e, err = Peek(l, sockets, allOf)
	if err == nil {
		err = f.ask(l.Context(), l.View(), parts, &e)
	}
	if err == nil {
		e.Found, e.Near = f.say()
	}
	if err = l.Answer(e, err); err != nil {
		return f, err
	}
	if all := (portParts{families: true, holders: true}); parts != all {
		l.Detail(func(ctx context.Context, v target.View) (found, near string) {
			v, err := v.Together(ctx, all.wants()[1:]...)
			if err == nil {
				err = f.ask(ctx, v, all, &evidence.Evidence{})
			}
			if err != nil {
				return "", ""
			}
			return f.say()
		})
	}
	return f, nil
}

// ask completes what is known by some parts, and the evidence by how they were asked.
// Where only the processes could not be told, the owners have no names.
func (f *portFact) ask(ctx context.Context, v target.View, parts portParts, e *evidence.Evidence) error {
	f.parts = parts
	var err error
	var part evidence.Evidence
	if parts.families {
		f.v6only, part, err = target.Ask(ctx, v, v6only, allOf)
		e.Asked += ", " + part.Asked
	}
	if parts.holders && err == nil {
		f.owners, part, err = target.Ask(ctx, v, socketOwners, allOf)
		e.Asked += ", " + part.Asked
		f.table, _, _ = target.Ask(ctx, v, processes, allOf)
	}
	return err
}

// Listening reports whether something takes what comes to the port: TCP in state
// LISTEN, or UDP that is bound and not connected, at any address.
func (p *Port) Listening() (bool, error) { return p.listening("Listening", "", netip.Addr{}, "") }

// ListeningWith is Listening at one and the same socket by a protocol ("tcp",
// "udp" over IPv4; "tcp6", "udp6" over IPv6), on an address and by a process of
// that name; what is empty may be anything. A dual-stack wildcard serves IPv4 and
// IPv6. "0.0.0.0" is a wildcard for IPv4, "::" one for IPv6, and any other
// address is meant literally: a wildcard is not on it. The name is that of
// Process. Where the owner of a socket may not be seen, or whether a wildcard is
// dual-stack, that is an error.
func (p *Port) ListeningWith(protocol, address, process string) (bool, error) {
	if protocol != "" && !slices.Contains(protocols, protocol) {
		return false, Refuse(&p.Base, checkWord("protocol", protocol, protocols, nil))
	}
	var a netip.Addr
	if address != "" {
		var err error
		if a, err = netip.ParseAddr(address); err != nil || a.Zone() != "" {
			return false, Refuse(&p.Base, fmt.Errorf("%q is not an IP address such as 127.0.0.1 or ::1", address))
		}
	}
	return p.listening("ListeningWith", protocol, a.Unmap(), process)
}

func (p *Port) listening(question, protocol string, address netip.Addr, process string) (bool, error) {
	l := NewLook(&p.Base, question)
	f, err := p.fact(l, portParts{
		// All else is the same whether a socket of IPv6 serves IPv4, too.
		families: (protocol != "" || address.IsValid()) && !strings.HasSuffix(protocol, "6") && (!address.IsValid() || address == netip.IPv4Unspecified()),
		holders:  process != "",
	})
	if err != nil {
		return false, err
	}
	var doubt, advice string
	for _, e := range f.own() {
		if protocol != "" && e.protocol != protocol || address.IsValid() && e.address != address {
			continue
		}
		held := fact.Yes
		if process != "" {
			held = f.heldBy(e, process)
		}
		switch {
		case held == fact.No:
			continue
		case held == fact.Unsure && len(f.holders(e)) == 0:
			doubt, advice = "the process that holds the socket is not to be seen", "ask as root; of a socket of another container or of the kernel itself it cannot be told"
		case held == fact.Unsure:
			doubt, advice = "what the process that holds the socket is called is not to be seen", askAsRoot+needsPtrace
		case !e.sure && (protocol != "" || address.IsValid()):
			doubt, advice = "a socket listens at [::], and whether it serves IPv4, too, does not stand in /proc", "install ss (iproute2) on the target"
		default:
			return true, nil
		}
	}
	if doubt != "" {
		return false, l.Unknown(doubt, advice)
	}
	return false, nil
}

// Listeners are what takes what comes to the port, one for each protocol and
// address; a dual-stack wildcard is two. Where nothing listens there are none.
// Where a process may not be seen its name is empty.
func (p *Port) Listeners() ([]fact.Listener, error) {
	l := NewLook(&p.Base, "Listeners")
	f, err := p.fact(l, portParts{families: true, holders: true})
	if err != nil {
		return nil, err
	}
	out := []fact.Listener{}
	for _, e := range f.own() {
		if !e.sure {
			return nil, l.Unknown("a socket listens at [::], and whether it serves IPv4, too, does not stand in /proc", "install ss (iproute2) on the target")
		}
		if other := f.listener(e); !slices.Contains(out, other) {
			out = append(out, other)
		}
	}
	return out, nil
}
