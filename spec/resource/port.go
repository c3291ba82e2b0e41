package resource

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

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
	p.Base = New(a, "Port "+strconv.Itoa(number), "", p)
	return p
}

// Name is the number.
func (p *Port) Name() string { return strconv.Itoa(p.number) }

// An endpoint is one protocol and address that a socket serves. A dual-stack
// socket serves two.
type endpoint struct {
	fact.Listener
	address netip.Addr
	owners  []string
	// sure is false where it is not known whether the socket serves it.
	sure bool
}

// portFact is what takes what comes to any port, by port.
type portFact struct {
	port int
	all  []endpoint
}

// endpoints are what the sockets of a table serve.
func endpoints(t socketTable, p processTable) []endpoint {
	names := map[int]string{}
	for _, process := range p.processes {
		names[process.PID] = process.Name()
	}
	var out []endpoint
	for _, s := range t.sockets {
		var owners []string
		for _, pid := range t.owners[s.Inode] {
			if n := names[pid]; n != "" && !slices.Contains(owners, n) {
				owners = append(owners, n)
			}
		}
		slices.Sort(owners)
		serve := func(protocol string, address netip.Addr, sure bool) {
			out = append(out, endpoint{
				Listener: fact.Listener{Protocol: protocol, Address: address.String(), Port: s.Port, Process: strings.Join(owners, ",")},
				address:  address, owners: owners, sure: sure,
			})
		}
		v4 := strings.TrimSuffix(s.Protocol, "6")
		switch only, known := t.v6only[s.Inode]; {
		case s.Address.Is4In6():
			serve(v4, s.Address.Unmap(), true)
		case s.Address.Is6() && s.Wildcard():
			serve(s.Protocol, s.Address, true)
			if !known || !only {
				serve(v4, netip.IPv4Unspecified(), known)
			}
		default:
			serve(s.Protocol, s.Address, true)
		}
	}
	slices.SortStableFunc(out, func(a, b endpoint) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), strings.Compare(a.Protocol, b.Protocol), a.address.Compare(b.address))
	})
	return out
}

// own are the endpoints of the port itself.
func (f portFact) own() []endpoint {
	return slices.DeleteFunc(slices.Clone(f.all), func(e endpoint) bool { return e.Port != f.port })
}

func (f portFact) say() (found, near string) {
	var own []string
	for _, e := range f.own() {
		text := e.String()
		if !e.sure {
			text += " (perhaps)"
		}
		own = append(own, text)
	}
	if len(own) > 0 {
		return strings.Join(slices.Compact(own), "; "), ""
	}
	return "not listening", f.near()
}

// near lists what listens elsewhere: tcp listeners: 22 sshd, 8080 java.
func (f portFact) near() string {
	const most = 20
	var lines []string
	for _, protocol := range []string{"tcp", "udp"} {
		var ports []string
		for _, e := range f.all {
			text := strings.TrimSpace(strconv.Itoa(e.Port) + " " + e.Process)
			if strings.TrimSuffix(e.Protocol, "6") == protocol && !slices.Contains(ports, text) {
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

func (p *Port) fact(question string) (portFact, error) {
	none := portFact{port: p.number}
	if p.number < 1 || p.number > 65535 {
		return none, p.refuse(fmt.Errorf("%d is no port: they go from 1 to 65535", p.number))
	}
	ctx, v, err := p.view()
	if err != nil {
		return none, err
	}
	v, err = v.Together(ctx, sockets.Of(allOf), processes.Of(allOf))
	if err != nil {
		return none, err
	}
	return p.look(ctx, v, question)
}

// look puts together who listens and what the processes are called. Where only
// the latter could not be told, the owners have no names.
func (p *Port) look(ctx context.Context, v target.View, question string) (portFact, error) {
	table, _, err := target.Ask(ctx, v, processes, allOf)
	if err != nil {
		table = processTable{}
	}
	f := portFact{port: p.number}
	_, err = AskView(ctx, v, &p.Base, question, sockets, allOf, func(t socketTable) (string, string) {
		f.all = endpoints(t, table)
		return f.say()
	})
	return f, err
}

// Listening tells whether something takes what comes to the port: TCP in state
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
	const question = "ListeningWith"
	if protocol != "" && !slices.Contains(protocols, protocol) {
		return false, p.refuse(checkWord("protocol", protocol, protocols, nil))
	}
	var a netip.Addr
	if address != "" {
		var err error
		if a, err = netip.ParseAddr(address); err != nil || a.Zone() != "" {
			return false, p.refuse(fmt.Errorf("%q is no IP address such as 127.0.0.1 or ::1", address))
		}
	}
	return p.listening(question, protocol, a.Unmap(), process)
}

func (p *Port) listening(question, protocol string, address netip.Addr, process string) (bool, error) {
	f, err := p.fact(question)
	if err != nil {
		return false, err
	}
	var doubt, advice string
	for _, e := range f.own() {
		if protocol != "" && e.Protocol != protocol || address.IsValid() && e.address != address {
			continue
		}
		switch {
		case process != "" && len(e.owners) > 0 && !slices.Contains(e.owners, process):
			continue
		case process != "" && len(e.owners) == 0:
			doubt, advice = "the process that holds the socket is not to be seen", "ask as root; of a socket of another container or of the kernel itself it cannot be told"
		case !e.sure && (protocol != "" || address.IsValid()):
			doubt, advice = "a socket listens at [::], and whether it serves IPv4, too, does not stand in /proc", "install ss (iproute2) on the target"
		default:
			return true, nil
		}
	}
	if doubt != "" {
		return false, p.unknown(question, doubt, advice)
	}
	return false, nil
}

// Listeners are what takes what comes to the port, one for each protocol and
// address; a dual-stack wildcard is two. Where nothing listens there are none.
// Where a process may not be seen its name is empty.
func (p *Port) Listeners() ([]fact.Listener, error) {
	const question = "Listeners"
	f, err := p.fact(question)
	if err != nil {
		return nil, err
	}
	out := []fact.Listener{}
	for _, e := range f.own() {
		if !e.sure {
			return nil, p.unknown(question, "a socket listens at [::], and whether it serves IPv4, too, does not stand in /proc", "install ss (iproute2) on the target")
		}
		if !slices.Contains(out, e.Listener) {
			out = append(out, e.Listener)
		}
	}
	return out, nil
}
